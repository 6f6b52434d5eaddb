// The clock of one life of the data plane: its timers end with it, and what the wall shows may jump.

import type { Clock, Timer } from '#base/mod.ts';

export class LifeClock implements Clock {
  readonly #clock: Clock;
  readonly #skew: { readonly ms: number };
  #isOver = false;

  constructor(clock: Clock, skew: { readonly ms: number }) {
    this.#clock = clock;
    this.#skew = skew;
  }

  now(): number {
    return this.#clock.now() + this.#skew.ms;
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(ms: number, run: () => void): Timer {
    return this.#clock.after(ms, () => {
      if (!this.#isOver) run();
    });
  }

  end(): void {
    this.#isOver = true;
  }
}
