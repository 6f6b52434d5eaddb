// All targets' breakers: where requests come in, wakes and reports go out, and endpoints are drained.

import type { Clock, Random } from '#base/mod.ts';
import type { Applicant, Visit } from './breaker.ts';
import { Breaker, MAX_WAIT_MS, MAX_WAITING } from './breaker.ts';
import type { Endpoint, Target, TargetReport } from './control.ts';

/** How long an endpoint on its way out keeps upgraded connections before it is told to stop and may say goodbye on them itself. */
export const UPGRADED_GRACE_MS = 30_000;

export interface ActivatorPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly onWake: (target: string) => void;
  /** Nothing goes to this endpoint any more. */
  readonly onIdleGone: (endpoint: Endpoint) => void;
  readonly maxWaiting?: number;
  readonly maxWaitMs?: number;
}

export class Activator {
  readonly #ports: ActivatorPorts;
  readonly #breakers = new Map<string, Breaker>();
  /** Whose an endpoint is, until nothing is in flight to it. */
  readonly #owners = new Map<string, Breaker>();

  constructor(ports: ActivatorPorts) {
    this.#ports = ports;
  }

  set(key: string, target: Target | undefined): void {
    const breaker = this.#breakers.get(key);
    if (!target) {
      this.#breakers.delete(key);
      breaker?.close();
      return;
    }
    const owner = breaker ?? this.#make(key, target);
    this.#breakers.set(key, owner);
    for (const { id } of target.endpoints) this.#owners.set(id, owner);
    breaker?.set(target);
  }

  target(key: string): Target | undefined {
    return this.#breakers.get(key)?.target;
  }

  hasOpenEndpoint(key: string): boolean {
    return this.#breakers.get(key)?.hasOpenEndpoint ?? false;
  }

  /** Whether an endpoint of this target has this token and takes requests. */
  holds(key: string, token: string): boolean {
    return this.#breakers.get(key)?.openSlot(token) !== undefined;
  }

  /** Undefined: no such target. */
  arrive(key: string, applicant: Applicant, nowMs?: number): Visit | undefined {
    return this.#breakers.get(key)?.arrive(applicant, nowMs);
  }

  /** Resolves with what is still in flight: 0, or more where the deadline came first, or only upgraded connections are left. */
  drain(endpointId: string, deadlineMs: number): Promise<{ left: number }> {
    const slot = this.#owners.get(endpointId)?.drain(endpointId);
    if (!slot) return Promise.resolve({ left: 0 });
    return new Promise((resolve) => {
      const undo: (() => void)[] = [];
      const done = () => {
        for (const step of undo) step();
        resolve({ left: slot.inFlight });
      };
      const after = (ms: number, run: () => void) => {
        const timer = this.#ports.clock.after(ms, run);
        undo.push(() => timer.cancel());
      };
      after(deadlineMs, done);
      // Connections that only the application knows how to end leave it time for that.
      if (deadlineMs > UPGRADED_GRACE_MS) after(UPGRADED_GRACE_MS, () => undo.push(slot.whenQuiet(done)));
      undo.push(slot.whenIdle(done));
    });
  }

  /** Targets with traffic or that just fell silent; wakes again those that still wait for an endpoint. */
  report(): TargetReport[] {
    const reports: TargetReport[] = [];
    for (const [key, breaker] of this.#breakers) {
      const report = breaker.report(key);
      if (report) reports.push(report);
      if (breaker.longing) this.#ports.onWake(key);
    }
    return reports;
  }

  /** How many requests wait and are in flight now. */
  levels(): { target: Target; waiting: number; inFlight: number }[] {
    return [...this.#breakers.values()].map(({ target, waiting, inFlight }) => ({ target, waiting, inFlight }));
  }

  #make(key: string, target: Target): Breaker {
    const { clock, random, maxWaiting = MAX_WAITING, maxWaitMs = MAX_WAIT_MS } = this.#ports;
    return new Breaker(target, {
      clock,
      random,
      maxWaiting,
      maxWaitMs,
      onWake: () => this.#ports.onWake(key),
      onIdleGone: (endpoint) => this.#gone(endpoint),
    });
  }

  #gone(endpoint: Endpoint): void {
    if (!this.#owners.get(endpoint.id)?.knows(endpoint.id)) this.#owners.delete(endpoint.id);
    this.#ports.onIdleGone(endpoint);
  }
}
