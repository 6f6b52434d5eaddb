// One revision's autoscaling over time: what was reported, and what is decided from it.

import type { Decision, DecisionState } from './decide.ts';
import { decide, initialDecision, initialState, TICK_MS } from './decide.ts';
import type { AutoscalerSpec } from './spec.ts';
import { panicWindowMs, targetOf } from './spec.ts';
import { Window } from './windows.ts';

/** What one reporter saw during one second. */
export interface Load {
  /** Time-weighted average of requests in flight or waiting. */
  readonly concurrency: number;
  /** Requests that arrived. */
  readonly requests: number;
}

interface Pair {
  readonly stable: Window;
  readonly panic: Window;
}

/** Holds windows and state. Reporters may leave zeros out: a second without a record counts as one. */
export class Decider {
  #spec: AutoscalerSpec;
  #concurrency: Pair;
  #rps: Pair;
  #state: DecisionState | undefined;
  #last: Decision;
  /** When a copy became ready for the first time; undefined while none was, -Infinity where that was before our time. */
  #readySinceMs: number | undefined;
  #met = false;
  /** What `wake` recorded ahead of the report that will count the same request. */
  #ahead: Load = { concurrency: 0, requests: 0 };

  constructor(spec: AutoscalerSpec) {
    this.#spec = spec;
    this.#concurrency = pair(spec);
    this.#rps = pair(spec);
    this.#last = initialDecision(spec);
  }

  get spec(): AutoscalerSpec {
    return this.#spec;
  }

  /** The decision that stands. */
  get last(): Decision {
    return this.#last;
  }

  /** New settings; what was recorded is kept as far as it fits. */
  update(spec: AutoscalerSpec): void {
    this.#spec = spec;
    this.#concurrency = resized(this.#concurrency, spec);
    this.#rps = resized(this.#rps, spec);
  }

  /** Takes a report of the second of `nowMs`; several for one second add up. */
  record(nowMs: number, load: Load): void {
    const concurrency = Math.max(0, load.concurrency - this.#ahead.concurrency);
    const requests = Math.max(0, load.requests - this.#ahead.requests);
    this.#ahead = { concurrency: 0, requests: 0 };
    this.#add(nowMs, { concurrency, requests });
  }

  /** Counts work that waits elsewhere, as much as would keep so many copies busy for the second of `nowMs`. */
  recordBacklog(nowMs: number, copies: number): void {
    const load = copies * targetOf(this.#spec);
    this.#add(nowMs, { concurrency: load, requests: load });
  }

  /** A first request waits: counts it at once and takes it off the next report, as an activator does. */
  wake(nowMs: number): void {
    if (this.#ahead.requests > 0) return;
    this.#ahead = { concurrency: 1, requests: 1 };
    this.#add(nowMs, this.#ahead);
  }

  /** Decides on what was seen until `nowMs`. `blind`: reports cannot arrive, so silence means nothing. */
  decide(nowMs: number, { ready, blind = false }: { ready: number; blind?: boolean }): Decision {
    const { stable, panic } = this.#spec.metric === 'rps' ? this.#rps : this.#concurrency;
    const unseen = blind || this.#isYoung(nowMs, ready);
    if (!unseen) for (const window of [stable, panic]) window.fillSilence(nowMs);
    const average = (window: Window) =>
      unseen && window.isEmpty(nowMs) ? undefined : window.average(nowMs, this.#spec.aggregation);
    const before = this.#state ?? initialState(nowMs, ready);
    const { decision, state } = decide(this.#spec, before, {
      nowMs,
      ready,
      stable: average(stable),
      panic: average(panic),
    });
    this.#state = state;
    this.#last = decision;
    return decision;
  }

  /** Whether only a new report could change the decision: nothing is wanted, and nothing was seen. */
  get isSettled(): boolean {
    const { desired, stable, panic, panicking } = this.#last;
    return desired === 0 && stable === 0 && panic === 0 && !panicking;
  }

  /** To be told of one that will not be asked for a while: gives back what memory it can. */
  rest(): void {
    for (const window of this.#windows) window.tidy();
  }

  get #windows(): readonly Window[] {
    return [this.#concurrency, this.#rps].flatMap(({ stable, panic }) => [stable, panic]);
  }

  /** The first copies are given a moment for requests to come before their silence counts: an initial scale stands so long. */
  #isYoung(nowMs: number, ready: number): boolean {
    if (ready > 0) this.#readySinceMs ??= this.#met ? nowMs : -Infinity;
    this.#met = true;
    return this.#readySinceMs !== undefined && nowMs - this.#readySinceMs < TICK_MS;
  }

  #add(nowMs: number, load: Load): void {
    for (const window of [this.#concurrency.stable, this.#concurrency.panic]) window.record(nowMs, load.concurrency);
    for (const window of [this.#rps.stable, this.#rps.panic]) window.record(nowMs, load.requests);
  }
}

function pair(spec: AutoscalerSpec): Pair {
  return { stable: new Window(spec.stableWindowMs), panic: new Window(panicWindowMs(spec)) };
}

function resized({ stable, panic }: Pair, spec: AutoscalerSpec): Pair {
  const wanted = pair(spec);
  return {
    stable: stable.seconds === wanted.stable.seconds ? stable : stable.resized(spec.stableWindowMs),
    panic: panic.seconds === wanted.panic.seconds ? panic : panic.resized(panicWindowMs(spec)),
  };
}
