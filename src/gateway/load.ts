// How many requests there were at once, averaged over time.

/** A count that changes, and its time-weighted average since it was last taken. */
export class Load {
  #count = 0;
  #area = 0;
  #changedMs: number;
  #takenMs: number;

  constructor(nowMs: number) {
    this.#changedMs = nowMs;
    this.#takenMs = nowMs;
  }

  get count(): number {
    return this.#count;
  }

  change(nowMs: number, by: number): void {
    this.#area += this.#count * (nowMs - this.#changedMs);
    this.#changedMs = nowMs;
    this.#count += by;
  }

  /** The average since the last taking; the count itself where no time has passed. */
  take(nowMs: number): number {
    this.change(nowMs, 0);
    const spanMs = nowMs - this.#takenMs;
    const average = spanMs > 0 ? this.#area / spanMs : this.#count;
    this.#area = 0;
    this.#takenMs = nowMs;
    return average;
  }
}
