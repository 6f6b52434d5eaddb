// How far a group is done with a partition: everything before the first record that is not done. Pure.

export class Progress {
  /** Taken and not done, in the order of their offsets. */
  readonly #open = new Set<number>();
  #behind: number | undefined;

  /** A record, which comes after all that were taken before. */
  take(offset: number): void {
    this.#open.add(offset);
    this.#behind = offset + 1;
  }

  done(offset: number): void {
    this.#open.delete(offset);
  }

  /** What is to be read next by whoever takes over; undefined where nothing was taken. */
  get next(): number | undefined {
    for (const first of this.#open) return first;
    return this.#behind;
  }
}
