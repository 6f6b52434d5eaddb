// How long ago something was, of which only the wall time was written down, though the wall clock may have been set since.

import type { Clock } from './clock.ts';

interface Seen {
  /** How long ago it was when it was first seen, and when that was by the monotonic clock. */
  readonly agoMs: number;
  readonly atMs: number;
}

/** More than there are conditions with deadlines; what was not asked for longest is forgotten first. */
const MAX_SEEN = 20_000;

/**
 * The wall clock is believed once for each stamp, when it is first asked for; from there on the monotonic clock counts. So an
 * hour by which the wall clock is set forward ends no deadline, and one back does not put it off.
 */
export class Elapsed {
  readonly #clock: Clock;
  readonly #seen = new Map<string, Seen>();
  /** By the monotonic clock: what was before, this process knows by stamps alone. */
  readonly #beganMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#beganMs = clock.monotonic();
  }

  /** Milliseconds since a stamp, never below 0; 0 for what is none. `about` names whose stamp it is. */
  since(about: string, stamp: string): number {
    const name = `${about} ${stamp}`;
    const nowMs = this.#clock.monotonic();
    const agoMs = Math.max(0, this.#clock.now() - Date.parse(stamp)) || 0;
    const seen = this.#seen.get(name) ?? { agoMs, atMs: nowMs };
    this.#seen.delete(name);
    this.#seen.set(name, seen);
    if (this.#seen.size > MAX_SEEN) this.#forgetOldest();
    return seen.agoMs + nowMs - seen.atMs;
  }

  /**
   * The same without what was before this began: for deadlines of progress. While the platform was switched off nothing was tried,
   * and nobody knows for how long before that it was.
   */
  whileUp(about: string, stamp: string): number {
    return Math.min(this.since(about, stamp), this.#clock.monotonic() - this.#beganMs);
  }

  #forgetOldest(): void {
    const [oldest] = this.#seen.keys();
    if (oldest !== undefined) this.#seen.delete(oldest);
  }
}
