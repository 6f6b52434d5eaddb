// A bounded queue in which those who ask take turns: who asks for much waits for their own work, not others for theirs. Pure.

export class Turns<T> {
  readonly #max: number;
  /** The work of each who has some, in the order in which they are served next. */
  readonly #waiting = new Map<string, T[]>();
  #size = 0;

  /** `max`: of all together. */
  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  /** False where there is no room. */
  add(who: string, work: T): boolean {
    if (this.#size >= this.#max) return false;
    const own = this.#waiting.get(who);
    if (own) own.push(work);
    else this.#waiting.set(who, [work]);
    this.#size++;
    return true;
  }

  /** The work whose turn it is; who still has some goes to the end. */
  next(): T | undefined {
    for (const [who, own] of this.#waiting) {
      const work = own.shift();
      this.#waiting.delete(who);
      if (own.length > 0) this.#waiting.set(who, own);
      if (work === undefined) continue;
      this.#size--;
      return work;
    }
    return undefined;
  }
}
