// The numbers of changes. They are reserved on disk in blocks before any is given out, so that no number is ever given twice.

import type { ObjectDatabase } from '#storage/mod.ts';

/** How many numbers one durable note reserves: a sync in ten thousand writes. */
const BLOCK = 10_000;

export class Revisions {
  readonly #database: Pick<ObjectDatabase, 'reserve'>;
  #next: number;
  #through: number;
  #refilling: Promise<void> | undefined;

  /** `first` is the first number that was never given out. */
  constructor(database: Pick<ObjectDatabase, 'reserve'>, first: number) {
    this.#database = database;
    this.#next = first;
    this.#through = first - 1;
  }

  /** The next number, or undefined where a block has to be reserved first (`refill`). */
  take(): number | undefined {
    if (this.#next > this.#through) return undefined;
    const revision = this.#next++;
    if (this.#through - this.#next < BLOCK / 2) this.refill().catch(() => undefined);
    return revision;
  }

  /** Reserves a block; rejects as the disk does. One at a time however many ask. */
  refill(): Promise<void> {
    this.#refilling ??= this.#reserve().finally(() => {
      this.#refilling = undefined;
    });
    return this.#refilling;
  }

  async #reserve(): Promise<void> {
    const through = Math.max(this.#through, this.#next - 1) + BLOCK;
    await this.#database.reserve(through);
    this.#through = through;
  }
}
