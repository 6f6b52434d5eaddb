// One story from beginning to end, with or without a crash of control on the way.

import { messageOf, sleep } from '#base/mod.ts';
import { KIngress, Pod, Revision } from '#kinds/mod.ts';
import type { Conditioned, Kind, KubeObject } from '#machinery/mod.ts';
import { findCondition, isReady, isReason, keyOf } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';
import { passing } from '../world.ts';
import type { ClockJump, CrashPoint } from './crashing-disk.ts';
import { endStateOf, oddities } from './end-state.ts';
import type { Step, Wanted } from './stories.ts';
import { STORIES } from './stories.ts';
import { RolloutWorld } from './world.ts';

export interface RolloutRunOptions {
  readonly story: string;
  readonly seed: number;
  readonly crash?: CrashPoint | undefined;
  readonly jump?: ClockJump | undefined;
  /** As in RolloutWorldOptions. */
  readonly isHasty?: boolean;
}

export interface RolloutRunResult {
  readonly story: string;
  readonly crash: CrashPoint | undefined;
  /** How many writes the story took. */
  readonly writes: number;
  readonly crashes: number;
  readonly requests: number;
  readonly refused: number;
  readonly longestWaitMs: number;
  readonly virtualMs: number;
  readonly endState: Readonly<Record<string, string>>;
  readonly breaches: readonly string[];
  readonly hash: string;
  /** What led to the first breach; empty where there is none. */
  readonly trace: readonly string[];
}

const LOOK_MS = 50;
/** So far a gradual rollout has come when the next one overtakes it. */
const UNDER_WAY_PERCENT = 20;
const NEVER_MS = 300_000;
/** Longer than every window and grace of the autoscaler, and than the patience for what has not been told. */
const SILENCE_MS = 90_000;
/** Long enough that a wish and its consequences overlap with an absence, short enough that requests are held through it. */
const AWAY_MS = [40, 700, 3000];

export async function runStory({
  story,
  seed,
  crash,
  jump,
  isHasty = false,
}: RolloutRunOptions): Promise<RolloutRunResult> {
  const awayMs = AWAY_MS[((crash?.write ?? 0) + seed) % AWAY_MS.length] ?? 0;
  const world = new RolloutWorld({ seed, crash, jump, awayMs, isHasty });
  const { clock, ledger, trace } = world;
  const startedMs = clock.monotonic();
  let endState: Record<string, string> = {};
  try {
    await world.begin();
    world.disk.isCounting = true;
    endState = await passing(clock, new Telling(world).tell(STORIES[story]?.steps ?? []));
  } catch (error) {
    ledger.breach('', messageOf(error));
  }
  world.end();
  return {
    story,
    crash,
    writes: world.disk.writes,
    crashes: world.crashes,
    requests: ledger.counts.requests,
    refused: ledger.refused,
    longestWaitMs: ledger.counts.longestWaitMs,
    virtualMs: clock.monotonic() - startedMs,
    endState,
    breaches: ledger.breaches.map(({ text }) => text),
    hash: trace.hash,
    trace: ledger.breaches.length > 0 ? trace.last(200) : [],
  };
}

/** Carries a story out as a user does who tries again where there is no answer. */
class Telling {
  readonly #world: RolloutWorld;

  constructor(world: RolloutWorld) {
    this.#world = world;
  }

  /** Resolves with what is left at the end. */
  async tell(steps: readonly Step[]): Promise<Record<string, string>> {
    const { clients, clock, ledger } = this.#world;
    clients.begin();
    for (const step of steps) await this.#take(step);
    clients.pause();
    await this.#soon('all requests are answered', () => clients.answered().then(() => true));
    await sleep(clock, SILENCE_MS);
    for (const odd of await this.#ask(oddities)) ledger.breach('', odd);
    await this.#compareWithMachine();
    return this.#ask(endStateOf);
  }

  async #take(step: Step): Promise<void> {
    const { clients, clock, data, trace } = this.#world;
    trace.note('', `--- ${step.what}`);
    if (step.meanwhile) clients.change(step.meanwhile);
    clients.change(step.traffic);
    if (step.gradualMs !== undefined) this.#expectGradual(step);
    // What conflicts with a write that is still on its way to the disk is put again when time has passed.
    for (const wanted of step.put ?? [])
      await this.#soon(step.what, () => this.#ask((client) => tryPut(client, wanted)));
    for (const { kind, name } of step.remove ?? []) await this.#ask((client) => remove(client, kind, name));
    await this.#soon(step.what, () => this.#isThrough(step));
    trace.note('', `--- ${step.what}: ${step.until}`);
    if (step.until !== 'under way') clients.settle(step.traffic);
    await sleep(clock, 2000);
    if (step.silenceMs === undefined) return;
    clients.pause();
    await sleep(clock, step.silenceMs);
    if (data.hosts.length > 0) clients.resume();
    await sleep(clock, 3000);
  }

