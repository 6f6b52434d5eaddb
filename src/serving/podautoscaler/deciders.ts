// The autoscaling of all revisions over time: fed by the gateway, ticking only while there is something to decide.

import type { AutoscalerSpec, Decision } from '#autoscaler/mod.ts';
import { Decider, TICK_MS } from '#autoscaler/mod.ts';
import type { Clock, Timer } from '#base/mod.ts';
import { equal } from '#base/mod.ts';
import type { GatewayControl } from '#gateway/mod.ts';
import type { ObjectKey } from '#machinery/mod.ts';

interface Kept {
  readonly decider: Decider;
  ready: number;
  /** Monotonic; after that, and without new reports, the decision can no longer change. */
  busyUntil: number;
  /** What the last turn went by. */
  shown: Decision | undefined;
}

/** A gateway tells every second what goes on; before it could, its silence means nothing. */
const BLIND_MS = 3000;

/** Keys are those of PodAutoscalers and of the gateway's targets alike. */
export class Deciders {
  readonly #clock: Clock;
  readonly #gateway: GatewayControl;
  readonly #kept = new Map<ObjectKey, Kept>();
  /** Those whose decision may change by the mere passing of time. */
  readonly #busy = new Set<ObjectKey>();
  #poke: (key: ObjectKey) => void = () => {};
  #timer: Timer | undefined;
  readonly #seesFrom: number;

  constructor(gateway: GatewayControl, clock: Clock) {
    this.#gateway = gateway;
    this.#clock = clock;
    this.#seesFrom = clock.monotonic() + BLIND_MS;
  }

  /** Begins to listen to the gateway; `poke` hears whose decision changed. Returns the stop. */
  listen(poke: (key: ObjectKey) => void): () => void {
    this.#poke = poke;
    const stops = [
      this.#gateway.onWake((key) => this.#wake(key)),
      this.#gateway.onReport((reports) => {
        for (const { target, concurrency, requests } of reports) this.#record(target, concurrency, requests);
      }),
    ];
    return () => {
      for (const stop of stops) stop();
      this.#timer?.cancel();
      this.#timer = undefined;
    };
  }

  /** The decision for a revision as of now. */
  decide(key: ObjectKey, spec: AutoscalerSpec, ready: number): Decision {
    const known = this.#kept.get(key);
    const kept = known ?? { decider: new Decider(spec), ready, busyUntil: -Infinity, shown: undefined };
    this.#kept.set(key, kept);
    if (!equal(kept.decider.spec, spec)) kept.decider.update(spec);
    if (!known || kept.ready !== ready) this.#keepBusy(key, kept);
    kept.ready = ready;
    kept.shown = kept.decider.decide(this.#clock.monotonic(), { ready, blind: this.#isBlind });
    return kept.shown;
  }

  /** What was decided last, and by which settings. */
  last(key: ObjectKey): { readonly spec: AutoscalerSpec; readonly last: Decision } | undefined {
    return this.#kept.get(key)?.decider;
  }

  /** Work waits elsewhere for this second, for so many copies. */
  recordBacklog(key: ObjectKey, copies: number): void {
    const kept = this.#kept.get(key);
    if (!kept) return;
    kept.decider.recordBacklog(this.#clock.monotonic(), copies);
    this.#keepBusy(key, kept);
  }

  forget(key: ObjectKey): void {
    this.#kept.delete(key);
    this.#busy.delete(key);
  }

  /** Revisions whose decisions are looked at again every two seconds. */
  get busy(): number {
    return this.#busy.size;
  }

  get #isBlind(): boolean {
    return this.#clock.monotonic() < this.#seesFrom;
  }

  #wake(key: ObjectKey): void {
    const kept = this.#kept.get(key);
    if (kept) {
      kept.decider.wake(this.#clock.monotonic());
      this.#keepBusy(key, kept);
    }
    this.#poke(key);
  }

  #record(key: ObjectKey, concurrency: number, requests: number): void {
    const kept = this.#kept.get(key);
    if (!kept) return;
    kept.decider.record(this.#clock.monotonic(), { concurrency, requests });
    this.#keepBusy(key, kept);
  }

  /** A report counts for a window, panic lasts for another, and a scale-down may be delayed after that. */
  #keepBusy(key: ObjectKey, kept: Kept): void {
    const { stableWindowMs, scaleDownDelayMs } = kept.decider.spec;
    kept.busyUntil = this.#clock.monotonic() + 2 * stableWindowMs + scaleDownDelayMs + 2 * TICK_MS;
    this.#busy.add(key);
    this.#timer ??= this.#clock.after(TICK_MS, () => this.#tick());
  }

  #tick(): void {
    const now = this.#clock.monotonic();
    for (const key of this.#busy) {
      const kept = this.#kept.get(key);
      if (!kept) continue;
      const decision = kept.decider.decide(now, { ready: kept.ready, blind: this.#isBlind });
      if (kept.shown && changed(kept.shown, decision)) this.#poke(key);
      if (now < kept.busyUntil && !kept.decider.isSettled) continue;
      this.#busy.delete(key);
      kept.decider.rest();
    }
    this.#timer = this.#busy.size > 0 ? this.#clock.after(TICK_MS, () => this.#tick()) : undefined;
  }
}

/** Whether a decision asks for other numbers or another way of requests than the one before. */
function changed(before: Decision, after: Decision): boolean {
  return before.desired !== after.desired || before.excessBurstCapacity < 0 !== after.excessBurstCapacity < 0;
}
