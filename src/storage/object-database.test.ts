import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { objectDatabaseContract } from '../../test/contracts/object-database.ts';
import { DiskFullError, keptInMemory, memoryDatabase } from './object-database.ts';
import type { ObjectDatabase } from './object-database.ts';
import { restoreDatabase } from './restore.ts';
import { NewerSchemaError } from './schema.ts';
import { openObjectDatabase } from './sqlite-database.ts';

let folder = '';
let places = 0;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ebb-storage-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = () => join(folder, 'objects.db');
const put = (name: string, revision: number, body = '{}') => ({
  put: { resource: 'pods', namespace: '', name, revision, body },
});
const remove = (name: string, revision: number) => ({ remove: { resource: 'pods', namespace: '', name, revision } });
const names = (database: ObjectDatabase) => database.initial.map(({ name }) => name);

/** A body of so many kilobytes. */
const large = (kilobytes: number) => JSON.stringify({ text: 'x'.repeat(kilobytes * 1024) });

describe('in memory', () =>
  objectDatabaseContract(() => {
    const kept = keptInMemory();
    return { open: async () => memoryDatabase(kept) };
  }));

describe('on disk', () =>
  objectDatabaseContract(() => {
    const place = join(folder, `${places++}.db`);
    return { open: () => openObjectDatabase({ file: place }) };
  }));

test('writes made together are all acknowledged, and only their owner may read them', async () => {
  const database = await openObjectDatabase({ file: file() });
  await Promise.all(Array.from({ length: 5000 }, (_, i) => database.commit([put(`p${i}`, i + 1)])));
  await database.close();
  const again = await openObjectDatabase({ file: file() });
  expect(again.initial.length).toBe(5000);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  await again.close();
});

describe('with a full disk', () => {
  const open = () => openObjectDatabase({ file: file(), maxBytes: 200 * 1024 });

  test('a write is refused as a whole, others go on, and what was acknowledged stays', async () => {
    const database = await open();
    await database.commit([put('a', 1, large(60)), put('b', 2, large(60))]);
    const together = [
      database.commit([put('small', 3), put('c', 4, large(150))]),
      database.commit([put('d', 5)]),
      database.commit([remove('b', 6)]),
    ];
    expect((await Promise.allSettled(together)).map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    await expect(database.commit([put('e', 7, large(500))])).rejects.toThrow(DiskFullError);
    await database.commit([put('c', 8, large(50))]);
    await database.close();
    const again = await open();
    expect(names(again)).toEqual(['a', 'd', 'c']);
    expect(again.cleanStart).toBe(true);
    await again.close();
  });

  test('a lazy write that was lost makes the stop an unclean one', async () => {
    const database = await open();
    database.commitLazily([put('a', 1, large(500))]);
    await database.commit([put('b', 2)]);
    await database.close();
    const again = await open();
    expect(names(again)).toEqual(['b']);
    expect(again.cleanStart).toBe(false);
    await again.close();
  });
});

test('a file gives back to the disk what deletions left free', async () => {
  const database = await openObjectDatabase({ file: file() });
  await database.commit(Array.from({ length: 100 }, (_, i) => put(`p${i}`, i + 1, large(20))));
  await database.close();
  const before = statSync(file()).size;
  const again = await openObjectDatabase({ file: file() });
  await again.commit(Array.from({ length: 100 }, (_, i) => remove(`p${i}`, 101 + i)));
  await again.close();
  expect(statSync(file()).size).toBeLessThan(before / 10);
});

test('the worker runs when it was bundled', async () => {
  const outfile = join(folder, 'database-worker.mjs');
  const entry = fileURLToPath(new URL('./database-worker.ts', import.meta.url));
  await build({ entryPoints: [entry], outfile, bundle: true, format: 'esm', platform: 'node', logLevel: 'error' });
  const database = await openObjectDatabase({ file: file(), workerUrl: pathToFileURL(outfile) });
  await database.commit([put('a', 1)]);
  await database.close();
});

test('a worker that is not there fails the opening', async () => {
  const workerUrl = pathToFileURL(join(folder, 'nothing.mjs'));
  await expect(openObjectDatabase({ file: file(), workerUrl })).rejects.toThrow('nothing.mjs');
});

describe('backup and restore', () => {
  test('a backup taken while running is whole; a restore keeps what was there beside it and gives no revision out twice', async () => {
    const database = await openObjectDatabase({ file: file() });
    await database.reserve(50);
    await database.commit([put('a', 1)]);
    const writes = Array.from({ length: 200 }, (_, i) => database.commit([put('a', 2 + i), put('b', 1002 + i)]));
    await Promise.all([...writes, database.backup(join(folder, 'copy.db'))]);
    await expect(database.backup(join(folder, 'copy.db'))).rejects.toThrow('never overwrites');
    await database.commit([put('c', 3000)]);
    await database.reserve(2_000_000);
    await database.close();
    await restoreDatabase(file(), join(folder, 'copy.db'));
    const restored = await openObjectDatabase({ file: file() });
    expect(names(restored).filter((name) => name !== 'b')).toEqual(['a']);
    expect(restored.firstRevision).toBeGreaterThan(2_000_000);
    expect(restored.cleanStart).toBe(false);
    await restored.close();
    const before = new DatabaseSync(`${file()}.before-restore`, { readOnly: true });
    expect(before.prepare("SELECT count(*) AS n FROM objects WHERE name = 'c'").get()).toEqual({ n: 1 });
    before.close();
  });

  test('a store is restored where none was', async () => {
    const database = await openObjectDatabase({ file: join(folder, 'other.db') });
    await database.commit([put('a', 1)]);
    await database.backup(join(folder, 'copy.db'));
    await database.close();
    await restoreDatabase(file(), join(folder, 'copy.db'));
    const restored = await openObjectDatabase({ file: file() });
    expect(names(restored)).toEqual(['a']);
    await restored.close();
  });

  test('a backup that cannot be finished leaves nothing behind', async () => {
    const database = await openObjectDatabase({ file: file() });
    await expect(database.backup(join(folder, 'no', 'such', 'folder.db'))).rejects.toThrow('the database refused');
    await database.commit([put('a', 1)]);
    await database.close();
    expect(readdirSync(folder).filter((name) => name.includes('unfinished'))).toEqual([]);
  });

  test('what is no backup, or of a newer Ebb, is refused, and the store stays', async () => {
    const database = await openObjectDatabase({ file: file() });
    await database.commit([put('a', 1)]);
    await database.backup(join(folder, 'newer.db'));
    await database.close();
    const newer = new DatabaseSync(join(folder, 'newer.db'));
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    await expect(restoreDatabase(file(), join(folder, 'nothing.db'))).rejects.toThrow('there is no backup');
    await expect(restoreDatabase(file(), fileURLToPath(import.meta.url))).rejects.toThrow('is not a backup of Ebb');
    await expect(restoreDatabase(file(), join(folder, 'newer.db'))).rejects.toThrow(NewerSchemaError);
    expect(existsSync(`${file()}.before-restore`)).toBe(false);
    const again = await openObjectDatabase({ file: file() });
    expect(names(again)).toEqual(['a']);
    await again.close();
  });
});

test('a store of a newer schema is refused in words', async () => {
  await (await openObjectDatabase({ file: file() })).close();
  const raw = new DatabaseSync(file());
  raw.exec('PRAGMA user_version = 99');
  raw.close();
  await expect(openObjectDatabase({ file: file() })).rejects.toThrow('schema version 99, but this Ebb knows up to 2');
});
