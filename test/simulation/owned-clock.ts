// A clock that counts the timers of one owner, so that a leak can be laid at somebody's door.

import type { Clock, Timer } from '#base/mod.ts';

export class OwnedClock implements Clock {
  readonly #clock: Clock;
  readonly #pending = new Set<object>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Timers that are set now. */
  get pending(): number {
    return this.#pending.size;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(ms: number, run: () => void): Timer {
    const entry = {};
    this.#pending.add(entry);
    const timer = this.#clock.after(ms, () => {
      this.#pending.delete(entry);
      run();
    });
    return {
      cancel: () => {
        this.#pending.delete(entry);
        timer.cancel();
      },
    };
  }
}
