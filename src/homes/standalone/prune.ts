// What a data folder can give back: images that nothing refers to, what no image needs, old logs, old copies of the store.

import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord } from '#base/mod.ts';
import type { ImageStore, NamedImage } from '#images/mod.ts';
import { canonical, parseReference } from '#images/mod.ts';
import { usedBy } from '#storage/mod.ts';
import { digestsIn, storedAs } from './images.ts';

/** One thing that goes. */
export interface Prunable {
  readonly what: 'image' | 'blob' | 'root' | 'unfinished' | 'log' | 'copy of the store';
  readonly name: string;
  readonly bytes: number;
}

export interface PruneOptions {
  readonly dataDir: string;
  readonly store: ImageStore;
  /** Every object that may speak of an image. */
  readonly objects: readonly object[];
  /** Names of the platform's own registry. */
  readonly ownRegistries: ReadonlySet<string>;
  /** Also images that have a name of their own, where no object refers to them. */
  readonly all: boolean;
  /** Only look. */
  readonly dryRun: boolean;
  readonly now: number;
}

/** How long a copy of the store is kept that an upgrade or a restore left. */
const COPY_MS = 7 * 86_400_000;

/** Looks, removes unless told only to look, and says what goes. */
export async function prune(options: PruneOptions): Promise<readonly Prunable[]> {
  const { dataDir, store, dryRun } = options;
  const names = unwantedNames(await store.list(), wantedBy(options), options.all);
  const parts = await store.unneeded({ without: new Set(names.map(({ name }) => name)) });
  const files = await oldFiles(dataDir, options.now);
  const found: Prunable[] = [
    ...names.map(({ name }) => ({ what: 'image' as const, name, bytes: 0 })),
    ...(await Promise.all(parts.map(async ({ what, path }) => ({ what, name: path, bytes: await usedBy(path) })))),
    ...(await Promise.all(files.map(async ({ what, path }) => ({ what, name: path, bytes: await usedBy(path) })))),
  ];
  if (dryRun) return found;
  for (const { name } of names) await store.remove(name);
  for (const { path } of [...parts, ...files]) await rm(path, { recursive: true, force: true });
  return found;
}

interface Wanted {
  readonly digests: ReadonlySet<string>;
  /** Names of images as the store has them. */
  readonly names: ReadonlySet<string>;
}

function wantedBy({ objects, ownRegistries }: PruneOptions): Wanted {
  const names = new Set<string>();
  visitImages(objects, (image) => {
    if (!('problem' in parseReference(image))) names.add(canonical(storedAs(image, ownRegistries)));
  });
  return { digests: digestsIn(objects), names };
}

function visitImages(value: unknown, see: (image: string) => void): void {
  if (Array.isArray(value)) for (const one of value) visitImages(one, see);
  if (!isRecord(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'image' && typeof inner === 'string') see(inner);
    else visitImages(inner, see);
  }
}

/** Names by digest that no object speaks of; with `all` other names, too. Pure. */
export function unwantedNames(images: readonly NamedImage[], wanted: Wanted, all: boolean): readonly NamedImage[] {
  return images.filter(({ name, digest }) => {
    if (wanted.names.has(name) || wanted.digests.has(digest)) return false;
    return all || name.includes('@');
  });
}

async function oldFiles(dataDir: string, now: number): Promise<{ what: 'log' | 'copy of the store'; path: string }[]> {
  const logs = (await namesIn(join(dataDir, 'logs')))
    .filter((name) => /\.(log|out)\.\d+$/.test(name))
    .map((name) => ({ what: 'log' as const, path: join(dataDir, 'logs', name) }));
  const copies: { what: 'copy of the store'; path: string }[] = [];
  for (const name of await namesIn(dataDir)) {
    const path = join(dataDir, name);
    if (!/^objects\.db\.before-(v\d+|restore)$/.test(name)) continue;
    if (now - (await stat(path)).mtimeMs >= COPY_MS) copies.push({ what: 'copy of the store', path });
  }
  return [...logs, ...copies];
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
