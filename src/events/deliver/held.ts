// How many bytes of events may be in memory for deliveries, over all consumers.

/** Bytes for one consumer: some hundred events of a usual size, so that its deliveries never wait for a read. */
const SHARE_BYTES = 4 * 1024 * 1024;
const ALL_BYTES = 96 * 1024 * 1024;

/** Counts what is held. Whoever holds nothing may always take one event, so that nobody starves. */
export class Held {
  readonly #all: number;
  readonly #share: number;
  #bytes = 0;

  constructor(all = ALL_BYTES, share = SHARE_BYTES) {
    this.#all = all;
    this.#share = share;
  }

  /** Whether one who holds `own` bytes may take so many more. */
  allows(own: number, bytes: number): boolean {
    return own === 0 || (own + bytes <= this.#share && this.#bytes + bytes <= this.#all);
  }

  take(bytes: number): void {
    this.#bytes += bytes;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}
