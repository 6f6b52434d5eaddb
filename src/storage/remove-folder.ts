// Takes a folder away with all that is in it, however deep programs have nested folders: beyond 4096 bytes the system takes no path.

import type { Dirent } from 'node:fs';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bytePathOf, BYTES, systemPathOf } from './byte-path.ts';

/** Also a file. Nothing is done where there is none; where somebody still writes it is tried again for a moment. */
export async function removeFolder(folder: string): Promise<void> {
  for (;;) {
    try {
      return await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG' || !(await lift(folder))) throw error;
    }
  }
}

/** Half of what the system takes: what is found beyond it can still be named. */
const DEEP = 2048;

/** Moves folders that lie deep up into a new one at the top; false where there is none. */
async function lift(folder: string): Promise<boolean> {
  const waiting = [bytePathOf(folder)];
  const top = bytePathOf(await mkdtemp(join(folder, '.lifted-')));
  let lifted = 0;
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const name of await foldersIn(at)) {
      const path = join(at, name);
      if (path.length <= DEEP) waiting.push(path);
      else if (await move(path, join(top, `${lifted}`))) lifted += 1;
    }
  }
  return lifted > 0;
}

/** What goes away meanwhile need not be moved. */
async function foldersIn(at: string): Promise<string[]> {
  const entries: Dirent[] = await readdir(systemPathOf(at), { withFileTypes: true, encoding: BYTES }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

async function move(from: string, to: string): Promise<boolean> {
  return rename(systemPathOf(from), systemPathOf(to)).then(
    () => true,
    () => false,
  );
}
