// Averages over the last seconds. Values of one second are summed, for they come from different reporters.

import { SECOND_MS } from '#base/mod.ts';

/** How the seconds of a window count: each alike, or the newer the more. */
export type Aggregation = 'linear' | 'weighted-exponential';

/** The weights of a full exponential window sum up to at least this… */
const WEIGHT_PRECISION = 0.9999;
/** …unless the window is so long that they would come near to a plain average. */
const MIN_DECAY = 0.2;
const DIGITS = 1e6;

/** What an idle window has: reads as zeros, and takes no memory of its own. */
const NO_BUCKETS = new Float64Array(0);

/** A ring of one-second buckets, which are there while they hold anything. */
export class Window {
  readonly seconds: number;
  #buckets = NO_BUCKETS;
  #first = -Infinity;
  #last = -Infinity;

  /** `windowMs` is rounded up to whole seconds. */
  constructor(windowMs: number) {
    this.seconds = Math.max(1, Math.ceil(windowMs / SECOND_MS));
  }

  /** Adds to the second of `nowMs`. What is older than the window is too late to count. */
  record(nowMs: number, value: number): void {
    const second = Math.floor(nowMs / SECOND_MS);
    if (second > this.#last) this.#forward(second);
    else if (second <= this.#last - this.seconds) return;
    this.#first = Math.min(this.#first, second);
    if (value === 0) return;
    if (this.#buckets.length === 0) this.#buckets = new Float64Array(this.seconds);
    this.#buckets[second % this.seconds] = this.#at(second) + value;
  }

  /** Gives back the memory of a window that holds nothing but zeros. */
  tidy(): void {
    if (this.#buckets.every((value) => value === 0)) this.#buckets = NO_BUCKETS;
  }

  /** Whether nothing was recorded within the window that ends at `nowMs`. */
  isEmpty(nowMs: number): boolean {
    return Math.floor(nowMs / SECOND_MS) - this.#last >= this.seconds;
  }

  /**
   * Counts the seconds since the last record as zeros, for those who report only what is not zero. The
   * second of `nowMs` itself is left open, and an empty window stays empty.
   */
  fillSilence(nowMs: number): void {
    const before = Math.floor(nowMs / SECOND_MS) - 1;
    if (before > this.#last && !this.isEmpty(nowMs)) this.#forward(before);
  }

  /** The average at `nowMs`, to six digits; 0 where the window is empty. */
  average(nowMs: number, aggregation: Aggregation): number {
    if (this.isEmpty(nowMs)) return 0;
    const value = aggregation === 'linear' ? this.#linear(nowMs) : this.#exponential(nowMs);
    return Math.round(value * DIGITS) / DIGITS;
  }

  /** A window of another length with what fits in it of this one. */
  resized(windowMs: number): Window {
    const other = new Window(windowMs);
    if (this.#last === -Infinity) return other;
    const from = Math.max(this.#first, this.#last - Math.min(this.seconds, other.seconds) + 1);
    for (let second = from; second <= this.#last; second++) other.record(second * SECOND_MS, this.#at(second));
    return other;
  }

  /** A young window is divided by its life, one that fell silent by what is left of it (§4.2). */
  #linear(nowMs: number): number {
    const idle = Math.max(0, Math.floor(nowMs / SECOND_MS) - this.#last);
    const valid = Math.min(this.seconds - idle, this.#last - this.#first + 1);
    let sum = 0;
    for (let back = 0; back < this.seconds - idle; back++) sum += this.#at(this.#last - back);
    return sum / valid;
  }

  #exponential(nowMs: number): number {
    const decay = Math.max(1 - (1 - WEIGHT_PRECISION) ** (1 / this.seconds), MIN_DECAY);
    const idle = Math.max(0, Math.floor(nowMs / SECOND_MS) - this.#last);
    let weight = decay * (1 - decay) ** idle;
    let sum = 0;
    for (let back = 0; back < this.seconds - idle; back++) {
      sum += this.#at(this.#last - back) * weight;
      weight *= 1 - decay;
    }
    return sum;
  }

  #forward(second: number): void {
    if (second - this.#last >= this.seconds) {
      this.#buckets.fill(0);
      this.#first = second;
    } else if (this.#buckets.length > 0) {
      for (let empty = this.#last + 1; empty <= second; empty++) this.#buckets[empty % this.seconds] = 0;
    }
    this.#last = second;
  }

  #at(second: number): number {
    return this.#buckets[((second % this.seconds) + this.seconds) % this.seconds] ?? 0;
  }
}
