// Kills a platform again and again while producers send and subscribers fail, and holds what was taken against what was promised.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '#base/mod.ts';
import { seededRandom } from '#base/mod.ts';
import { Broker, ConfigMap, CoreService, InMemoryChannel, Trigger } from '#kinds/mod.ts';
import { isReady } from '#machinery/mod.ts';
import { until } from '../../harness/platform.ts';
import { clientOf } from '../client.ts';
import { Life, processesOf } from '../platform-lives.ts';
import { BROKER, NAMESPACE, ROLES, triggerOf } from './cast.ts';
import { readCommitted } from './committed.ts';
import { Ledger } from './ledger.ts';
import { Producers } from './producers.ts';
import type { Subscribers } from './subscribers.ts';
import { listen } from './subscribers.ts';

export interface EventsSoakOptions {
  readonly rounds: number;
  readonly seed: number;
  /** The command that is soaked; this checkout's own unless told. */
  readonly ebb?: string;
  readonly say: (text: string) => void;
}

export type Killed = 'both' | 'data' | 'control';

export interface EventsRound {
  readonly killed: Killed;
  /** Whether the next start was killed too, before it was done. */
  readonly killedStarting: boolean;
  /** From the kill, or the start that followed, until an event was acknowledged again. */
  readonly againMs: number;
}

export interface EventsSoakResult {
  readonly rounds: readonly EventsRound[];
  readonly seconds: number;
  readonly sent: number;
  /** By status; 0: no answer. */
  readonly answers: ReadonlyMap<number, number>;
  readonly ledger: Ledger;
  readonly odd: readonly string[];
  readonly missing: readonly string[];
  /** How long it took until everything was delivered that was owed when the last producer stopped. */
  readonly drainedMs: number;
  readonly leftovers: readonly string[];
}

export const PRODUCERS = 50;
export const PER_SECOND = 500;
/** Chances of a round: that both processes are killed, that only data is; that the next start is killed, too. */
const BOTH = 0.4;
const DATA = 0.4;
const STARTING = 0.2;
const SERVICE = 'subscribers';
const PATIENCE_MS = 180_000;
/** Until everything is delivered, as long as something is. */
const DRAIN_MS = 60_000;

