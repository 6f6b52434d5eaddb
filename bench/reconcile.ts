// How fast controllers follow: a change to each of many Services until its status tells of it, and what the turns of all controllers cost.

import { Service } from '#kinds/mod.ts';
import { isReady } from '#machinery/mod.ts';
import type { BenchPlatform } from './ebb.ts';
import { soonToZero, startEbb } from './ebb.ts';
import { allowZero, deployWakers, eachUntil, idleSpec, IN_FLIGHT, makeServices, namesFrom } from './many.ts';
import { cpuSeconds, median } from './processes.ts';
import type { Section } from './section.ts';

const NAMESPACE = 'default';
const SERVICES = { full: 500, quick: 40 };

export const reconcile: Section = {
  name: 'reconcile',
  needs: [],
  async run({ rounds = 5, quick, say }) {
    const count = quick ? SERVICES.quick : SERVICES.full;
    const ebb = await startEbb({ launcher: 'process' });
    try {
      await soonToZero(ebb);
      await allowZero(ebb);
      const [waker] = await deployWakers(ebb, 1);
      await makeServices(ebb, await idleSpec(ebb, waker?.name ?? ''), 0, count);
      const results: Round[] = [];
      // The first round warms up.
      for (let round = 0; round <= (quick ? 1 : rounds); round++) {
        const result = await measure(ebb, namesFrom(0, count), `round-${round}`);
        if (round > 0) results.push(result);
        say(
          `round ${round}: ${result.perSecond.toFixed(0)} Services/s, ${result.turnsPerSecond.toFixed(0)} turns/s, ${result.cpuMicroseconds.toFixed(0)} µs CPU each`,
        );
      }
      return figures(count, results);
    } finally {
      await ebb.platform.discard();
    }
  },
};

interface Round {
  readonly seconds: number;
  /** Services of which the status told of the change. */
  readonly perSecond: number;
  /** Keys that controllers took from their queues, of all kinds. */
  readonly turns: number;
  readonly turnsPerSecond: number;
  /** Of the platform's processes, the API's part included, for each turn. */
  readonly cpuMicroseconds: number;
}

/** Gives each Service's traffic another tag: its Route, its Ingress, its placeholder Services and the gateway follow. */
async function measure(ebb: BenchPlatform, names: readonly string[], tag: string): Promise<Round> {
  const before = { turns: await turnsOf(ebb), cpu: cpuSeconds(ebb.pids(), true) };
  const traffic = [{ latestRevision: true, percent: 100, tag }];
  const seconds = await eachUntil(
    ebb,
    names,
    (service) => follows(service, tag),
    async (name) => {
      await ebb.client.patch(Service, NAMESPACE, name, 'merge', { spec: { traffic } });
      return () => {};
    },
  );
  const turns = (await turnsOf(ebb)) - before.turns;
  const cpu = cpuSeconds(ebb.pids(), true) - before.cpu;
  return {
    seconds,
    perSecond: names.length / seconds,
    turns,
    turnsPerSecond: turns / seconds,
    cpuMicroseconds: (cpu * 1e6) / turns,
  };
}

function follows(service: Service, tag: string): boolean {
  const { metadata, status } = service;
  const isObserved = status?.observedGeneration === metadata.generation;
  return isObserved && isReady(service) && (status?.traffic ?? []).some((target) => target.tag === tag);
}

/** Turns of all controllers since the start, as the platform's metrics count them. */
async function turnsOf({ platform }: BenchPlatform): Promise<number> {
  const text = await (await fetch(`${platform.endpoints.console}/metrics`)).text();
  const counts = [...text.matchAll(/^ebb_reconcile_duration_seconds_count\S* (\d+)/gm)].map(([, count]) =>
    Number(count),
  );
  if (counts.length === 0) throw new Error('the metrics count no turns of controllers');
  return counts.reduce((sum, count) => sum + count, 0);
}

function figures(count: number, rounds: readonly Round[]) {
  const of = (what: (round: Round) => number) => median(rounds.map(what));
  return {
    rows: [
      {
        what: `a change to each of ${count} Services until its status tells, ${IN_FLIGHT} in flight`,
        value: `${of(({ perSecond }) => perSecond).toFixed(0)} a second`,
      },
      { what: 'turns of controllers', value: `${of(({ turnsPerSecond }) => turnsPerSecond).toFixed(0)} a second` },
      {
        what: 'CPU of a turn, the API’s part included',
        value: `${of(({ cpuMicroseconds }) => cpuMicroseconds).toFixed(0)} µs`,
      },
    ],
    data: { services: count, rounds },
  };
}
