// cli: the command line, one folder a command.

export * from './ports.ts';
export * from './data-dir.ts';
export * from './failure.ts';
export * from './program.ts';
export { exported } from './export/command.ts';
export type { Manifest } from './export/manifest.ts';