export async function soakEvents(options: EventsSoakOptions): Promise<EventsSoakResult> {
  const dataDir = mkdtempSync(join(tmpdir(), 'ebb-soak-events-'));
  try {
    return await new EventsSoak(dataDir, options).run();
  } finally {
    for (const { pid } of processesOf(dataDir)) process.kill(pid, 'SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  }
}

class EventsSoak {
  readonly #dataDir: string;
  readonly #options: EventsSoakOptions;
  /** The plan of kills, the same for the same seed whatever the platform does. */
  readonly #random: Random;
  readonly #ledger = new Ledger(() => Date.now());
  readonly #rounds: EventsRound[] = [];
  #life: Life;
  #stream = '';
  #wrongTold = 0;
  #subscribers: Subscribers | undefined;
  /** Consumers of the stream by role. */
  #consumers = new Map<string, string>();

  constructor(dataDir: string, options: EventsSoakOptions) {
    this.#dataDir = dataDir;
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#life = this.#begin();
  }

  async run(): Promise<EventsSoakResult> {
    const { seed, rounds, say } = this.#options;
    const { gateway } = await this.#life.ready();
    const subscribers = await listen(this.#ledger, seededRandom(seed + 1));
    this.#subscribers = subscribers;
    await this.#fill(subscribers.port).catch(this.#explain);
    const began = performance.now();
    const producers = new Producers({
      count: PRODUCERS,
      perSecond: PER_SECOND,
      random: seededRandom(seed + 2),
      ledger: this.#ledger,
      gateway,
    });
    try {
      await this.#answered(producers);
      for (let round = 1; round <= rounds; round++) await this.#round(round, producers).catch(this.#explain);
      await producers.stop();
      const seconds = (performance.now() - began) / 1000;
      const drainedMs = await this.#drain();
      say(`everything was delivered ${drainedMs.toFixed(0)} ms after the last event`);
      await this.#life.stop();
      return {
        rounds: this.#rounds,
        seconds,
        sent: this.#ledger.sent.size,
        answers: producers.answers,
        ledger: this.#ledger,
        odd: producers.odd,
        missing: this.#ledger.missing(),
        drainedMs,
        leftovers: processesOf(this.#dataDir).map(({ pid, command }) => `${pid} ${command}`),
      };
    } finally {
      await producers.stop();
      await subscribers.close();
    }
  }

  readonly #explain = (error: unknown): never => {
    throw new Error(`the soak cannot go on; the platform said:\n${this.#life.output}`, { cause: error });
  };

  #begin(): Life {
    return new Life(this.#dataDir, this.#options.ebb);
  }

  /** The broker, its Triggers, and the Service behind whose name subscribers stand. */
  async #fill(port: number): Promise<void> {
    const client = clientOf(this.#dataDir);
    const metadata = { namespace: NAMESPACE, name: BROKER };
    const features = { data: { 'delivery-retryafter': 'enabled' } };
    await client.patch(ConfigMap, 'knative-eventing', 'config-features', 'merge', features);
    await client.create(Broker, { apiVersion: Broker.apiVersion, kind: Broker.kind, metadata, spec: {} });
    await client.create(CoreService, {
      apiVersion: CoreService.apiVersion,
      kind: CoreService.kind,
      metadata: { namespace: NAMESPACE, name: SERVICE },
      spec: { type: 'ExternalName', externalName: 'localhost' },
    });
    const service = `${SERVICE}.${NAMESPACE}.svc.cluster.local`;
    for (const role of ROLES) await client.create(Trigger, triggerOf(role, { port, service }));
    await until(
      async () => (await client.list(Trigger)).items.filter(isReady).length === ROLES.length,
      PATIENCE_MS,
      () => 'not all Triggers became ready',
    );
    const [channel] = (await client.list(InMemoryChannel)).items;
    const { namespace, name, uid } = channel?.metadata ?? {};
    this.#stream = `${namespace}/${name}/${uid}`;
    for (const { uid: consumer = '', subscriberUri = '' } of channel?.spec.subscribers ?? [])
      this.#consumers.set(subscriberUri.split('/').at(-2) ?? '', consumer);
    client.close();
    for (const { name: role } of ROLES)
      if (!this.#consumers.has(role)) throw new Error(`the channel has no subscriber for the Trigger ${role}`);
  }

  async #round(round: number, producers: Producers): Promise<void> {
    const chance = this.#random.next();
    const killed: Killed = chance < BOTH ? 'both' : chance < BOTH + DATA ? 'data' : 'control';
    const killedStarting = this.#random.next() < STARTING && killed !== 'data';
    const afterMs = 20 + this.#random.next() ** 2 * 2000;
    const startingMs = this.#random.next() * 1500;
    await pause(afterMs);
    let began = performance.now();
    await this.#kill(killed);
    if (killedStarting) {
      this.#life = this.#begin();
      await pause(startingMs);
      await this.#kill(killed);
    }
    if (killed !== 'data') {
      began = performance.now();
      this.#life = this.#begin();
      producers.gateway = (await this.#life.ready()).gateway;
    }
    await this.#answered(producers);
    const againMs = performance.now() - began;
    this.#rounds.push({ killed, killedStarting, againMs });
    const { repeated, wrong } = this.#ledger;
    this.#options.say(
      `round ${round}: ${killed}${killedStarting ? ', and once more while starting' : ''}; takes events again after ${againMs.toFixed(0)} ms; ${producers.acknowledged} acknowledged, ${repeated} repeated, ${wrong.length} wrong so far`,
    );
    for (const text of wrong.slice(this.#wrongTold)) this.#options.say(text);
    this.#wrongTold = wrong.length;
  }

  /** Until an event is acknowledged that was sent from now on, or shortly before. */
  async #answered(producers: Producers): Promise<void> {
    const { acknowledged } = producers;
    await until(
      () => producers.acknowledged > acknowledged,
      PATIENCE_MS,
      () => `no event is acknowledged; answers so far: ${JSON.stringify([...producers.answers])}`,
    );
  }

  /** Where data dies and control lives, control is held still until it is seen what was on the disk. */
  async #kill(killed: Killed): Promise<void> {
    const life = this.#life;
    if (killed === 'control') return life.killControl();
    if (killed === 'data') process.kill(life.controlPid, 'SIGSTOP');
    const at = Date.now();
    await (killed === 'data' ? life.killData() : life.killAll());
    const { committedAt, isDone } = await readCommitted(join(this.#dataDir, 'events'), this.#stream);
    await this.#subscribers?.caughtUp();
    this.#ledger.killed(at, { committedAt, isDone: (role, id) => isDone(this.#consumers.get(role) ?? '', id) });
    if (killed === 'data') process.kill(life.controlPid, 'SIGCONT');
  }

  /** Waits as long as something is delivered. What is missing then is told by the ledger. */
  async #drain(): Promise<number> {
    const began = performance.now();
    let [taken, since] = [this.#ledger.taken, began];
    while (this.#ledger.missing().length > 0 && performance.now() - since < DRAIN_MS) {
      await pause(250);
      if (this.#ledger.taken === taken) continue;
      [taken, since] = [this.#ledger.taken, performance.now()];
    }
    return performance.now() - began;
  }
}
