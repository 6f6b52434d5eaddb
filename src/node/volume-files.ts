// Files of a volume, swapped all at once: `NAME -> ..data/NAME`, and `..data` points to a folder that is never changed.

import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';

interface File {
  readonly content: Uint8Array;
  readonly mode: number;
}

/** Files of a volume by their plain path in it. */
export type Files = Map<string, File>;

const DATA = '..data';

/**
 * Brings a volume to these files. Whoever reads it sees either all of the old or all of the new. With a group they belong to
 * it, and it may read them.
 */
export async function writeVolume(folder: string, content: Files, group?: number): Promise<void> {
  const gid = process.getuid?.() === 0 ? group : undefined;
  const files = gid === undefined ? content : readableByGroup(content);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const before = await readlink(join(folder, DATA)).catch(() => undefined);
  if (before !== undefined && (await holds(join(folder, before), files))) return;
  const version = nextVersion(before);
  await rm(join(folder, version), { recursive: true, force: true });
  await mkdir(join(folder, version), { mode: 0o755 });
  await Promise.all([...files].map(([path, file]) => place(join(folder, version, path), file, gid)));
  if (before === undefined) await symlink(version, join(folder, DATA));
  else await point(folder, DATA, version);
  await pointNames(folder, files);
  if (before !== undefined) await rm(join(folder, before), { recursive: true, force: true });
}

/**
 * Versions are counted; the name begins with two dots so that programs that list the folder can pass over it, then a digit, as a
 * kubelet's do: programs that walk through all (Knative's, for trust bundles) give up at `..data`, a link, and must find the files before.
 */
function nextVersion(before: string | undefined): string {
  const count = Number(/^\.\.v?(\d+)$/.exec(before ?? '')?.[1] ?? 0);
  return `..${count + 1}`;
}

function readableByGroup(files: Files): Files {
  return new Map([...files].map(([path, { content, mode }]) => [path, { content, mode: mode | 0o440 }]));
}

async function place(path: string, { content, mode }: File, gid: number | undefined): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(path, content);
  if (gid !== undefined) await chown(path, 0, gid);
  await chmod(path, mode);
}

async function point(folder: string, name: string, target: string): Promise<void> {
  const draft = join(folder, '..new');
  await rm(draft, { force: true });
  await symlink(target, draft);
  await rename(draft, join(folder, name));
}

/** The names at the top lead through `..data`; those of files that went are taken away. */
async function pointNames(folder: string, files: Files): Promise<void> {
  const wanted = new Set([...files.keys()].map((path) => path.split('/')[0] ?? path));
  const there = (await readdir(folder)).filter((name) => !name.startsWith('..'));
  const missing = [...wanted].filter((name) => !there.includes(name));
  await Promise.all(missing.map((name) => symlink(join(DATA, name), join(folder, name))));
  for (const name of there) if (!wanted.has(name)) await rm(join(folder, name), { recursive: true, force: true });
}

async function holds(folder: string, files: Files): Promise<boolean> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  if (entries.filter((entry) => entry.isFile()).length !== files.size) return false;
  for (const [path, { content, mode }] of files) {
    const there = await readFile(join(folder, path)).catch(() => undefined);
    if (!there || Buffer.compare(there, content) !== 0) return false;
    if (((await lstat(join(folder, path))).mode & 0o777) !== (mode & 0o777)) return false;
  }
  return true;
}
