// What a Pod has on disk, counted: its scratch volumes, and where its containers have limits what they wrote, and their logs.

import { lstat, readdir } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from '#kinds/mod.ts';
import type { StorageUse } from './scratch-bound.ts';
import { boundedStorage } from './scratch-bound.ts';

/** Where it lies. */
export interface StoragePlaces {
  /** Folders of all volumes, by name. */
  readonly volumes: ReadonlyMap<string, string>;
  /** Of containers that run. */
  readonly containers: readonly { readonly name: string; readonly folders: readonly string[] }[];
}

/** Counts only what has a bound. */
export async function storageUse(pod: Pod, places: StoragePlaces): Promise<StorageUse> {
  const { volumes, hasLimits } = boundedStorage(pod);
  const use = { volumes: new Map<string, number>(), containers: new Map<string, number>() };
  for (const { name } of volumes) {
    const folder = places.volumes.get(name);
    if (folder !== undefined) use.volumes.set(name, await bytesIn(folder));
  }
  for (const { name, folders } of hasLimits ? places.containers : []) {
    let bytes = 0;
    for (const folder of folders) bytes += await bytesIn(folder);
    use.containers.set(name, bytes);
  }
  return use;
}

const BLOCK = 512;

/**
 * Bytes on disk of everything in a folder; what goes away meanwhile counts nothing, and a file that has several names counts once.
 * One thing is asked of the disk at a time, so that however much there is, everything else of the process has its turn.
 */
export async function bytesIn(folder: string): Promise<number> {
  const linked = new Set<string>();
  const waiting = [folder];
  let bytes = 0;
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const entry of await readdir(at, { withFileTypes: true }).catch(() => [])) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) waiting.push(path);
      const stat = await lstat(path).catch(() => undefined);
      if (stat && isNew(stat, linked)) bytes += stat.blocks * BLOCK;
    }
  }
  return bytes;
}

function isNew(stat: Stats, linked: Set<string>): boolean {
  if (stat.nlink === 1 || stat.isDirectory()) return true;
  const key = `${stat.dev}:${stat.ino}`;
  if (linked.has(key)) return false;
  linked.add(key);
  return true;
}
