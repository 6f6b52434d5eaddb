// The system's own disk, by node:fs. Everything is for this user alone: folders 0700, files 0600.

import fs from 'node:fs';
import { mkdir, open as openHandle, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disk, DiskFile } from './disk.ts';
import { DiskFullError } from './object-database.ts';

/** The disk below a folder, which is made where it is not there. */
export async function nodeDisk(root: string): Promise<Disk> {
  await filling(root, () => mkdir(root, { recursive: true, mode: 0o700 }));
  return new NodeDisk(root);
}

class NodeDisk implements Disk {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  open(path: string, how: 'new'): Promise<DiskFile>;
  open(path: string, how: 'there'): Promise<DiskFile | undefined>;
  async open(path: string, how: 'new' | 'there'): Promise<DiskFile | undefined> {
    const full = this.shown(path);
    if (how === 'new') return new NodeFile(full, await filling(full, () => openFd(full, 'wx+')));
    const fd = await openFd(full, 'r+').catch(unless('ENOENT'));
    return fd === undefined ? undefined : new NodeFile(full, fd);
  }

  async list(folder: string): Promise<readonly string[]> {
    return (await readdir(this.shown(folder)).catch(unless('ENOENT'))) ?? [];
  }

  async makeFolder(path: string): Promise<void> {
    const full = this.shown(path);
    await filling(full, () => mkdir(full, { mode: 0o700 }).catch(unless('EEXIST')));
  }

  async removeFolder(path: string): Promise<void> {
    await rmdir(this.shown(path));
  }

  async rename(from: string, to: string): Promise<void> {
    await filling(this.shown(to), () => rename(this.shown(from), this.shown(to)));
  }

  async remove(path: string): Promise<void> {
    await rm(this.shown(path), { force: true });
  }

  async syncFolder(path: string): Promise<void> {
    const full = this.shown(path);
    const folder = await openHandle(full, 'r');
    try {
      await filling(full, () => folder.sync());
    } finally {
      await folder.close();
    }
  }

  shown(path: string): string {
    return join(this.#root, path);
  }
}

/** Zeros to take room with. */
const ZEROS = new Uint8Array(256 * 1024);

/** By callbacks, which cost a fraction of what node:fs/promises do. */
class NodeFile implements DiskFile {
  readonly #path: string;
  readonly #fd: number;

  constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  write(parts: readonly Uint8Array[], at: number): Promise<void> {
    const total = parts.reduce((sum, part) => sum + part.length, 0);
    const [only] = parts;
    return new Promise((resolve, reject) => {
      const done = (error: Error | null, written: number) => {
        if (error) reject(fullOr(this.#path, error));
        else if (written === total) resolve();
        else resolve(this.#writeRest(parts, written, at));
      };
      if (parts.length === 1 && only) fs.write(this.#fd, only, 0, only.length, at, done);
      else fs.writev(this.#fd, parts, at, done);
    });
  }

  /** A write may end short, as it does just before the disk is full. */
  #writeRest(parts: readonly Uint8Array[], written: number, at: number): Promise<void> {
    if (written === 0) throw new Error(`${this.#path}: the system took no byte of a write, and told no reason`);
    let skip = written;
    const rest = parts.flatMap((part) => {
      const from = Math.min(skip, part.length);
      skip -= from;
      return from < part.length ? [part.subarray(from)] : [];
    });
    return this.write(rest, at + written);
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    let done = 0;
    while (done < into.length) {
      const count = await this.#readOnce(into, done, at + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  #readOnce(into: Uint8Array, offset: number, at: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#fd, into, offset, into.length - offset, at, (error, count) =>
        error ? reject(error) : resolve(count),
      );
    });
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.#fd, (error) => (error ? reject(fullOr(this.#path, error)) : resolve()));
    });
  }

  async allocate(from: number, to: number): Promise<void> {
    for (let at = from; at < to; at += ZEROS.length) await this.write([ZEROS.subarray(0, to - at)], at);
  }

  truncate(length: number): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.ftruncate(this.#fd, length, (error) => (error ? reject(error) : resolve()));
    });
  }

  length(): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.fstat(this.#fd, (error, stats) => (error ? reject(error) : resolve(stats.size)));
    });
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.close(this.#fd, (error) => (error ? reject(error) : resolve()));
    });
  }
}

function openFd(path: string, flags: string): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, flags, 0o600, (error, fd) => (error ? reject(error) : resolve(fd)));
  });
}

/** For `catch`: the errors with this code count as nothing. */
function unless(code: string): (error: unknown) => undefined {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code !== code) throw error;
    return undefined;
  };
}

/** Codes that say that there is no room: of the disk, of a user's quota. */
const FULL = new Set(['ENOSPC', 'EDQUOT']);

function fullOr(path: string, error: Error): Error {
  if (!FULL.has((error as NodeJS.ErrnoException).code ?? '')) return error;
  return new DiskFullError(`the disk of ${path} is full: ${error.message}`, { cause: error });
}

async function filling<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw error instanceof Error ? fullOr(path, error) : error;
  }
}
