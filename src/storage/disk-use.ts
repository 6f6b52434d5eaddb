// What a folder takes on its disk, counted file by file. Programs may write in it meanwhile that would have something else counted.

import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { lstat, open, opendir, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { bytePathOf, BYTES, systemPathOf } from './byte-path.ts';

export interface DiskUse {
  readonly bytes: number;
  /** False where folders lie so deep that the system takes no path to them: nothing in these is counted. */
  readonly isWhole: boolean;
}

export interface Counting {
  /** Asked before each file; counting ends as soon as it is so. */
  isOver?(): boolean;
  /** What a file or folder counts: its blocks on disk unless told. */
  weigh?(stats: Stats): number;
}

/** Bytes that a folder with all that is in it, or a file, takes on its disk. */
export async function usedBy(path: string, isOver: () => boolean = never): Promise<number> {
  const stats = await lstat(path).catch(() => undefined);
  return stats ? onDisk(stats) + (await diskUse(path, { isOver })).bytes : 0;
}

/**
 * What all that is in a folder takes; nothing where there is no folder. A file that has several names counts once, a link for itself, and what goes away meanwhile not at all. One thing is asked of the
 * disk at a time, so that however much there is, everything else of the process has its turn.
 */
export async function diskUse(folder: string, { isOver = never, weigh = onDisk }: Counting = {}): Promise<DiskUse> {
  const linked = new Set<string>();
  const waiting = [await realName(folder)];
  let [bytes, isWhole] = [0, true];
  for (let at = waiting.pop(); at !== undefined && !isOver(); at = waiting.pop()) {
    const above = at;
    const isRead = await readFolder(above, isOver, (name, stats) => {
      if (stats.isDirectory()) waiting.push(join(above, name));
      if (isNew(stats, linked)) bytes += weigh(stats);
    });
    isWhole &&= isRead;
  }
  return { bytes, isWhole };
}

const BLOCK = 512;
const onDisk = ({ blocks }: Stats) => blocks * BLOCK;
const never = () => false;

function isNew(stats: Stats, linked: Set<string>): boolean {
  if (stats.nlink === 1 || stats.isDirectory()) return true;
  const key = `${stats.dev}:${stats.ino}`;
  if (linked.has(key)) return false;
  linked.add(key);
  return true;
}

/** Links above a folder are those of whoever asks. */
async function realName(path: string): Promise<string> {
  const above = await realpath(dirname(path)).catch(() => dirname(path));
  return bytePathOf(join(above, basename(path)));
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/** Shows what is in a folder; false where no path is short enough for it. */
async function readFolder(
  at: string,
  isOver: () => boolean,
  see: (name: string, stats: Stats) => void,
): Promise<boolean> {
  let folder: FileHandle | undefined;
  try {
    folder = await open(systemPathOf(at), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    const held = await heldName(folder, at);
    if (held === undefined) return true;
    for await (const { name } of await opendir(systemPathOf(held), { encoding: BYTES })) {
      if (isOver()) break;
      const stats = await lstat(systemPathOf(`${held}/${name}`)).catch(() => undefined);
      if (stats) see(name, stats);
    }
    return true;
  } catch (error) {
    // Else it went while it was read, or is a mount that is not for us.
    return (error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG';
  } finally {
    await folder?.close();
  }
}

/**
 * By which name an open folder stays what it is, whatever is moved meanwhile. Undefined where it lies elsewhere than its path says:
 * a folder above it was changed for a link, which could lead anywhere on the machine.
 */
async function heldName({ fd }: FileHandle, at: string): Promise<string | undefined> {
  if (process.platform !== 'linux') return at;
  const held = `/proc/self/fd/${fd}`;
  return (await readlink(held, BYTES)) === at ? held : undefined;
}
