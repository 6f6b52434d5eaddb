import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keysIn, newKeyLine, openObjectDatabase } from '#storage/mod.ts';
import { encryptionKeys, keysForRestore, ownKeyFile, rotateKeys } from './encryption-keys.ts';
import { objectsFile } from './objects.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ebb-keys-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const named = () => join(folder, 'elsewhere.key');

/** Opens and closes the store as a start would, with one secret in it. */
async function start(file?: string): Promise<string | undefined> {
  const sealing = await encryptionKeys(folder, file);
  const database = await openObjectDatabase({ file: objectsFile(folder), sealing });
  const [found] = database.initial;
  const body = '{"kind":"Secret"}';
  if (!found) await database.commit([{ put: { resource: 'secrets', namespace: 'a', name: 's', revision: 1, body } }]);
  await database.close();
  return found?.body;
}

test('a first start makes a key that only its owner reads, and later starts use it', async () => {
  await start();
  expect(statSync(ownKeyFile(folder)).mode & 0o777).toBe(0o600);
  expect(await start()).toBe('{"kind":"Secret"}');
});

test('a file that is named takes over from the key of the folder, which then only opens older backups', async () => {
  await start();
  writeFileSync(named(), `${newKeyLine()}\n`, { mode: 0o600 });
  expect(await start(named())).toBe('{"kind":"Secret"}');
  const { notices } = await encryptionKeys(folder, named());
  expect(notices).toEqual([expect.stringContaining('only opens older backups')]);
  rmSync(ownKeyFile(folder));
  expect(await start(named())).toBe('{"kind":"Secret"}');
});

test('a start without the file that sealed the secrets says which key is wanted, and makes none', async () => {
  writeFileSync(named(), `${newKeyLine()}\n`, { mode: 0o600 });
  await start(named());
  const [key] = keysIn(readFileSync(named(), 'utf8'), 'it');
  await expect(start()).rejects.toThrow(`are sealed with the key ${key?.id}. Name the file that holds it with`);
  expect(existsSync(ownKeyFile(folder))).toBe(false);
});

test('a file that is not there, or open to everybody, is told', async () => {
  await expect(encryptionKeys(folder, named())).rejects.toThrow(`there is no encryption key at ${named()}. Make one:`);
  writeFileSync(named(), newKeyLine());
  chmodSync(named(), 0o644);
  expect((await encryptionKeys(folder, named())).notices).toEqual([
    `everybody on this machine may read ${named()}; chmod 600 it`,
  ]);
});

test('a rotation puts a new key first; the older ones stay for backups unless they are to go', async () => {
  await start();
  const { file, id } = await rotateKeys(folder, undefined, false);
  const ids = async () => (await keysForRestore(folder, undefined)).map((key) => key.id);
  expect(file).toBe(ownKeyFile(folder));
  expect(await ids()).toEqual([id, expect.any(String)]);
  expect(await start()).toBe('{"kind":"Secret"}');
  const last = await rotateKeys(folder, undefined, true);
  expect(await ids()).toEqual([last.id]);
  expect(await start()).toBe('{"kind":"Secret"}');
});
