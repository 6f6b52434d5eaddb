// A bounded queue between one who pushes within a change and one who reads at leisure.

/** Ends by `end`, by `fail`, or by itself when it is full: what was pushed before is still read. */
export class EventBuffer<T> implements AsyncIterable<T> {
  readonly #bound: number;
  readonly #items: T[] = [];
  #waiting: (() => void) | undefined;
  #ended = false;
  #error: unknown;

  constructor(bound: number) {
    this.#bound = bound;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** False where the item was not taken: the buffer is full (and ends by that) or has ended. */
  push(item: T): boolean {
    if (this.#ended) return false;
    if (this.#items.length >= this.#bound) {
      this.end();
      return false;
    }
    this.#items.push(item);
    this.#wake();
    return true;
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** The reader gets what is there, then the error. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#error = error;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (;;) {
      for (const item of this.#items.splice(0)) yield item;
      if (this.#items.length > 0) continue;
      if (this.#ended) break;
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    if (this.#error !== undefined) throw this.#error;
  }

  #wake(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }
}
