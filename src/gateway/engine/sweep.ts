// One coarse timer for many connections: due times are counted in sweeps, so setting one costs no call and no timer.

import type { Clock } from '#base/mod.ts';

/** Something that is told when its time has come. */
export interface Swept {
  /** The sweep at which it is late; Infinity: never. */
  dueSweep: number;
  late(): void;
}

/** Sweeps over its members while there are any. Times are met to the next sweep, never before. */
export class Sweep {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #members = new Set<Swept>();
  readonly #onSweep: () => void;
  #now = 0;
  #sweeping = false;

  constructor(clock: Clock, everyMs: number, onSweep: () => void = () => {}) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#onSweep = onSweep;
  }

  /** The sweep at which something that is given `ms` from now is late. */
  after(ms: number): number {
    return this.#now + Math.ceil(ms / this.#everyMs) + 1;
  }

  add(member: Swept): void {
    this.#members.add(member);
    if (!this.#sweeping) this.#plan();
  }

  remove(member: Swept): void {
    this.#members.delete(member);
  }

  readonly #sweep = (): void => {
    this.#now++;
    this.#onSweep();
    for (const member of this.#members) {
      if (member.dueSweep > this.#now) continue;
      member.dueSweep = Infinity;
      member.late();
    }
    this.#sweeping = false;
    if (this.#members.size > 0) this.#plan();
  };

  #plan(): void {
    this.#sweeping = true;
    this.#clock.after(this.#everyMs, this.#sweep);
  }
}
