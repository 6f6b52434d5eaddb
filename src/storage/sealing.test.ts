import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { objectDatabaseContract } from '../../test/contracts/object-database.ts';
import type { Mutation } from './object-database.ts';
import { restoreDatabase } from './restore.ts';
import { SCHEMA_VERSION } from './schema.ts';
import { keysIn, newKeyLine, newSeal, sealedWith, WrongKeyError } from './seal.ts';
import { renewSeal, sealedBy } from './sealing.ts';
import { openObjectDatabase } from './sqlite-database.ts';

let folder = '';
let places = 0;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ebb-sealing-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = () => join(folder, 'objects.db');
const key = () => keysIn(newKeyLine(), 'a test');
const secret = (name: string, revision: number, password: string): Mutation => ({
  put: { resource: 'secrets', namespace: 'default', name, revision, body: JSON.stringify({ password }) },
});

/** Everything that lies in the folder, as one text. */
const onDisk = () =>
  readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'latin1'))
    .join('\n');

describe('on disk and sealed', () => {
  const keys = key();
  objectDatabaseContract(() => {
    const place = join(folder, `${places++}.db`);
    return { open: () => openObjectDatabase({ file: place, sealing: { keys } }) };
  });
});

test('secrets are not to be found in any file, other objects are, and both are read back', async () => {
  const sealing = { keys: key() };
  const database = await openObjectDatabase({ file: file(), sealing });
  const pod: Mutation = { put: { resource: 'pods', namespace: '', name: 'p', revision: 2, body: '"in the open"' } };
  await database.commit([secret('s', 1, 'correct horse'), pod]);
  expect(onDisk().includes('in the open')).toBe(true);
  expect(onDisk().includes('correct horse')).toBe(false);
  await database.close();
  const again = await openObjectDatabase({ file: file(), sealing });
  expect(again.initial.map(({ body }) => body)).toEqual(['{"password":"correct horse"}', '"in the open"']);
  await again.close();
});

test('secrets that were plain are sealed when a key is first given, and nothing of them stays in the file', async () => {
  const plain = await openObjectDatabase({ file: file() });
  await plain.commit(Array.from({ length: 200 }, (_, i) => secret(`s${i}`, i + 1, `correct horse ${i}`)));
  await plain.close();
  expect(onDisk().includes('correct horse')).toBe(true);
  const sealed = await openObjectDatabase({ file: file(), sealing: { keys: key() } });
  expect(onDisk().includes('correct horse')).toBe(false);
  expect(sealed.initial[7]?.body).toBe('{"password":"correct horse 7"}');
  await sealed.close();
});

test('with a wrong key, or none, nothing is opened and nothing is changed', async () => {
  const [right, wrong] = [key(), key()];
  const database = await openObjectDatabase({ file: file(), sealing: { keys: right } });
  await database.commit([secret('s', 1, 'x')]);
  await database.close();
  const message = `the key ${right[0]?.id} is needed to open the secrets, but there is only ${wrong[0]?.id}`;
  await expect(openObjectDatabase({ file: file(), sealing: { keys: wrong } })).rejects.toThrow(message);
  await expect(openObjectDatabase({ file: file() })).rejects.toThrow('sealed, and no key was given');
  expect(sealedBy(file())).toBe(right[0]?.id);
  const again = await openObjectDatabase({ file: file(), sealing: { keys: right } });
  expect(again.initial).toHaveLength(1);
  await again.close();
});

test('a new key before the old one takes over; afterwards the old one is not needed', async () => {
  const [old, fresh] = [key(), key()];
  const first = await openObjectDatabase({ file: file(), sealing: { keys: old } });
  await first.commit([secret('s', 1, 'x')]);
  await first.close();
  const before = bodies();
  await (await openObjectDatabase({ file: file(), sealing: { keys: [...fresh, ...old] } })).close();
  expect(sealedWith(bodies()[0] ?? '')).not.toBe(sealedWith(before[0] ?? ''));
  const last = await openObjectDatabase({ file: file(), sealing: { keys: fresh } });
  expect(last.initial[0]?.body).toBe('{"password":"x"}');
  await last.close();
});

test('a renewal changes the data key though the wrapping key stays', async () => {
  const keys = key();
  const first = await openObjectDatabase({ file: file(), sealing: { keys } });
  await first.commit([secret('s', 1, 'x')]);
  await first.close();
  const before = bodies();
  renewSeal(file(), keys);
  expect(sealedWith(bodies()[0] ?? '')).not.toBe(sealedWith(before[0] ?? ''));
});

