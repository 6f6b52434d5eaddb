// How long invocations are kept: by time, bytes and number. What is not over is never forgotten; where it lies in the way of the
// bound it moves to the end of the log.

import type { Clock, Timer } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import type { EventLog } from '#events/mod.ts';
import { retain } from '#events/mod.ts';
import { STREAM } from './stream.ts';
import type { Invocation, Ledger } from './ledger.ts';
import type { Bounds } from './words.ts';

/** How soon the bounds are looked at: after an invocation has ended, and where none does. */
const SOON_MS = 1000;
const EXPIRE_MS = 60_000;
/** How many move at one time. */
const MOVES = 1000;

export interface KeepingPorts {
  readonly clock: Clock;
  readonly log: EventLog;
  readonly bounds: Bounds;
  readonly ledger: Ledger;
  readonly move: (invocation: Invocation) => Promise<void>;
  readonly onTrouble: (message: string, fields: Record<string, unknown>) => void;
}

export class Keeping {
  readonly #ports: KeepingPorts;
  #timer: Timer | undefined;
  #isSoon = false;
  #trimming: Promise<void> | undefined;
  #isClosed = false;

  constructor(ports: KeepingPorts) {
    this.#ports = ports;
  }

  begin(): void {
    this.#trimAfter(SOON_MS);
  }

  trimSoon(): void {
    if (!this.#isSoon && !this.#trimming) this.#trimAfter(SOON_MS);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#trimming;
  }

  #trimAfter(ms: number): void {
    if (this.#isClosed) return;
    this.#timer?.cancel();
    this.#isSoon = ms <= SOON_MS;
    this.#timer = this.#ports.clock.after(ms, () => {
      this.#isSoon = false;
      this.#trimming = this.#trim()
        .catch((error: unknown) => {
          if (!this.#isClosed)
            this.#ports.onTrouble('invocations that are old could not be let go', { error: messageOf(error) });
        })
        .finally(() => {
          this.#trimming = undefined;
          if (this.#ports.ledger.size > 0) this.#trimAfter(EXPIRE_MS);
        });
    });
  }

  async #trim(): Promise<void> {
    const { log, clock, ledger, bounds } = this.#ports;
    const enough = ledger.offsetFromEnd(bounds.kept) ?? 0;
    await this.#makeWay(Math.max(enough, await log.offsetWithin(STREAM, bounds.keptBytes)));
    const { next } = await log.bounds(STREAM);
    const keep = ledger.oldestOpen?.offset ?? next;
    await retain(log, STREAM, { ms: bounds.keptMs, bytes: bounds.keptBytes }, { now: clock.now(), keep });
    const excess = ledger.offsetFromEnd(bounds.kept);
    if (excess !== undefined) await log.trim(STREAM, Math.min(excess, ledger.oldestOpen?.offset ?? next));
    ledger.forgetBefore((await log.bounds(STREAM)).first);
  }

  /** What is not over, and lies before the offset from which the log has as many bytes as it may. */
  async #makeWay(offset: number): Promise<void> {
    const { ledger, move } = this.#ports;
    let moved: Invocation | undefined;
    for (let moves = 0; moves < MOVES && !this.#isClosed; moves++) {
      const oldest = ledger.oldestOpen;
      // What could not be moved, as one whose result is being sent, holds up the rest.
      if (!oldest || oldest === moved || oldest.offset >= offset) return;
      moved = oldest;
      await move(oldest);
    }
  }
}
