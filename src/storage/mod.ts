// storage: what is kept on disk.

export * from './disk-room.ts';
export * from './disk-use.ts';
export * from './disk.ts';
export * from './lock.ts';
export * from './node-disk.ts';
export * from './object-database.ts';
export * from './remove-folder.ts';
export * from './restore.ts';
export * from './rotating-file.ts';
export { NewerSchemaError, SCHEMA_VERSION } from './schema.ts';
export { keysIn, newKeyLine, WrongKeyError } from './seal.ts';
export type { WrappingKey } from './seal.ts';
export { renewSeal, sealedBy } from './sealing.ts';
export type { Sealing } from './sealing.ts';
export * from './simulated-disk.ts';
export * from './sqlite-database.ts';
