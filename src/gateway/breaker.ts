// One target's slots and the line before them: the only place where a request waits. Never more in an endpoint than the limit.

import type { Clock, Random, Timer } from '#base/mod.ts';
import { chooseSlot } from './choose-slot.ts';
import type { Endpoint, Target, TargetReport } from './control.ts';
import { Load } from './load.ts';
import { Slot } from './slot.ts';

/** How many requests may wait for one target, as for an activator's revision. */
export const MAX_WAITING = 10_000;
/** At least so long may one wait, whatever the target's timeout: the longest that Knative lets a revision have by itself. */
export const MAX_WAIT_MS = 600_000;
/** A wait goes on past the target's timeout by this, so that a request that waits too long hears of its own timeout (504). */
export const AFTER_TIMEOUT_MS = 1000;

export type Denial = 'queue-full' | 'too-many-requests' | 'wait-too-long' | 'target-gone';

/** Who asks for a slot. Both may be called while `ask` still runs. */
export interface Applicant {
  admitted(slot: Slot): void;
  denied(reason: Denial): void;
}

export interface BreakerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
  /** Somebody waits and no endpoint is there. */
  readonly onWake: () => void;
  /** An endpoint takes nothing more and holds nothing any more. */
  readonly onIdleGone: (endpoint: Endpoint) => void;
}

export class Breaker {
  readonly #ports: BreakerPorts;
  #target: Target;
  #slots = new Map<string, Slot>();
  /** Slots of endpoints that are no longer listed, while something is in flight to them. */
  readonly #unlisted = new Map<string, Slot>();
  #open: readonly Slot[] = [];
  readonly #waiting = new Set<Visit>();
  readonly #load: Load;
  #held = 0;
  #turn = 0;
  #requests = 0;
  #spoke = false;
  #closed = false;

  constructor(target: Target, ports: BreakerPorts) {
    this.#target = target;
    this.#ports = ports;
    this.#load = new Load(ports.clock.monotonic());
    this.set(target);
  }

  get target(): Target {
    return this.#target;
  }

  get hasOpenEndpoint(): boolean {
    return this.#open.length > 0;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get inFlight(): number {
    return this.#held;
  }

  /** Whether somebody waits for an endpoint to appear. */
  get longing(): boolean {
    return this.#waiting.size > 0 && this.#open.length === 0;
  }

