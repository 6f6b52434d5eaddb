// Kills a platform again and again while writers write and a function is asked, and checks after each restart what was promised.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '#base/mod.ts';
import { seededRandom } from '#base/mod.ts';
import { ConfigMap, Deployment, Pod, Revision, Service } from '#kinds/mod.ts';
import type { Kind } from '#machinery/mod.ts';
import { isReady } from '#machinery/mod.ts';
import type { HttpClient } from '#objects/mod.ts';
import type { Endpoints } from '../harness/platform.ts';
import { ebbCommand, until } from '../harness/platform.ts';
import { ask, Prober, untilAnswered } from './asking.ts';
import { clientOf } from './client.ts';
import { lostWrites, unreadable, watchesThatGoOn } from './checks.ts';
import { Life, processesOf } from './platform-lives.ts';
import { Recorder } from './recorder.ts';
import type { WriterParts } from './writers.ts';
import {
  configMap,
  configMapKey,
  Counter,
  IMAGE,
  NAMESPACE,
  service,
  serviceKey,
  writeConfigMaps,
  writeServices,
} from './writers.ts';

export interface SoakOptions {
  readonly rounds: number;
  readonly seed: number;
  /** How much is there beside what the writers write. */
  readonly configMaps: number;
  readonly services: number;
  /** The command that is soaked; this checkout's own unless told. */
  readonly ebb?: string;
  readonly say: (text: string) => void;
}

/** What a round did and how long the platform took to come back; milliseconds from the start of the new process. */
export interface Round {
  readonly killed: 'control' | 'both';
  /** Whether the next start was killed too, before it was done. */
  readonly killedStarting: boolean;
  /** How long the writers had written. */
  readonly afterMs: number;
  readonly staleGoneMs: number;
  /** Until the platform said it is ready and the warm function answered. */
  readonly againMs: number;
  /** Until a function without an instance answered as well. */
  readonly coldMs: number;
  readonly objects: number;
}

export interface SoakResult {
  readonly rounds: readonly Round[];
  readonly acknowledged: number;
  readonly doubtful: number;
  readonly numbersSeen: number;
  readonly lost: readonly string[];
  readonly numbersTwice: readonly string[];
  readonly unreadable: readonly string[];
  readonly watchesNotExpired: readonly string[];
  /** Requests to the warm function, and those that failed although its gateway lived. */
  readonly asked: number;
  readonly failed: readonly string[];
  /** Process ids of the warm function: more than one if it was ever started anew. */
  readonly warmPids: readonly number[];
  /** Processes that were there after the last stop. */
  readonly leftovers: readonly string[];
}

export const functionCommand = ['node', fileURLToPath(new URL('./function.mjs', import.meta.url))];
const WRITERS = { configMaps: 4, counters: 2, services: 2 };
const WATCHED: readonly Kind[] = [ConfigMap, Service, Revision, Deployment, Pod];
/** Chances of a round: that the data process is killed as well, that the next start is killed. */
const BOTH = 0.3;
const STARTING = 0.2;
/** The share of all objects that is read one by one after each restart. */
const READ = 0.05;
/** A watch that ends this long before the kill has ended by itself. */
const PATIENCE_MS = 5000;

