// The tables of the object database, how older files become newer ones, and how a connection to it is set up.

import { chmodSync, renameSync, rmSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { isRecord } from '#base/mod.ts';

/** Each step lifts a file by one version; a step once released is never edited. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE objects (
     resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL,
     PRIMARY KEY (resource, namespace, name)) WITHOUT ROWID;
   CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
   INSERT INTO facts VALUES ('reserved', 0), ('clean', 1);`,
  `CREATE TABLE data_key (id TEXT PRIMARY KEY, wrappedBy TEXT NOT NULL, wrapped TEXT NOT NULL) WITHOUT ROWID;`,
];

/** The version that this Ebb writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** The file was written by a newer Ebb than this one. */
export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError';
}

/** The version of an open database. Throws NewerSchemaError where it is beyond what this Ebb knows. */
export function versionOf(database: DatabaseSync): number {
  const row = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (row.user_version > MIGRATIONS.length) {
    throw new NewerSchemaError(
      `the store has schema version ${row.user_version}, but this Ebb knows up to ${SCHEMA_VERSION}: it was written by a newer Ebb. Use that one, or restore an older backup.`,
    );
  }
  return row.user_version;
}

/** Brings an open database to the present version. Throws NewerSchemaError where it is already beyond. */
export function migrate(database: DatabaseSync): void {
  for (let version = versionOf(database); version < MIGRATIONS.length; version++) {
    database.exec(`BEGIN IMMEDIATE; ${MIGRATIONS[version]} PRAGMA user_version = ${version + 1}; COMMIT;`);
  }
}

/**
 * As migrate, but keeps a copy of an older store beside it first, as `FILE.before-vN` (N is the version it is lifted to), and
 * gives the copy's name. Nothing is changed where the copy cannot be made. Undefined where nothing had to be lifted.
 */
export function upgrade(database: DatabaseSync, file: string): string | undefined {
  const version = versionOf(database);
  if (version === 0 || version === SCHEMA_VERSION) {
    migrate(database);
    return undefined;
  }
  const copy = `${file}.before-v${SCHEMA_VERSION}`;
  const unfinished = `${copy}.unfinished`;
  rmSync(unfinished, { force: true });
  try {
    database.prepare('VACUUM INTO ?').run(unfinished);
    chmodSync(unfinished, 0o600);
    renameSync(unfinished, copy);
  } finally {
    rmSync(unfinished, { force: true });
  }
  migrate(database);
  return copy;
}

/** How much the log of writes keeps of the disk once its content has gone over into the file proper. */
const LOG_BYTES = 64 * 2 ** 20;

/** Sets a connection up: free pages can be given back, commits reach the disk before they are acknowledged. */
export function configure(database: DatabaseSync): void {
  // The order matters: the first pragma holds only while the file is empty, and the second one writes its first page.
  database.exec(
    `PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA journal_size_limit = ${LOG_BYTES};`,
  );
}

const SQLITE_FULL = 13;
const SQLITE_IOERR_SHMSIZE = 4874;

/** Whether SQLite found no room, either for the file or for what its connections share of the log. */
export function isFull(error: unknown): boolean {
  const errcode = isRecord(error) && typeof error.errcode === 'number' ? error.errcode : 0;
  return (errcode & 0xff) === SQLITE_FULL || errcode === SQLITE_IOERR_SHMSIZE;
}
