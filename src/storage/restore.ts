// Puts a backup in the place of a stopped platform's database.

import { existsSync } from 'node:fs';
import { copyFile, link, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { messageOf } from '#base/mod.ts';
import { NewerSchemaError, migrate, versionOf } from './schema.ts';
import type { WrappingKey } from './seal.ts';
import { unwrapped, WrongKeyError } from './seal.ts';
import { wrappedKeyOf } from './sealing.ts';

/** Far more than a platform writes between two backups. */
const REVISIONS_SKIPPED = 100_000_000;

/**
 * Makes `file` the store that `from` is a backup of; what was there stays beside it as `.before-restore`. The backup is
 * checked first, and at every moment one of the two is in place. Throws where `from` is missing, damaged, of a newer Ebb
 * (NewerSchemaError), or its secrets are sealed with none of `keys` (WrongKeyError).
 */
export async function restoreDatabase(file: string, from: string, keys: readonly WrappingKey[] = []): Promise<void> {
  checkBackup(from, keys);
  const fresh = `${file}.restoring`;
  await removeWithLog(fresh);
  await copyFile(from, fresh);
  prepare(fresh, existsSync(file) ? reservedIn(file) : 0);
  if (existsSync(file)) {
    await rm(`${file}.before-restore`, { force: true });
    await link(file, `${file}.before-restore`);
  }
  for (const suffix of ['-wal', '-shm']) await rm(`${file}${suffix}`, { force: true });
  await sync(fresh);
  await rename(fresh, file);
  await sync(dirname(file));
}

function checkBackup(from: string, keys: readonly WrappingKey[]): void {
  if (!existsSync(from)) throw new Error(`there is no backup at ${from}`);
  const database = new DatabaseSync(from, { readOnly: true });
  try {
    const { integrity_check: verdict } = database.prepare('PRAGMA integrity_check').get() as {
      integrity_check: string;
    };
    if (verdict !== 'ok') throw new Error(`it is damaged: ${verdict}`);
    versionOf(database);
    database.prepare("SELECT value FROM facts WHERE name = 'reserved'").get();
    const dataKey = wrappedKeyOf(database);
    if (dataKey) unwrapped(dataKey, keys);
  } catch (error) {
    if (error instanceof NewerSchemaError || error instanceof WrongKeyError) throw error;
    throw new Error(`${from} is not a backup of Ebb: ${messageOf(error)}`, { cause: error });
  } finally {
    database.close();
  }
}

/** The last number the store that is to be replaced may have given out. Puts all of it into its one file. */
function reservedIn(file: string): number {
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const row = database.prepare("SELECT value FROM facts WHERE name = 'reserved'").get() as { value: number };
    return row.value;
  } catch {
    // A store too damaged to tell is the very reason to restore; the numbers skipped make up for it.
    return 0;
  } finally {
    database.close();
  }
}

/** Brings the copy up to date, and past every number given out since the backup was made. */
function prepare(file: string, reserved: number): void {
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA journal_mode = DELETE');
    migrate(database);
    database
      .prepare("UPDATE facts SET value = max(value, ?) + ? WHERE name = 'reserved'")
      .run(reserved, REVISIONS_SKIPPED);
    database.exec("UPDATE facts SET value = 0 WHERE name = 'clean'");
  } finally {
    database.close();
  }
}

async function removeWithLog(file: string): Promise<void> {
  for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(`${file}${suffix}`, { force: true });
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
