// Paths of a container's root file system, followed without ever leaving it: an image may hold any symbolic link.

import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const MOST_LINKS = 40;

/**
 * Where a path of the container really is, seen from its root: links are followed as a process inside would follow them.
 * `layers` are folders of which an earlier one hides what a later one has. What is not there is taken as it is written.
 */
export function resolveInRoot(layers: readonly string[], path: string): string {
  const waiting = partsOf(path);
  const done: string[] = [];
  let links = 0;
  for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
    if (part === '..') {
      done.pop();
      continue;
    }
    const target = linkAt(layers, [...done, part]);
    if (target === undefined) {
      done.push(part);
      continue;
    }
    if (++links > MOST_LINKS) throw new Error(`too many levels of symbolic links in ${path}`);
    if (target.startsWith('/')) done.length = 0;
    waiting.unshift(...partsOf(target));
  }
  return `/${done.join('/')}`;
}

/** What kind of thing a path of the container is; undefined where there is nothing. */
export function kindInRoot(layers: readonly string[], path: string): 'folder' | 'file' | undefined {
  const real = resolveInRoot(layers, path);
  for (const layer of layers) {
    const stat = lstatSync(join(layer, real), { throwIfNoEntry: false });
    if (stat) return stat.isDirectory() ? 'folder' : 'file';
  }
  return undefined;
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function linkAt(layers: readonly string[], parts: readonly string[]): string | undefined {
  for (const layer of layers) {
    const path = join(layer, ...parts);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat) return stat.isSymbolicLink() ? readlinkSync(path) : undefined;
  }
  return undefined;
}
