// The named moments on the way down to zero at which a request may arrive, and a trap for each.

import type { Clock, Random } from '#base/mod.ts';
import { between } from './chance.ts';

export const MOMENTS = [
  /** The autoscaler wants no copy any more; the Deployment still says one. */
  'deciding',
  /** The Deployment's new number, 0, is on its way to the API. */
  'applying',
  /** The node has begun to wait for the last requests of a Pod. */
  'draining',
  /** The last request of a Pod that drains is just being answered. */
  'last release',
  'SIGTERM sent',
  'process gone',
  'Pod deleted',
  /** Nothing has been there for a while. */
  'asleep',
] as const;
export type Moment = (typeof MOMENTS)[number];

interface Trap {
  readonly moment: Moment;
  readonly spring: () => void;
}

/** How far from its moment a request may come: at once, some promise reactions later, or milliseconds later. */
const REACTIONS = 40;
const LATER_MS = 12;

export class Moments {
  readonly counts: Record<Moment, number> = {
    deciding: 0,
    applying: 0,
    draining: 0,
    'last release': 0,
    'SIGTERM sent': 0,
    'process gone': 0,
    'Pod deleted': 0,
    asleep: 0,
  };
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #traps = new Map<string, Trap>();
  readonly #listeners = new Map<string, (moment: Moment) => void>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Hears of every moment of a service. */
  listen(service: string, listener: (moment: Moment) => void): void {
    this.#listeners.set(service, listener);
  }

  /** `spring` runs once, at this moment of the service or a little later. */
  arm(service: string, moment: Moment, spring: () => void): void {
    this.#traps.set(service, { moment, spring });
  }

  reach(service: string, moment: Moment): void {
    this.#listeners.get(service)?.(moment);
    const trap = this.#traps.get(service);
    if (trap?.moment !== moment) return;
    this.#traps.delete(service);
    this.counts[moment]++;
    this.#aside(trap.spring);
  }

  #aside(spring: () => void): void {
    const way = between(this.#random, 0, 3);
    if (way === 0) spring();
    else if (way < 3) void afterReactions(between(this.#random, 1, REACTIONS), spring);
    else this.#clock.after(between(this.#random, 0, LATER_MS), spring);
  }
}

async function afterReactions(count: number, run: () => void): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
  run();
}
