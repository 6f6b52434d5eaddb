// The group that volumes of a Pod belong to (securityContext.fsGroup), as kubelet gives it to them.

import { chmod, lchown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const SET_GROUP = 0o2000;
const READ_WRITE = 0o660;
const ENTER = 0o110;

/**
 * Everything in a folder gets the group, may be read and written by it, and what is made later in there has it too.
 * `onMismatch` trusts a folder whose own group and mode are right already. Nothing happens where this process is not root.
 */
export async function giveToGroup(folder: string, gid: number, onMismatch: boolean): Promise<void> {
  if (process.getuid?.() !== 0) return;
  if (onMismatch && (await isRight(folder, gid))) return;
  // The folder itself comes last: whoever is interrupted begins again.
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    await give(join(entry.parentPath, entry.name), gid);
  await give(folder, gid);
}

async function isRight(folder: string, gid: number): Promise<boolean> {
  const { mode, gid: group } = await lstat(folder);
  const wanted = READ_WRITE | ENTER | SET_GROUP;
  return group === gid && (mode & wanted) === wanted;
}

async function give(path: string, gid: number): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (!there) return;
  await lchown(path, there.uid, gid);
  if (there.isSymbolicLink()) return;
  const more = there.isDirectory() ? READ_WRITE | ENTER | SET_GROUP : READ_WRITE;
  await chmod(path, (there.mode & 0o7777) | more);
}
