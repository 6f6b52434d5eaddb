// One service's life: requests, silence, zero, and a request at one of the named moments; again and again.

import type { Random } from '#base/mod.ts';
import { seededRandom, sleep } from '#base/mod.ts';
import { Service } from '#kinds/mod.ts';
import { isReady } from '#machinery/mod.ts';
import { between, isLucky, pick } from './chance.ts';
import { sendRequest } from './exchange.ts';
import type { Plan } from './ledger.ts';
import type { Moment } from './moments.ts';
import { MOMENTS } from './moments.ts';
import { anyPlan, longPlan } from './plans.ts';
import type { World } from './world.ts';

/** How long anything may take at most before it counts as never. */
const NEVER_MS = 1_200_000;
const LOOK_MS = 100;

/** What the services of a world are like, by their number. */
const CONCURRENCIES = [1, 0, 2, 10, 1, 0, 3, 100];
const WINDOWS = ['6s', '10s', '20s', '60s'];
const RETENTIONS = ['0s', '0s', '0s', '15s', '45s'];

/** Moments that come about only where something is in flight when the way down begins. */
const CARRYING: ReadonlySet<Moment> = new Set(['draining', 'last release']);

export function concurrencyOf(service: string): number {
  return CONCURRENCIES[Number(service.slice(1)) % CONCURRENCIES.length] ?? 0;
}

export class Life {
  cycles = 0;
  readonly #world: World;
  readonly #name: string;
  readonly #random: Random;
  readonly #open = new Set<Promise<void>>();

  constructor(world: World, name: string) {
    this.#world = world;
    this.#name = name;
    this.#random = seededRandom(between(world.random, 1, 2 ** 31));
  }

  /** Lives through so many cycles; rejects where something never comes about. */
  async run(cycles: number): Promise<void> {
    await this.#deploy();
    while (this.cycles < cycles) {
      await this.#cycle(pick(this.#random, MOMENTS));
      this.cycles++;
    }
    await this.#soon('no Pod is left', this.#world.pods.whenZero(this.#name));
  }

  async #deploy(): Promise<void> {
    const { client, clocks } = this.#world;
    await client.create(Service, this.#service());
    for (let waited = 0; waited < NEVER_MS; waited += LOOK_MS) {
      const found = await client.get(Service, 'default', this.#name);
      if (found && isReady(found)) return;
      await sleep(clocks.rest, LOOK_MS);
    }
    throw new Error(`the Service ${this.#name} never became ready`);
  }

  #service(): Service {
    const annotations = {
      'autoscaling.knative.dev/window': pick(this.#random, WINDOWS),
      'autoscaling.knative.dev/scale-to-zero-pod-retention-period': pick(this.#random, RETENTIONS),
    };
    const containers = [{ name: 'user-container', image: `ko.local/${this.#name}` }];
    return {
      apiVersion: Service.apiVersion,
      kind: Service.kind,
      metadata: { name: this.#name, namespace: 'default' },
      spec: {
        template: { metadata: { annotations }, spec: { containerConcurrency: concurrencyOf(this.#name), containers } },
      },
    };
  }

  async #cycle(moment: Moment): Promise<void> {
    const { pods, trace, moments } = this.#world;
    trace.note(this.#name, `cycle ${this.cycles + 1}: a request at "${moment}"`);
    const zerosBefore = pods.zeros.get(this.#name) ?? 0;
    const carries = CARRYING.has(moment) || (moment !== 'asleep' && isLucky(this.#random, 0.25));
    moments.listen(this.#name, (reached) => {
      if (carries && reached === 'applying') this.#send(longPlan(this.#random), 'before the way down');
    });
    await this.#strikeAt(moment);
    moments.listen(this.#name, () => {});
    await this.#answered();

    // A request that came early has kept or brought back a Pod; another way down goes on to the end.
    if ((pods.zeros.get(this.#name) ?? 0) === zerosBefore) {
      await this.#soon('no Pod is left', pods.whenZero(this.#name));
      await this.#pause(0, 5000);
      this.#send(this.#first(), 'to nobody');
      await this.#answered();
    }
    await this.#burst();
  }

  /** Requests come at the moment; resolves when they are on their way. */
  async #strikeAt(moment: Moment): Promise<void> {
    const strike = () => {
      this.#send(this.#first(), moment);
      const more = between(this.#random, 0, 3);
      for (let i = 0; i < more; i++) this.#send(anyPlan(this.#random), moment);
    };
    const { moments, pods } = this.#world;
    const struck = new Promise<void>((resolve) => {
      moments.arm(this.#name, moment, () => {
        strike();
        resolve();
      });
    });
    if (moment === 'asleep') {
      await this.#soon('no Pod is left', pods.whenZero(this.#name));
      await this.#pause(0, 60_000);
      moments.reach(this.#name, 'asleep');
    }
    await this.#soon(`the moment "${moment}"`, struck);
  }

  /** Now and then many requests at once, more than one Pod may take. */
  async #burst(): Promise<void> {
    if (!isLucky(this.#random, 0.2)) return;
    const count = between(this.#random, 2, 12);
    for (let i = 0; i < count; i++) {
      this.#send(isLucky(this.#random, 0.2) ? longPlan(this.#random) : anyPlan(this.#random), 'in a burst');
      if (isLucky(this.#random, 0.3)) await this.#pause(0, 400);
    }
    await this.#answered();
  }

  /** The request that a cycle is about waits for its answer, whatever comes. */
  #first(): Plan {
    return { ...anyPlan(this.#random), leavesAfterMs: undefined };
  }

  #send(plan: Plan, occasion: string): void {
    const { ledger, clocks, random, serve } = this.#world;
    const entry = ledger.begin({ service: this.#name, plan, occasion, sentMs: clocks.rest.monotonic() });
    const host = `${this.#name}.default.localhost`;
    const sent = sendRequest(entry, host, { clock: clocks.rest, random, ledger, serve });
    this.#open.add(sent);
    void sent.then(() => this.#open.delete(sent));
  }

  async #answered(): Promise<void> {
    while (this.#open.size > 0) await this.#soon('all requests have an end', Promise.all(this.#open));
  }

  #pause(low: number, high: number): Promise<void> {
    return sleep(this.#world.clocks.rest, between(this.#random, low, high));
  }

  async #soon(what: string, wanted: Promise<unknown>): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = this.#world.clocks.rest.after(NEVER_MS, () => late.reject(new Late(this.#name, what)));
    try {
      await Promise.race([wanted, late.promise]);
    } finally {
      timer.cancel();
    }
  }
}

/** Something that should come about did not. */
export class Late extends Error {
  readonly service: string;

  constructor(service: string, what: string) {
    super(`it never came about that ${what}`);
    this.service = service;
  }
}
