// The queue of one controller: a set of keys, one turn at a time for each, again later for those that failed.

import type { Backoff, Calm, Clock, Timer } from '#base/mod.ts';
import { backoffMs } from '#base/mod.ts';
import type { ObjectKey } from '#machinery/mod.ts';

/** How a turn ended, as the queue needs to know it. */
export type TurnOutcome =
  | { readonly outcome: 'settled' }
  | { readonly outcome: 'again'; readonly afterMs: number }
  /** Another turn once the machine has a moment. */
  | { readonly outcome: 'lingers'; readonly ms: number }
  | { readonly outcome: 'failed' };

/** Who counts what goes through a queue. */
export interface QueueWatch {
  /** A key that did not wait yet waits now. */
  added(): void;
  taken(waitedMs: number): void;
  done(tookMs: number): void;
  retried(): void;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Tells when what lingers has its turn. */
  readonly calm: Calm;
  /** Turns at once, for different keys. */
  readonly concurrency: number;
  /** Takes one turn. What it throws counts as failed. */
  readonly turn: (key: ObjectKey) => Promise<TurnOutcome>;
  readonly watch?: QueueWatch;
}

/** As client-go's workqueue: what fails is tried again after 5 ms, 10 ms, … at most 1000 s. */
const KEY_BACKOFF: Backoff = { firstMs: 5, maxMs: 1_000_000, factor: 2 };
/** All keys together may fail this often at once and then ten times a second, so that one fault in the world makes no storm. */
const RETRY_BURST = 100;
const RETRY_EVERY_MS = 100;

/** Bounded by the number of keys there are: a key is in it at most once. */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #calm: Calm;
  readonly #concurrency: number;
  readonly #turn: WorkQueueOptions['turn'];
  readonly #watch: QueueWatch | undefined;
  /** Since when. */
  readonly #waiting = new Map<ObjectKey, number>();
  readonly #running = new Map<ObjectKey, number>();
  readonly #delayed = new Map<ObjectKey, { readonly due: number; readonly timer: Timer }>();
  /** Keys that leave a busy machine to others for a while. */
  readonly #lingering = new Map<ObjectKey, Timer>();
  readonly #failures = new Map<ObjectKey, number>();
  #retrySlot = -Infinity;
  #open = true;
  #idle: (() => void)[] = [];

  constructor({ clock, calm, concurrency, turn, watch }: WorkQueueOptions) {
    this.#clock = clock;
    this.#calm = calm;
    this.#concurrency = concurrency;
    this.#turn = turn;
    this.#watch = watch;
  }

  /** Keys that wait for a turn now. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** For each turn in hand, since when by the monotonic clock. */
  get runningSince(): Iterable<number> {
    return this.#running.values();
  }

  /** Asks for a turn. A key that has its turn just now gets another one after it. */
  add(key: ObjectKey): void {
    if (!this.#open) return;
    if (!this.#waiting.has(key)) {
      this.#waiting.set(key, this.#clock.monotonic());
      this.#watch?.added();
    }
    this.#next();
  }

  /** Asks for a turn after `ms`; of several such wishes the earliest counts. */
  addAfter(key: ObjectKey, ms: number): void {
    if (!this.#open) return;
    if (ms <= 0) return this.add(key);
    const due = this.#clock.monotonic() + ms;
    const before = this.#delayed.get(key);
    if (before && before.due <= due) return;
    before?.timer.cancel();
    const timer = this.#clock.after(ms, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { due, timer });
  }

  /**
   * Asks for a turn after `ms`, on a busy machine later (`Calm`): what changes until then is served by the same turn, and by any
   * that the key has before.
   */
  linger(key: ObjectKey, ms: number): void {
    if (ms <= 0) return this.add(key);
    if (!this.#open || this.#lingering.has(key)) return;
    const timer = this.#calm.after(ms, () => {
      this.#lingering.delete(key);
      this.add(key);
    });
    this.#lingering.set(key, timer);
  }

  /** Every key that waits for its time gets its turn now: whoever reckoned with the wall clock reckons anew. */
  hurry(): void {
    for (const [key, { timer }] of this.#delayed) {
      timer.cancel();
      this.#delayed.delete(key);
      this.add(key);
    }
  }

  /** Takes no more; resolves when the turns in hand are over. */
  async close(): Promise<void> {
    this.#open = false;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    for (const timer of this.#lingering.values()) timer.cancel();
    this.#delayed.clear();
    this.#lingering.clear();
    this.#waiting.clear();
    if (this.#running.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #next(): void {
    for (const [key, since] of this.#waiting) {
      if (this.#running.size >= this.#concurrency) return;
      if (this.#running.has(key)) continue;
      this.#waiting.delete(key);
      const now = this.#clock.monotonic();
      this.#running.set(key, now);
      this.#watch?.taken(now - since);
      void this.#take(key);
    }
  }

  async #take(key: ObjectKey): Promise<void> {
    await Promise.resolve(); // Everyone who listens to the change that brought us here shall have heard it.
    this.#waiting.delete(key);
    this.#lingering.get(key)?.cancel();
    this.#lingering.delete(key);
    const end = await this.#turn(key).catch((): TurnOutcome => ({ outcome: 'failed' }));
    this.#watch?.done(this.#clock.monotonic() - (this.#running.get(key) ?? 0));
    this.#running.delete(key);
    if (end.outcome === 'failed') this.addAfter(key, this.#retryDelay(key));
    else this.#failures.delete(key);
    if (end.outcome === 'again') this.addAfter(key, end.afterMs);
    if (end.outcome === 'lingers') this.linger(key, end.ms);
    this.#next();
    if (this.#running.size === 0) for (const wake of this.#idle.splice(0)) wake();
  }

  #retryDelay(key: ObjectKey): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.#watch?.retried();
    return Math.max(backoffMs(KEY_BACKOFF, failures), this.#retryTurn());
  }

  /** A token bucket, told as the moment at which the next token falls due. */
  #retryTurn(): number {
    const now = this.#clock.monotonic();
    this.#retrySlot = Math.max(this.#retrySlot + RETRY_EVERY_MS, now - RETRY_BURST * RETRY_EVERY_MS);
    return Math.max(0, this.#retrySlot - now);
  }
}