  /** New facts: endpoints that stay keep their count, and whoever waits is let in where there is room now. */
  set(target: Target): void {
    const before = this.#slots;
    this.#target = target;
    this.#slots = new Map(
      target.endpoints.map((endpoint) => [endpoint.id, this.#slotOf(before.get(endpoint.id), endpoint)]),
    );
    this.#reopen();
    for (const [id, slot] of before) if (this.#slots.get(id) !== slot) this.#unlist(id, slot);
    this.#letIn();
    if (this.longing) this.#ports.onWake();
  }

  /** Whether an endpoint is listed, or still busy. */
  knows(endpointId: string): boolean {
    return this.#slots.has(endpointId) || this.#unlisted.has(endpointId);
  }

  /** Takes an endpoint out of the choice and gives its slot, to wait for its last request. */
  drain(endpointId: string): Slot | undefined {
    const slot = this.#slots.get(endpointId) ?? this.#unlisted.get(endpointId);
    if (!slot) return undefined;
    slot.drained = true;
    this.#reopen();
    this.#whenGone(slot);
    if (this.longing) this.#ports.onWake();
    return slot;
  }

  /** A request comes in; it counts until it leaves. `nowMs` is the clock's monotonic time, for who has just looked. */
  arrive(applicant: Applicant, nowMs: number = this.#ports.clock.monotonic()): Visit {
    this.#requests++;
    this.#load.change(nowMs, 1);
    return new Visit(this, applicant);
  }

  /** Nobody is let in any more; what is in flight may finish. */
  close(): void {
    this.#closed = true;
    for (const visit of this.#waiting) this.#deny(visit, 'target-gone');
    for (const [id, slot] of this.#slots) this.#unlist(id, slot);
    this.#slots.clear();
    this.#reopen();
  }

  /** What happened since the last report, or undefined: silent for a second time. */
  report(key: string): TargetReport | undefined {
    const concurrency = this.#load.take(this.#ports.clock.monotonic());
    const requests = this.#requests;
    this.#requests = 0;
    const speaks = requests > 0 || concurrency > 0 || this.#load.count > 0;
    if (!speaks && !this.#spoke) return undefined;
    this.#spoke = speaks;
    return { target: key, concurrency, requests, waiting: this.#waiting.size, inFlight: this.#held };
  }

  /** @internal For visits. */
  ask(visit: Visit, avoid: Slot | undefined): void {
    if (this.#closed) return visit.applicant.denied('target-gone');
    const slot = this.#waiting.size === 0 ? this.#slotFor(visit, avoid) : undefined;
    if (slot) return this.#admit(visit, slot);
    if (this.#waiting.size >= (this.#target.maxWaiting ?? this.#ports.maxWaiting))
      return visit.applicant.denied(this.#target.fullStatus === 429 ? 'too-many-requests' : 'queue-full');
    this.#waiting.add(visit);
    visit.timer = this.#ports.clock.after(this.#mayWaitMs, () => this.#deny(visit, 'wait-too-long'));
    if (this.#open.length === 0 && this.#waiting.size === 1) this.#ports.onWake();
  }

  /** @internal */
  giveBack(slot: Slot): void {
    this.#held--;
    slot.giveBack();
    this.#letIn();
  }

  /** @internal */
  unwait(visit: Visit): void {
    visit.timer?.cancel();
    this.#waiting.delete(visit);
  }

  /** @internal */
  left(nowMs: number = this.#ports.clock.monotonic()): void {
    this.#load.change(nowMs, -1);
  }

  /** The request's own timeouts end nearly every wait; this ends the others. */
  get #mayWaitMs(): number {
    return Math.max(this.#ports.maxWaitMs, this.#target.timeoutMs + AFTER_TIMEOUT_MS);
  }

  #admit(visit: Visit, slot: Slot): void {
    slot.take();
    this.#held++;
    visit.slot = slot;
    visit.applicant.admitted(slot);
  }

  #deny(visit: Visit, reason: Denial): void {
    this.unwait(visit);
    visit.applicant.denied(reason);
  }

  #letIn(): void {
    while (this.#waiting.size > 0) {
      const [first] = this.#waiting;
      const slot = first && this.#slotFor(first, undefined);
      if (!slot) return;
      this.unwait(first);
      this.#admit(first, slot);
    }
  }

  /** The endpoint with this token, while it takes requests. */
  openSlot(token: string): Slot | undefined {
    return this.#open.find((slot) => slot.token === token);
  }

  #slotFor({ prefers }: Visit, avoid: Slot | undefined): Slot | undefined {
    if (prefers === undefined) return this.#choose(avoid);
    const slot = this.openSlot(prefers);
    const { concurrency } = this.#target;
    const hasRoom = slot !== undefined && (concurrency === 0 || slot.inFlight < concurrency);
    return hasRoom && slot !== avoid ? slot : this.#choose(avoid);
  }

  #choose(avoid: Slot | undefined): Slot | undefined {
    // An only endpoint is no choice, and the most common case.
    if (this.#open.length === 1) return this.#onlyOne();
    const slot = chooseSlot({
      open: this.#open,
      concurrency: this.#target.concurrency,
      random: this.#ports.random,
      turn: this.#turn,
      avoid,
    });
    if (slot && this.#target.concurrency > 0) this.#turn = (this.#open.indexOf(slot) + 1) % this.#open.length;
    return slot;
  }

  #onlyOne(): Slot | undefined {
    const [slot] = this.#open;
    const { concurrency } = this.#target;
    return slot && (concurrency === 0 || slot.inFlight < concurrency) ? slot : undefined;
  }

  #reopen(): void {
    this.#open = [...this.#slots.values()].filter((slot) => !slot.drained && slot.endpoint.state === 'ready');
    this.#turn = 0;
  }

  /** Invariant: an endpoint that keeps its id and address keeps its slot, so what is in flight stays counted. */
  #slotOf(listed: Slot | undefined, endpoint: Endpoint): Slot {
    const slot = listed ?? this.#unlisted.get(endpoint.id);
    if (slot?.endpoint.host !== endpoint.host || slot.endpoint.port !== endpoint.port) return new Slot(endpoint);
    this.#unlisted.delete(endpoint.id);
    slot.endpoint = endpoint;
    if (!listed || endpoint.state === 'draining') slot.drained = false;
    return slot;
  }

  #unlist(id: string, slot: Slot): void {
    this.#unlisted.set(id, slot);
    this.#whenGone(slot);
  }

  #whenGone(slot: Slot): void {
    slot.whenIdle(() => {
      if (this.#unlisted.get(slot.endpoint.id) === slot) this.#unlisted.delete(slot.endpoint.id);
      if (!this.#open.includes(slot)) this.#ports.onIdleGone(slot.endpoint);
    });
  }
}

/** One request's stay: it asks for a slot, may give it back and ask again, and leaves. */
export class Visit {
  readonly applicant: Applicant;
  /** The token of the endpoint that it would rather go to than to any other. */
  prefers: string | undefined;
  slot: Slot | undefined;
  timer: Timer | undefined;
  readonly #breaker: Breaker;
  #left = false;
  #upgraded = false;

  constructor(breaker: Breaker, applicant: Applicant) {
    this.#breaker = breaker;
    this.applicant = applicant;
  }

  /** The applicant hears `admitted` or `denied`, at once or later. `avoid` is taken only if there is no other. */
  ask(avoid?: Slot): void {
    this.#breaker.ask(this, avoid);
  }

  /** Whether the endpoint it prefers takes requests. */
  get hasPreferred(): boolean {
    return this.prefers !== undefined && this.#breaker.openSlot(this.prefers) !== undefined;
  }

  /** The request turned into a connection that lives on its own. */
  switched(): void {
    this.#upgraded = true;
    this.slot?.upgrade();
  }

  /** Gives the slot back, to ask again. */
  giveBack(): void {
    const slot = this.slot;
    this.slot = undefined;
    if (slot && this.#upgraded) slot.upgraded--;
    if (slot) this.#breaker.giveBack(slot);
  }

  /** Ends the stay, waiting or holding. Doing it again changes nothing. `nowMs` as for `arrive`. */
  leave(nowMs?: number): void {
    if (this.#left) return;
    this.#left = true;
    this.#breaker.unwait(this);
    this.#breaker.left(nowMs);
    this.giveBack();
  }
}
