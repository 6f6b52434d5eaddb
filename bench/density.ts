// Many Services on one machine, all of them at zero: what each costs in memory, how fast they become Ready, and whether a
// list or a cold start feels that there are many.

import { Service } from '#kinds/mod.ts';
import { firstByte } from './cold-start.ts';
import type { BenchPlatform } from './ebb.ts';
import { atZero, soonToZero, startEbb } from './ebb.ts';
import type { Inspector } from './inspector.ts';
import type { Made, Waker } from './many.ts';
import { allowZero, deployWakers, idleSpec, IN_FLIGHT, makeServices, rate, startWatched } from './many.ts';
import { cpuSeconds, descendants, median, memoryOf } from './processes.ts';
import type { Section } from './section.ts';
import { ms, times } from './section.ts';

const NAMESPACE = 'default';
const LISTS = 40;
/** Several services take turns, as in the section of cold starts. */
const WAKING = 4;
const GOALS = { kilobytes: 200, perSecond: 15, listMs: 250, coldStart: 1.2 };

export const density: Section = {
  name: 'density',
  needs: [],
  async run({ rounds = 20, quick, say }) {
    const size = quick ? { few: 20, many: 60, settleMs: 1000, restMs: 5000 } : FULL;
    const { of: crowded, heaps } = await startWatched();
    try {
      await soonToZero(crowded);
      await allowZero(crowded);
      const wakers = await deployWakers(crowded, WAKING);
      const spec = await idleSpec(crowded, wakers[0]?.name ?? '');
      const made: Made[] = [];
      const make = async (upTo: number) => {
        made.push(await makeServices(crowded, spec, made.at(-1)?.count ?? 0, upTo));
        say(`${upTo} Services; the last ${made.at(-1)?.tookMs.length} at ${rate(made.slice(-1)).toFixed(1)} a second`);
      };
      await make(size.few);
      const few = await memoryAtRest(crowded, heaps, size.settleMs);
      say(`${few.toFixed(1)} MB with ${size.few}`);
      for (let count = size.few; count < size.many; count += size.few) await make(count + size.few);
      const many = await memoryAtRest(crowded, heaps, size.settleMs);
      say(`${many.toFixed(1)} MB with ${size.many}`);
      const idleCpu = await cpuAtRest(crowded, size.restMs);
      const listMs = await lists(crowded, size.many);
      const single = await startEbb({ launcher: 'process' });
      try {
        await soonToZero(single);
        const alone = await deployWakers(single, WAKING);
        const cold = await coldStarts([single, alone], [crowded, wakers], quick ? 4 : rounds, say);
        return figures({ size, few, many, made, idleCpu, listMs, cold });
      } finally {
        await single.platform.discard();
      }
    } finally {
      heaps.forEach((heap) => heap.close());
      await crowded.platform.discard();
    }
  },
};

interface Size {
  readonly few: number;
  readonly many: number;
  /** After a collection, for what V8 gives back in its own time. */
  readonly settleMs: number;
  readonly restMs: number;
}

const FULL: Size = { few: 200, many: 2000, settleMs: 10_000, restMs: 60_000 };

/** Megabytes of all of the platform's processes, once their garbage is gone. */
async function memoryAtRest(ebb: BenchPlatform, heaps: readonly Inspector[], settleMs: number): Promise<number> {
  // The first collection finds what it may move in the second.
  for (let collection = 1; collection <= 2; collection++) {
    await pause(settleMs);
    for (const heap of heaps) await heap.collectGarbage();
  }
  await pause(settleMs);
  return descendants(ebb.pids()).reduce((sum, pid) => sum + memoryOf(pid).pss, 0);
}

/** Milliseconds of CPU time a second while nothing is asked of the platform. */
async function cpuAtRest(ebb: BenchPlatform, restMs: number): Promise<number> {
  const pids = ebb.pids();
  const before = cpuSeconds(pids, true);
  const began = performance.now();
  await pause(restMs);
  return ((cpuSeconds(pids, true) - before) * 1e6) / (performance.now() - began);
}

async function lists({ client }: BenchPlatform, expected: number): Promise<number[]> {
  const took: number[] = [];
  for (let look = 0; look < LISTS; look++) {
    const began = performance.now();
    const { items } = await client.list(Service, { namespace: NAMESPACE });
    took.push(performance.now() - began);
    if (items.length < expected) throw new Error(`the list has ${items.length} Services, but ${expected} are there`);
  }
  return took;
}

