// The keys that the secrets of a data folder are sealed with: in a file that is named, else in one of the folder's own.

import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '#base/mod.ts';
import type { WrappingKey } from '#storage/mod.ts';
import { keysIn, newKeyLine, renewSeal, sealedBy, WrongKeyError } from '#storage/mod.ts';
import { objectsFile } from './objects.ts';

export interface EncryptionKeys {
  readonly keys: readonly WrappingKey[];
  /** The file that the first of them is in. */
  readonly file: string;
  /** Things a person should know. */
  readonly notices: readonly string[];
}

/** The key file of a folder where none is named: it keeps backups and copies of the store from being read, not the folder. */
export const ownKeyFile = (dataDir: string): string => join(dataDir, 'keys', 'secrets.key');

const HOW = 'Name the file that holds it with --encryption-key-file FILE or EBB_ENCRYPTION_KEY_FILE';

/** Loads the keys, and makes one where neither is one named nor anything sealed yet. Throws in words where one is missing. */
export async function encryptionKeys(dataDir: string, named: string | undefined): Promise<EncryptionKeys> {
  const own = ownKeyFile(dataDir);
  const ownText = await textOf(own);
  const ownKeys = ownText === undefined ? [] : keysIn(ownText, own);
  if (named === undefined) {
    const keys = ownText === undefined ? await firstKey(dataDir) : ownKeys;
    return { keys, file: own, notices: [] };
  }
  const text = await textOf(named);
  if (text === undefined) {
    throw new Error(
      `there is no encryption key at ${named}. Make one: (umask 077; head -c 32 /dev/urandom | base64 > ${named})`,
    );
  }
  const notices = await noticesOn(named, ownKeys.length > 0 ? own : undefined);
  return { keys: [...keysIn(text, named), ...ownKeys], file: named, notices };
}

/** The keys there are for a backup; none is made. */
export async function keysForRestore(dataDir: string, named: string | undefined): Promise<WrappingKey[]> {
  const found: WrappingKey[] = [];
  for (const file of named === undefined ? [ownKeyFile(dataDir)] : [named, ownKeyFile(dataDir)]) {
    const text = await textOf(file);
    if (text !== undefined) found.push(...keysIn(text, file));
  }
  return found;
}

/** What went wrong with a key, with the next step. */
export function withAdvice(error: unknown): unknown {
  return error instanceof WrongKeyError ? new Error(`${error.message}. ${HOW}.`, { cause: error }) : error;
}

/**
 * Puts a new key before those of the folder's key file and seals all secrets of a stopped platform anew. A crash between the
 * steps leaves a file that still opens them. With `forgetOld` the older keys go, and with them older backups' secrets.
 */
export async function rotateKeys(
  dataDir: string,
  named: string | undefined,
  forgetOld: boolean,
): Promise<{ file: string; id: string }> {
  const { file } = await encryptionKeys(dataDir, named);
  const line = newKeyLine();
  const text = `${line}\n${(await textOf(file)) ?? ''}`;
  await write(file, text);
  const own = await textOf(ownKeyFile(dataDir));
  const keys = keysIn(text, file);
  try {
    renewSeal(objectsFile(dataDir), [...keys, ...(own ? keysIn(own, ownKeyFile(dataDir)) : [])]);
  } catch (error) {
    throw withAdvice(error);
  }
  if (forgetOld) await write(file, `${line}\n`);
  return { file, id: keys[0]?.id ?? '' };
}

async function firstKey(dataDir: string): Promise<WrappingKey[]> {
  const wanted = sealedBy(objectsFile(dataDir));
  if (wanted) throw new WrongKeyError(`the secrets of ${dataDir} are sealed with the key ${wanted}. ${HOW}.`);
  const line = newKeyLine();
  await write(ownKeyFile(dataDir), `${line}\n`);
  return keysIn(line, ownKeyFile(dataDir));
}

async function noticesOn(named: string, own: string | undefined): Promise<string[]> {
  const { mode } = await stat(named);
  return [
    ...(mode & 0o007 ? [`everybody on this machine may read ${named}; chmod 600 it`] : []),
    ...(own ? [`secrets are sealed with the key in ${named}; ${own} only opens older backups, remove it in time`] : []),
  ];
}

async function write(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(`${file}.new`, 'w', 0o600);
    await handle.writeFile(text);
    await handle.sync();
    await handle.close();
    await rename(`${file}.new`, file);
  } catch (error) {
    throw new Error(
      `${file} cannot be written: ${messageOf(error)}. Put a new key before the others by other means, and restart.`,
      { cause: error },
    );
  }
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