test('a sealed body that was moved to another object, or changed, is refused', async () => {
  const keys = key();
  const database = await openObjectDatabase({ file: file(), sealing: { keys } });
  await database.commit([secret('mine', 1, 'x')]);
  await database.close();
  raw((store) => store.exec("UPDATE objects SET name = 'yours'"));
  await expect(openObjectDatabase({ file: file(), sealing: { keys } })).rejects.toThrow(WrongKeyError);
  raw((store) =>
    store.exec("UPDATE objects SET name = 'mine', body = substr(body, 1, length(body) - 8) || 'AAAAAAA='"),
  );
  await expect(openObjectDatabase({ file: file(), sealing: { keys } })).rejects.toThrow('is damaged or was moved');
});

test('a backup is sealed as the store is, and restored only with its key', async () => {
  const [right, wrong] = [key(), key()];
  const copy = join(folder, 'copy.db');
  const database = await openObjectDatabase({ file: file(), sealing: { keys: right } });
  await database.commit([secret('s', 1, 'correct horse')]);
  await database.backup(copy);
  await database.close();
  expect(readFileSync(copy, 'latin1')).not.toContain('correct horse');
  await expect(restoreDatabase(file(), copy, wrong)).rejects.toThrow(WrongKeyError);
  await restoreDatabase(file(), copy, right);
  const again = await openObjectDatabase({ file: file(), sealing: { keys: right } });
  expect(again.initial[0]?.body).toBe('{"password":"correct horse"}');
  await again.close();
});

test('the same secret is never sealed twice alike', () => {
  const seal = newSeal();
  const object = { resource: 'secrets', namespace: 'a', name: 'b', revision: 1, body: '{}' };
  expect(seal.close(object).body).not.toBe(seal.close(object).body);
});

test.each([
  ['', 'there is no key in F'],
  ['# only a comment\n\n', 'there is no key in F'],
  ['hello', 'line 1 of F is no key: expected 32 bytes in base64 (44 characters), met 5 characters'],
  [`${newKeyLine()}\n\nshort\n`, 'line 3 of F is no key'],
])('a key file that holds %j is refused', (text, message) => {
  expect(() => keysIn(text, 'F')).toThrow(message);
});

describe('a store of an older Ebb', () => {
  /** As version 1 wrote it. */
  function older(): void {
    const database = new DatabaseSync(file());
    database.exec(`CREATE TABLE objects (
        resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (resource, namespace, name)) WITHOUT ROWID;
      CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
      INSERT INTO facts VALUES ('reserved', 2000), ('clean', 1);
      INSERT INTO objects VALUES ('secrets', 'default', 's', 17, '{"password":"x"}'), ('pods', '', 'p', 18, '{}');
      PRAGMA user_version = 1;`);
    database.close();
  }

  test('is brought up to date, its numbers go on, and a copy as it was is kept', async () => {
    older();
    const told: string[] = [];
    const sealing = { keys: key() };
    const database = await openObjectDatabase({ file: file(), sealing, onUpgrade: (copy) => told.push(copy) });
    expect([database.firstRevision, database.cleanStart, database.initial.length]).toEqual([2001, true, 2]);
    await database.close();
    const copy = `${file()}.before-v${SCHEMA_VERSION}`;
    expect(told).toEqual([copy]);
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect(versionIn(copy)).toBe(1);
    expect(versionIn(file())).toBe(SCHEMA_VERSION);
    await (await openObjectDatabase({ file: file(), sealing, onUpgrade: (again) => told.push(again) })).close();
    expect(told).toHaveLength(1);
  });

  test('is left as it is where the copy cannot be made', async () => {
    older();
    const unfinished = `${file()}.before-v${SCHEMA_VERSION}.unfinished`;
    // A folder in the way of the copy.
    mkdirSync(join(unfinished, 'x'), { recursive: true });
    await expect(openObjectDatabase({ file: file() })).rejects.toThrow();
    expect(versionIn(file())).toBe(1);
  });

  test('its backup can be restored, and is brought up to date at the next start', async () => {
    older();
    const copy = join(folder, 'old-backup.db');
    copyFileSync(file(), copy);
    rmSync(file());
    await restoreDatabase(file(), copy);
    const sealing = { keys: key() };
    const database = await openObjectDatabase({ file: file(), sealing });
    expect(database.initial.map(({ name }) => name)).toEqual(['s', 'p']);
    await database.close();
    expect(sealedWith(bodies().find((body) => body !== '{}') ?? '')).toBeDefined();
    expect(existsSync(`${file()}.before-v${SCHEMA_VERSION}`)).toBe(false);
  });
});

function raw(act: (database: DatabaseSync) => void, at = file()): void {
  const database = new DatabaseSync(at);
  act(database);
  database.close();
}

function bodies(): string[] {
  let found: string[] = [];
  raw((store) => {
    found = (store.prepare('SELECT body FROM objects ORDER BY revision').all() as { body: string }[]).map(
      ({ body }) => body,
    );
  });
  return found;
}

function versionIn(at: string): number {
  let version = -1;
  raw((store) => (version = (store.prepare('PRAGMA user_version').get() as { user_version: number }).user_version), at);
  return version;
}
