// One seed from beginning to end: a world, its services' lives, and what is left when all are asleep.

import { messageOf } from '#base/mod.ts';
import type { Breach, Counts } from './ledger.ts';
import { concurrencyOf, Late, Life } from './life.ts';
import type { Moment } from './moments.ts';
import type { NodeCounts } from './node-agent.ts';
import { makeWorld, passing } from './world.ts';
import type { Clocks, World } from './world.ts';

export interface RunOptions {
  readonly seed: number;
  readonly cycles: number;
  /** As in NodeOptions. */
  readonly forgetsToDrain?: boolean;
}

export interface RunResult {
  readonly seed: number;
  readonly cycles: number;
  readonly moments: Readonly<Record<Moment, number>>;
  readonly counts: Counts;
  readonly node: NodeCounts;
  /** How often a service had no Pod left. */
  readonly zeros: number;
  readonly virtualMs: number;
  readonly breaches: readonly Breach[];
  /** The same for every run of a seed. */
  readonly hash: string;
  /** What led to the first breach; empty where there is none. */
  readonly trace: readonly string[];
}

const SERVICES = 8;
/** Longer than every window, grace and ticker of the autoscaler; shorter than the deadlines of requests, so that one left behind is seen. */
const SILENCE_MS = 240_000;
/** Longer than a rollout's deadline, which is looked at even where it was met long ago. */
const LONG_SILENCE_MS = 700_000;
/** What ticks for ever: the gateway's reports; the look at Pods of nodes that are gone, and the one at the wall clock. */
const GATEWAY_TICKERS = 1;
const CONTROLLER_TICKERS = 2;

/** Runs cycles of one seed. Breaches are told, never thrown. */
export async function run({ seed, cycles, forgetsToDrain = false }: RunOptions): Promise<RunResult> {
  const world = await makeWorld({ seed, limitOf: concurrencyOf, forgetsToDrain });
  const startedMs = world.clock.now();
  const lives = Array.from({ length: Math.min(SERVICES, cycles) }, (_, i) => new Life(world, `s${i}`));
  const shares = lives.map((_, i) => Math.floor((cycles + i) / lives.length));
  try {
    await passing(world.clock, Promise.all(lives.map((life, i) => life.run(shares[i] ?? 0))));
    await checkSilence(world);
  } catch (error) {
    world.ledger.breach(error instanceof Late ? error.service : '', messageOf(error));
  }
  const { ledger, moments, node, pods, trace } = world;
  return {
    seed,
    cycles: lives.reduce((sum, life) => sum + life.cycles, 0),
    moments: moments.counts,
    counts: ledger.counts,
    node: node.counts,
    zeros: [...pods.zeros.values()].reduce((sum, one) => sum + one, 0),
    virtualMs: world.clock.now() - startedMs,
    breaches: ledger.breaches,
    hash: trace.hash,
    trace: ledger.before,
  };
}

/** When nobody asks for anything any more, nothing waits, nothing runs, and nothing is due. */
async function checkSilence(world: World): Promise<void> {
  const { clock, ledger, metrics, node } = world;
  await clock.advance(SILENCE_MS);
  for (const { id, service } of ledger.open) ledger.breach(service, `${id} has no end`);
  if (node.pods > 0) ledger.breach('', `${node.pods} Pods are left on the node`);
  for (const { name, samples } of metrics.families()) {
    if (name !== 'kn.revision.request.queued' && name !== 'kn.revision.request.active') continue;
    for (const { labels, value } of samples)
      if (value !== 0) ledger.breach(labels['kn.service.name'] ?? '', `${name} is ${value} at rest`);
  }
  checkTimers(world, 'gateway', GATEWAY_TICKERS);
  checkTimers(world, 'rest', 0);
  await clock.advance(LONG_SILENCE_MS);
  checkTimers(world, 'controllers', CONTROLLER_TICKERS);
  await world.stop();
  if (clock.nextDue !== undefined) ledger.breach('', `a timer outlived everything, due at ${clock.nextDue}`);
}

function checkTimers({ clocks, ledger }: World, owner: keyof Clocks, wanted: number): void {
  const { pending } = clocks[owner];
  if (pending !== wanted) ledger.breach('', `${owner}: ${pending} timers at rest, not ${wanted}`);
}
