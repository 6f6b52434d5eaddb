// What a Pod has on disk, counted: its scratch volumes, and where its containers have limits what they wrote, and their logs.

import type { Pod } from '#kinds/mod.ts';
import { diskUse } from '#storage/mod.ts';
import type { StorageUse } from './storage-bound.ts';
import { boundedStorage } from './storage-bound.ts';

/** Where it lies. */
export interface StoragePlaces {
  /** Folders of all volumes, by name. */
  readonly volumes: ReadonlyMap<string, string>;
  /** Of containers that run. */
  readonly containers: readonly { readonly name: string; readonly folders: readonly string[] }[];
}

/** Counts only what has a bound, and ends as soon as it is over: then some is missing. */
export async function storageUse(pod: Pod, places: StoragePlaces, isOver: () => boolean): Promise<StorageUse> {
  const { volumes, hasLimits } = boundedStorage(pod);
  const use = { volumes: new Map<string, number>(), containers: new Map<string, number>() };
  for (const { name } of volumes) {
    const folder = places.volumes.get(name);
    if (folder !== undefined) use.volumes.set(name, await bytesIn(folder, isOver));
  }
  for (const { name, folders } of hasLimits ? places.containers : []) {
    let bytes = 0;
    for (const folder of folders) bytes += await bytesIn(folder, isOver);
    use.containers.set(name, bytes);
  }
  return use;
}

/** Beyond every bound where some of it lies so deep that it cannot be counted: whoever nests folders so means to evade one. */
async function bytesIn(folder: string, isOver: () => boolean): Promise<number> {
  const { bytes, isWhole } = await diskUse(folder, { isOver });
  return isWhole ? bytes : Number.POSITIVE_INFINITY;
}
