// Where in a segment which offset is, about every 64 KB: 24 bytes for each place, so a gigabyte of backlog takes 400 KB.

export interface Place {
  /** Where a batch begins. */
  readonly at: number;
  /** Offset of its first record. */
  readonly offset: number;
  /** When it was written, milliseconds. */
  readonly time: number;
}

const STRIDE = 64 * 1024;

export class SparseIndex {
  readonly #at: number[] = [];
  readonly #offsets: number[] = [];
  readonly #times: number[] = [];

  /** Batches come in order; most are left out. */
  add(at: number, offset: number, time: number): void {
    const last = this.#at.at(-1);
    if (last !== undefined && at < last + STRIDE) return;
    this.#at.push(at);
    this.#offsets.push(offset);
    this.#times.push(time);
  }

  /** The last place that is kept at or before this offset; undefined where none is. */
  byOffset(offset: number): Place | undefined {
    return this.#place(lastNotAbove(this.#offsets, offset));
  }

  /** The last place that is kept before this time. */
  beforeTime(time: number): Place | undefined {
    return this.#place(firstNotBelow(this.#times, time) - 1);
  }

  /** The last place that is kept at or before this place of the file. */
  byPlace(at: number): Place | undefined {
    return this.#place(lastNotAbove(this.#at, at));
  }

  #place(index: number): Place | undefined {
    const at = this.#at[index];
    const offset = this.#offsets[index];
    const time = this.#times[index];
    return at === undefined || offset === undefined || time === undefined ? undefined : { at, offset, time };
  }
}

/** Index of the first value that is at least this; their count where none is. Values never fall. */
function firstNotBelow(values: readonly number[], value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the last value that is at most this; -1 where none is. */
function lastNotAbove(values: readonly number[], value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
