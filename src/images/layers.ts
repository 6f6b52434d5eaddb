// Layers of images, made from folders and files.

import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { packTar } from 'modern-tar/fs';
import type { TarSource } from 'modern-tar/fs';

const EPOCH = new Date(0);

/** A layer that holds a folder's content under `target`. The same content gives the same bytes. */
export async function folderLayer(folder: string, target: string): Promise<Readable> {
  return packTar([...(await entriesOf(folder, target.replace(/^\//, '')))], {
    map: (header) => ({ ...header, mtime: EPOCH, uid: 0, gid: 0, uname: '', gname: '' }),
    concurrency: 4,
  });
}

/** A layer that holds one executable file at `target`. */
export function executableLayer(file: string, target: string): Readable {
  return packTar([
    { type: 'file', source: file, target: target.replace(/^\//, ''), mode: 0o755, mtime: EPOCH, uid: 0, gid: 0 },
  ]);
}

async function entriesOf(folder: string, target: string): Promise<TarSource[]> {
  const names = (await readdir(folder)).sort();
  const found = await Promise.all(
    names.map(async (name): Promise<TarSource[]> => {
      const source = join(folder, name);
      const stats = await lstat(source);
      const itself: TarSource = { type: 'directory', source, target: `${target}/${name}` };
      if (stats.isSymbolicLink()) return [itself];
      if (stats.isDirectory()) {
        const content = await entriesOf(source, itself.target);
        return content.length > 0 ? content : [itself];
      }
      return stats.isFile() ? [{ type: 'file', source, target: `${target}/${name}`, mode: stats.mode & 0o777 }] : [];
    }),
  );
  return found.flat();
}
