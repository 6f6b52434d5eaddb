// Bytes that arrived and must be kept a while, in one growing buffer.

const NOTHING: Buffer = Buffer.alloc(0);

/** Grows by doubling, so that bytes coming one by one are not copied each time. */
export class HeldBytes {
  #buffer = NOTHING;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What is held; they stay as they are when it is cleared, not when more is added. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  add(chunk: Uint8Array, from = 0, to: number = chunk.length): void {
    const length = this.#length + to - from;
    if (length > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#buffer.length));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    this.#buffer.set(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to), this.#length);
    this.#length = length;
  }

  clear(): void {
    this.#buffer = NOTHING;
    this.#length = 0;
  }
}
