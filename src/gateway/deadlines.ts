// The three clocks of a request: its whole life, the start of its response, and the pauses within it.

import type { Clock, Timer } from '#base/mod.ts';
import type { Alarms } from './alarms.ts';
import type { Target } from './control.ts';

export type Lateness = 'total' | 'response-start' | 'idle';

export interface DeadlinePorts {
  readonly clock: Clock;
  readonly alarms: Alarms;
}

/** Runs from the request's arrival at `nowMs`, so waiting for an endpoint counts. Fires at most once. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #totalMs: number;
  #startMs: number;
  readonly #idleMs: number | undefined;
  #lastWriteMs: number;
  #timer: Timer | undefined;
  readonly #onLate: (kind: Lateness) => void;

  constructor(
    { clock, alarms }: DeadlinePorts,
    limits: Pick<Target, 'timeoutMs' | 'responseStartTimeoutMs' | 'idleTimeoutMs'>,
    nowMs: number,
    onLate: (kind: Lateness) => void,
  ) {
    this.#clock = clock;
    this.#onLate = onLate;
    this.#totalMs = limits.timeoutMs > 0 ? nowMs + limits.timeoutMs : Infinity;
    this.#startMs = limits.responseStartTimeoutMs ? nowMs + limits.responseStartTimeoutMs : Infinity;
    this.#idleMs = limits.idleTimeoutMs || undefined;
    this.#lastWriteMs = nowMs;
    const firstMs = shortest(limits);
    if (firstMs !== Infinity) this.#timer = alarms.after(nowMs, firstMs, () => this.#look());
  }

  /** A part of the response went out. */
  wrote(): void {
    this.#startMs = Infinity;
    this.moved();
  }

  /** Something happened that is no part of the response: an upgraded connection waits for that still. */
  moved(): void {
    if (this.#idleMs !== undefined) this.#lastWriteMs = this.#clock.monotonic();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** One timer for all three: it fires where the nearest was, and looks whether that still holds. */
  #arm(nowMs: number): void {
    const { dueMs } = this.#nearest();
    if (dueMs !== Infinity) this.#timer = this.#clock.after(Math.max(0, dueMs - nowMs), () => this.#look());
  }

  #look(): void {
    const nowMs = this.#clock.monotonic();
    const { dueMs, kind } = this.#nearest();
    // A timer may run a fraction of a millisecond early.
    if (dueMs - nowMs < 1) this.#onLate(kind);
    else this.#arm(nowMs);
  }

  #nearest(): { dueMs: number; kind: Lateness } {
    const idleDueMs = this.#idleMs === undefined ? Infinity : this.#lastWriteMs + this.#idleMs;
    const dueMs = Math.min(this.#totalMs, this.#startMs, idleDueMs);
    return { dueMs, kind: dueMs === this.#totalMs ? 'total' : dueMs === this.#startMs ? 'response-start' : 'idle' };
  }
}

/** The first of them that can fire; as the target gives it, so that all its requests stand in one line. */
function shortest({
  timeoutMs,
  responseStartTimeoutMs,
  idleTimeoutMs,
}: Pick<Target, 'timeoutMs' | 'responseStartTimeoutMs' | 'idleTimeoutMs'>): number {
  return Math.min(timeoutMs > 0 ? timeoutMs : Infinity, responseStartTimeoutMs || Infinity, idleTimeoutMs || Infinity);
}
