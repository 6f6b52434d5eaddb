// A clock that moves only when told to. Timers run in the order of their due time, then of their making.

import type { Clock, Timer } from './clock.ts';

interface Pending {
  readonly due: number;
  readonly order: number;
  readonly run: () => void;
}

export class VirtualClock implements Clock {
  #now: number;
  /** By how much the wall is ahead of what has passed. */
  #ahead = 0;
  #order = 0;
  #pending: Pending[] = [];

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now + this.#ahead;
  }

  monotonic(): number {
    return this.#now;
  }

  /** Somebody sets the wall clock; no time passes. */
  jump(ms: number): void {
    this.#ahead += ms;
  }

  /** When the next timer is due, by the monotonic clock; undefined when none is set. */
  get nextDue(): number | undefined {
    return this.#pending[0]?.due;
  }

  after(ms: number, run: () => void): Timer {
    const entry: Pending = { due: this.#now + Math.max(0, ms), order: this.#order++, run };
    const at = this.#pending.findIndex((other) => other.due > entry.due);
    if (at < 0) this.#pending.push(entry);
    else this.#pending.splice(at, 0, entry);
    return {
      cancel: () => {
        const index = this.#pending.indexOf(entry);
        if (index >= 0) this.#pending.splice(index, 1);
      },
    };
  }

  /** Moves time forward by `ms`; every timer that falls due runs at its own moment, and promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#pending[0]; next && next.due <= end; next = this.#pending[0]) {
      this.#pending.shift();
      this.#now = Math.max(this.#now, next.due);
      next.run();
      await settle();
    }
    this.#now = end;
  }
}

/** Lets every promise reaction that is already runnable run, without real time passing. */
export async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