export async function soak(options: SoakOptions): Promise<SoakResult> {
  const dataDir = mkdtempSync(join(tmpdir(), 'ebb-soak-'));
  try {
    return await new Soak(dataDir, options).run();
  } finally {
    for (const { pid } of processesOf(dataDir)) process.kill(pid, 'SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  }
}

class Soak {
  readonly #dataDir: string;
  readonly #options: SoakOptions;
  /** The plan of kills, the same for the same seed whatever the platform does. */
  readonly #random: Random;
  /** Which objects are read by themselves. */
  readonly #sample: Random;
  readonly #recorder = new Recorder();
  readonly #counter = new Counter();
  readonly #rounds: Round[] = [];
  readonly #lost: string[] = [];
  readonly #unreadable: string[] = [];
  readonly #goOn: string[] = [];
  #life: Life;

  constructor(dataDir: string, options: SoakOptions) {
    this.#dataDir = dataDir;
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#sample = seededRandom(options.seed);
    this.#life = this.#begin();
  }

  async run(): Promise<SoakResult> {
    let endpoints = await this.#life.ready();
    await this.#fill(endpoints).catch(this.#explain);
    const prober = new Prober(endpoints.gateway, hostOf('warm'));
    try {
      for (let round = 1; round <= this.#options.rounds; round++)
        endpoints = await this.#round(round, prober).catch(this.#explain);
    } finally {
      await prober.stop();
      await this.#life.stop();
    }
    const { acknowledged, doubtful, numbersSeen, twice } = this.#recorder;
    return {
      rounds: this.#rounds,
      acknowledged,
      doubtful,
      numbersSeen,
      lost: this.#lost,
      numbersTwice: [...twice, ...this.#counter.twice.map((value) => `the counter's ${value}`)],
      unreadable: this.#unreadable,
      watchesNotExpired: this.#goOn,
      asked: prober.asked,
      failed: prober.failed,
      warmPids: [...prober.pids],
      leftovers: processesOf(this.#dataDir).map(({ pid, command }) => `${pid} ${command}`),
    };
  }

  readonly #explain = (error: unknown): never => {
    throw new Error(`the soak cannot go on; the platform said:\n${this.#life.output}`, { cause: error });
  };

  #begin(): Life {
    return new Life(this.#dataDir, this.#options.ebb);
  }

  /** Everything that is there before the first kill, by acknowledged writes too. */
  async #fill({ gateway }: Endpoints): Promise<void> {
    const { configMaps, services, ebb = ebbCommand, say } = this.#options;
    const added = spawnSync(ebb, ['image', 'add', IMAGE, '--host', '--data', this.#dataDir], { encoding: 'utf8' });
    if (added.status !== 0) throw new Error(added.stderr);
    const client = clientOf(this.#dataDir);
    await client.patch(ConfigMap, 'knative-serving', 'config-autoscaler', 'merge', {
      data: { 'allow-zero-initial-scale': 'true', 'scale-to-zero-grace-period': '6s' },
    });
    const bulk = [...Array(configMaps).keys()].map((index) => `bulk-${index}`);
    await inTurns(bulk, 16, async (name) => {
      const data = { mark: name, pad: 'y'.repeat(1000) };
      const written = await client.create(ConfigMap, configMap(name, data));
      this.#recorder.acknowledge(configMapKey(name), data, Number(written.metadata.resourceVersion));
    });
    const names = ['warm', ...[...Array(services).keys()].map((index) => `cold-${index}`)];
    await inTurns(names, 4, async (name) => {
      const scale = name === 'warm' ? 1 : 0;
      const written = await client.create(Service, service(name, { mark: name, command: functionCommand, scale }));
      this.#recorder.acknowledge(serviceKey(name), { mark: name, env: name }, Number(written.metadata.resourceVersion));
    });
    const readyOnes = async () => (await client.list(Service)).items.filter(isReady).length;
    await until(
      async () => (await readyOnes()) === names.length,
      120_000,
      () => 'not all functions became ready',
    );
    await untilAnswered(gateway, hostOf('warm'));
    const { objects, wrong } = await unreadable(client, () => false);
    client.close();
    say(`${objects} objects are there${wrong.map((text) => `\n${text}`).join('')}`);
  }

  async #round(round: number, prober: Prober): Promise<Endpoints> {
    const both = this.#random.next() < BOTH;
    const killedStarting = this.#random.next() < STARTING;
    const afterMs = 20 + this.#random.next() ** 2 * 2000;
    const startingMs = this.#random.next() * 1500;
    await this.#writeUntilKilled(afterMs, both, prober);
    if (killedStarting) {
      this.#life = this.#begin();
      await pause(startingMs);
      await this.#kill(both, prober);
    }
    const highest = this.#recorder.highest;
    const life = this.#begin();
    this.#life = life;
    const staleGoneMs = await life.staleGone();
    const endpoints = await life.ready();
    await untilAnswered(endpoints.gateway, hostOf('warm'));
    const againMs = life.ageMs;
    prober.trust(endpoints.gateway);
    if (this.#options.services > 0) {
      const cold = await ask(endpoints.gateway, hostOf(`cold-${round % this.#options.services}`));
      if (cold.status !== 200) this.#lost.push(`round ${round}: a cold function answered ${cold.status} ${cold.text}`);
    }
    const coldMs = life.ageMs;
    const objects = await this.#check(round, highest);
    const told = {
      killed: both ? 'both' : 'control',
      killedStarting,
      afterMs,
      staleGoneMs,
      againMs,
      coldMs,
      objects,
    } as const;
    this.#rounds.push(told);
    this.#options.say(
      `round ${round}: ${told.killed}${killedStarting ? ', and once more while starting' : ''}; serves again after ${againMs.toFixed(0)} ms, cold ${coldMs.toFixed(0)} ms, ${this.#problems()} wrong so far`,
    );
    return endpoints;
  }

  #problems(): number {
    return this.#lost.length + this.#unreadable.length + this.#goOn.length + this.#recorder.twice.length;
  }

  async #writeUntilKilled(afterMs: number, both: boolean, prober: Prober): Promise<void> {
    const client = clientOf(this.#dataDir);
    const over = new AbortController();
    const { signal } = over;
    const watching = await this.#watch(client, signal);
    const parts = (): WriterParts => ({
      client,
      recorder: this.#recorder,
      random: seededRandom(Math.floor(this.#random.next() * 2 ** 32)),
      signal,
      command: functionCommand,
    });
    const writing = Promise.all([
      ...numbered(WRITERS.configMaps).map((n) => writeConfigMaps(`w${n}`, parts())),
      ...numbered(WRITERS.counters).map(() => this.#counter.raise(parts())),
      ...numbered(WRITERS.services).map((n) => writeServices(`s${n}`, parts())),
    ]);
    const ended = Promise.all([writing, watching.ended]);
    // What goes wrong before the kill is thrown below, after it.
    ended.catch(() => undefined);
    await Promise.race([ended, pause(afterMs)]);
    await this.#kill(both, prober);
    over.abort(new Error('the platform was killed'));
    await ended;
    client.close();
  }

  /** Notes all numbers that the platform gives out, until it dies. */
  async #watch(client: HttpClient, signal: AbortSignal): Promise<{ ended: Promise<unknown> }> {
    const lists = await Promise.all(
      WATCHED.map(async (kind) => ({ kind, from: (await client.list(kind)).resourceVersion })),
    );
    const note = async (kind: Kind, from: string) => {
      try {
        for await (const event of client.watch(kind, from, {}, signal))
          if (event.type !== 'BOOKMARK') this.#recorder.see(event.object, event.type === 'DELETED');
      } catch (error) {
        await pause(PATIENCE_MS, undefined, { signal }).catch(() => undefined);
        if (!signal.aborted) throw error;
      }
    };
    return { ended: Promise.all(lists.map(({ kind, from }) => note(kind, from))) };
  }

  async #kill(both: boolean, prober: Prober): Promise<void> {
    if (both) prober.forgive();
    await Promise.all([this.#life.killControl(), both ? this.#life.killData() : undefined]);
  }

  async #check(round: number, highest: number): Promise<number> {
    const client = clientOf(this.#dataDir);
    try {
      const note = (list: string[], texts: readonly string[]) =>
        list.push(...texts.map((text) => `round ${round}: ${text}`));
      note(this.#lost, await lostWrites(client, this.#recorder, this.#counter));
      note(this.#goOn, await watchesThatGoOn(client, [highest, Math.max(1, highest - 100)]));
      const listed = await unreadable(client, () => this.#sample.next() < READ);
      note(this.#unreadable, listed.wrong);
      return listed.objects;
    } finally {
      client.close();
    }
  }
}

export function hostOf(name: string): string {
  return `${name}.${NAMESPACE}.localhost`;
}

function numbered(count: number): number[] {
  return [...Array(count).keys()];
}

async function inTurns<T>(all: readonly T[], atOnce: number, each: (one: T) => Promise<void>): Promise<void> {
  const waiting = [...all];
  await Promise.all(
    numbered(atOnce).map(async () => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await each(one);
    }),
  );
}
