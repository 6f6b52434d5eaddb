// Open files, a bounded number of them: those that were not used for longest are closed, and opened again when they are wanted.

import type { Disk, DiskFile } from '#storage/mod.ts';
import { LogDamagedError } from '../log.ts';

interface Held {
  readonly file: Promise<DiskFile>;
  users: number;
  /** Nobody will find it any more; its last user closes it. */
  isLeaving: boolean;
}

export class Handles {
  readonly #disk: Disk;
  readonly #bound: number;
  /** In the order of their last use. */
  readonly #held = new Map<string, Held>();

  constructor(disk: Disk, bound: number) {
    this.#disk = disk;
    this.#bound = bound;
  }

  /** Gives a file to `act`, and keeps it open at least that long. */
  async use<T>(path: string, act: (file: DiskFile) => Promise<T>): Promise<T> {
    const held = this.#held.get(path) ?? { file: this.#open(path), users: 0, isLeaving: false };
    this.#held.delete(path);
    this.#held.set(path, held);
    held.users++;
    try {
      return await act(await held.file);
    } finally {
      if (--held.users === 0 && held.isLeaving) void close(held);
      if (this.#held.size > this.#bound) this.#closeOldest();
    }
  }

  /** Takes over a file that was opened elsewhere. */
  adopt(path: string, file: DiskFile): void {
    this.forget(path);
    this.#held.set(path, { file: Promise.resolve(file), users: 0, isLeaving: false });
  }

  /** Closes a file as soon as nobody uses it, for its name is about to go. */
  forget(path: string): void {
    const held = this.#held.get(path);
    if (held) void this.#leave(path, held);
  }

  /** Nobody may use a file any more. */
  async closeAll(): Promise<void> {
    await Promise.all([...this.#held].map(([path, held]) => this.#leave(path, held)));
  }

  async #open(path: string): Promise<DiskFile> {
    try {
      const file = await this.#disk.open(path, 'there');
      if (file) return file;
    } catch (error) {
      this.#held.delete(path);
      throw error;
    }
    this.#held.delete(path);
    throw new LogDamagedError(`${this.#disk.shown(path)} is not there, though it was written`);
  }

  async #leave(path: string, held: Held): Promise<void> {
    held.isLeaving = true;
    this.#held.delete(path);
    if (held.users === 0) await close(held);
  }

  #closeOldest(): void {
    for (const [path, held] of this.#held) {
      if (this.#held.size <= this.#bound) return;
      if (held.users === 0) void this.#leave(path, held);
    }
  }
}

/** What was not opened needs no closing, and of a close that fails nothing follows: what had to be durable was synced. */
async function close(held: Held): Promise<void> {
  await held.file.then((file) => file.close()).catch(() => undefined);
}