interface Cold {
  readonly aloneMs: number;
  readonly crowdedMs: number;
}

type Site = readonly [BenchPlatform, readonly Waker[]];

/** A service of the platform with few, then one of that with many, and so on. The first of each is for warming up. */
async function coldStarts(alone: Site, crowded: Site, rounds: number, say: (text: string) => void): Promise<Cold[]> {
  const results: Cold[] = [];
  for (let round = 1 - WAKING; round <= rounds; round++) {
    const turn = (round + WAKING - 1) % WAKING;
    const pair = round % 2 === 0 ? [alone, crowded] : [crowded, alone];
    const took = new Map<Site, number>();
    for (const site of pair) took.set(site, await coldStart(site, turn));
    if (round < 1) continue;
    const cold = { aloneMs: took.get(alone) ?? NaN, crowdedMs: took.get(crowded) ?? NaN };
    results.push(cold);
    say(`round ${round}: ${ms(cold.aloneMs)} alone, ${ms(cold.crowdedMs)} among many`);
  }
  return results;
}

async function coldStart([ebb, wakers]: Site, turn: number): Promise<number> {
  const { name, host } = wakers[turn] ?? { name: '', host: '' };
  await atZero(ebb, name);
  await pause(300);
  return firstByte(ebb.gatewayPort, host);
}

const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

interface Measured {
  readonly size: Size;
  readonly few: number;
  readonly many: number;
  readonly made: readonly Made[];
  readonly idleCpu: number;
  readonly listMs: readonly number[];
  readonly cold: readonly Cold[];
}

function figures({ size, few, many, made, idleCpu, listMs, cold }: Measured) {
  const kilobytes = ((many - few) * 1024) / (size.many - size.few);
  const perSecond = rate(made);
  const took = made.flatMap(({ tookMs }) => tookMs);
  const list = percentile(listMs, 0.95);
  const alone = median(cold.map(({ aloneMs }) => aloneMs));
  const crowded = median(cold.map(({ crowdedMs }) => crowdedMs));
  const atMost = (value: number, goal: number, text: string) => ({ goal: `at most ${text}`, met: value <= goal });
  return {
    rows: [
      {
        what: `memory of a Service, between ${size.few} and ${size.many} (PSS)`,
        value: `${kilobytes.toFixed(1)} kB`,
        ...atMost(kilobytes, GOALS.kilobytes, `${GOALS.kilobytes} kB`),
      },
      { what: `memory with ${size.many} (PSS)`, value: `${many.toFixed(1)} MB` },
      {
        what: `Services Ready a second, ${IN_FLIGHT} in flight, up to ${size.many}`,
        value: perSecond.toFixed(1),
        goal: `at least ${GOALS.perSecond}`,
        met: perSecond >= GOALS.perSecond,
      },
      { what: 'the same, the last of them', value: rate(made.slice(-1)).toFixed(1) },
      { what: 'from POST to Ready meanwhile (median)', value: ms(median(took)) },
      { what: `list of ${size.many} (p95)`, value: ms(list), ...atMost(list, GOALS.listMs, `${GOALS.listMs} ms`) },
      { what: `from zero, ${WAKING} Services (median)`, value: ms(alone) },
      { what: `from zero, ${size.many} Services (median)`, value: ms(crowded) },
      {
        what: 'from zero among many, over alone',
        value: times(crowded / alone),
        ...atMost(crowded / alone, GOALS.coldStart, times(GOALS.coldStart)),
      },
      { what: `CPU at rest with ${size.many}`, value: `${idleCpu.toFixed(1)} ms/s` },
    ],
    data: {
      kilobytesPerService: kilobytes,
      fewMegabytes: few,
      manyMegabytes: many,
      readyPerSecond: perSecond,
      readyMedianMs: median(took),
      rates: made.map((one) => ({ upTo: one.count, perSecond: rate([one]) })),
      listP95Ms: list,
      listMs,
      coldStartRatio: crowded / alone,
      coldStarts: cold,
      cpuAtRestMsPerSecond: idleCpu,
    },
  };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? NaN;
}
