// Whether the scratch space of a Pod has outgrown its bound. In memory the kernel sees to it; on disk somebody has to look.

import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseQuantity } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';

type Volume = NonNullable<Pod['spec']['volumes']>[number];

/** Volumes that have a bound to look after. */
export function boundedVolumes({ spec }: Pod): Volume[] {
  return (spec.volumes ?? []).filter(({ emptyDir }) => emptyDir?.sizeLimit !== undefined && !emptyDir.medium);
}

/** What kubelet says of the first volume that is too large; undefined where none is. */
export async function outgrown(pod: Pod, folders: ReadonlyMap<string, string>): Promise<string | undefined> {
  for (const { name, emptyDir } of boundedVolumes(pod)) {
    const folder = folders.get(name);
    const { sizeLimit = 0 } = emptyDir ?? {};
    if (folder !== undefined && (await bytesIn(folder)) > (parseQuantity(sizeLimit) ?? 0))
      return `Usage of EmptyDir volume ${JSON.stringify(name)} exceeds the limit ${JSON.stringify(String(sizeLimit))}. `;
  }
  return undefined;
}

const BLOCK = 512;

/** Bytes on disk of everything in a folder. What goes away meanwhile counts nothing. */
async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries)
    bytes += ((await lstat(join(entry.parentPath, entry.name)).catch(() => undefined))?.blocks ?? 0) * BLOCK;
  return bytes;
}