  #expectGradual({ traffic, gradualMs = 0 }: Step): void {
    for (const [host, shares] of Object.entries(traffic))
      this.#world.data.expectGradual(host, Object.keys(shares)[0] ?? '', gradualMs);
  }

  async #isThrough(step: Step): Promise<boolean> {
    const { data } = this.#world;
    if (step.until === 'gone')
      return data.hosts.every((host) => Object.hasOwn(step.traffic, host)) && (await this.#areGone(step));
    if (step.until === 'under way') return data.gradualPercent >= UNDER_WAY_PERCENT;
    const conditioned = (step.put ?? []).filter(({ kind }) => kind.conditions);
    const found = await this.#ask((client) =>
      Promise.all(
        conditioned.map(({ kind, object: { metadata } }) => client.get(kind, metadata.namespace ?? '', metadata.name)),
      ),
    );
    return found.every((one) => one !== undefined && (step.until === 'ready' ? isReady(one) : hasFailed(one)));
  }

  async #areGone({ remove: removed = [] }: Step): Promise<boolean> {
    const found = await this.#ask((client) =>
      Promise.all(
        removed.map(({ kind, name }) => client.get(kind, kind.scope === 'Namespaced' ? 'default' : '', name)),
      ),
    );
    return found.every((object) => object === undefined);
  }

  /** The gateway and the machine have what the objects say, and nothing else. */
  async #compareWithMachine(): Promise<void> {
    const { data, machine, ledger } = this.#world;
    const [revisions, ingresses, pods] = await this.#ask((client) =>
      Promise.all([client.list(Revision), client.list(KIngress), client.list(Pod)]),
    );
    const compare = (what: string, there: Iterable<string>, wanted: readonly string[]) => {
      const [has, needs] = [[...there].sort().join(', '), [...wanted].sort().join(', ')];
      if (has !== needs) ledger.breach('', `${what}: ${has || 'none'}, not ${needs || 'none'}`);
    };
    compare('targets of the gateway', data.targets, revisions.items.map(keyOf));
    compare('ingresses of the gateway', data.ingresses.keys(), ingresses.items.map(keyOf));
    compare(
      'Pods on the machine',
      machine.uids,
      pods.items.map(({ metadata }) => metadata.uid ?? ''),
    );
  }

  async #soon(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const { clock } = this.#world;
    const until = clock.monotonic() + NEVER_MS;
    while (!(await isSo())) {
      if (clock.monotonic() > until) throw new Error(`it never came about: ${what}`);
      await sleep(clock, LOOK_MS);
    }
  }

  /** Asks until there is an answer: a process that dies gives none. */
  async #ask<T>(what: (client: Client) => Promise<T>): Promise<T> {
    for (;;) {
      const { objects, died } = await this.#world.alive();
      const answer = await Promise.race([what(objects.client).then((value) => ({ value })), died]);
      if (answer) return answer.value;
    }
  }
}

/** False where somebody else was faster. */
async function tryPut(client: Client, { kind, object }: Wanted): Promise<boolean> {
  const { namespace = '', name, annotations } = object.metadata;
  try {
    const there = await client.get(kind, namespace, name);
    if (!there) await client.create(kind, object);
    else {
      const metadata = { ...there.metadata, annotations: { ...there.metadata.annotations, ...annotations } };
      await client.update(kind, { ...there, ...object, metadata });
    }
    return true;
  } catch (error) {
    if (isReason(error, 'Conflict') || isReason(error, 'AlreadyExists')) return false;
    throw error;
  }
}

/** Whether it says of its present state that it will not become ready. */
function hasFailed({
  metadata,
  status,
}: KubeObject & { status?: Conditioned & { observedGeneration?: number } }): boolean {
  return status?.observedGeneration === metadata.generation && findCondition(status, 'Ready')?.status === 'False';
}

async function remove(client: Client, kind: Kind, name: string): Promise<void> {
  try {
    await client.delete(kind, kind.scope === 'Namespaced' ? 'default' : '', name);
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error;
  }
}
