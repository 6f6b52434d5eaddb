// Many services at zero that are woken in one moment, in Go and in Node, beside as many bare spawns of the same program.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pod, Service } from '#kinds/mod.ts';
import { repository, until } from '../test/harness/platform.ts';
import type { Program } from './cold-start.ts';
import { bareSpawn, firstByte, programOf } from './cold-start.ts';
import type { BenchPlatform } from './ebb.ts';
import { deploy, soonToZero, startEbb } from './ebb.ts';
import { buildHandler, createReady, handlerSpec, NAMESPACE, scaled } from './handler.ts';
import { allowZero } from './many.ts';
import { median } from './processes.ts';
import type { Section, SectionResult } from './section.ts';
import { ms, times } from './section.ts';

const COUNTS = [1, 25, 100];
const QUICK_COUNTS = [1, 5];
/** The most at once, which the goals are about, are measured so often in a round: the machine's speed changes from one burst to the next. */
const BURSTS = 3;
const LANGUAGES = ['go', 'node'] as const;
type Language = (typeof LANGUAGES)[number];
const GOALS = { goP95Ms: 3000, nodeOverBare: 1.3 };

export const wakes: Section = {
  name: 'wakes',
  needs: ['go'],
  async run({ rounds = 3, quick, say }) {
    const folder = mkdtempSync(join(tmpdir(), 'ebb-bench-'));
    const ebb = await startEbb({ launcher: 'process' });
    try {
      await soonToZero(ebb);
      await allowZero(ebb);
      const counts = quick ? QUICK_COUNTS : COUNTS;
      const fleets = await fleetsOf(ebb, folder, Math.max(...counts));
      const results: Woken[] = [];
      for (let round = 1; round <= (quick ? 1 : rounds); round++)
        for (const count of counts)
          for (const { language, isBareFirst } of orderOf(count)) {
            const woken = await measure(ebb, fleets[language], count, isBareFirst);
            results.push({ round, count, language, ...woken });
            say(`round ${round}: ${count} in ${language}: bare ${told(woken.bareMs)}; from zero ${told(woken.zeroMs)}`);
          }
      return figures(results, counts);
    } finally {
      await ebb.platform.discard();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Milliseconds to the first byte of each; what was lost is not among them. */
interface Measured {
  readonly bareMs: readonly number[];
  readonly zeroMs: readonly number[];
}

interface Woken extends Measured {
  readonly round: number;
  readonly count: number;
  readonly language: Language;
}

/** Services of one program, all at zero. */
interface Fleet {
  readonly program: Program;
  readonly hosts: readonly string[];
}

const told = (values: readonly number[]): string => `p50 ${ms(at(values, 0.5))}, p95 ${ms(at(values, 0.95))}`;

function at(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function fleetsOf(ebb: BenchPlatform, folder: string, size: number): Promise<Record<Language, Fleet>> {
  const go = await fleetOf(ebb, 'go', await handlerSpec(ebb, folder, buildHandler(folder)), size);
  await deploy(ebb, join(repository, 'examples/hello'), 'hello');
  const hello = await ebb.client.get(Service, NAMESPACE, 'hello');
  if (!hello) throw new Error('the Service that was just deployed is not there');
  await ebb.client.delete(Service, NAMESPACE, 'hello');
  return { go, node: await fleetOf(ebb, 'node', hello.spec, size) };
}

async function fleetOf(ebb: BenchPlatform, language: Language, spec: Service['spec'], size: number): Promise<Fleet> {
  const idle = scaled(spec, { 'initial-scale': '0' });
  const names = Array.from({ length: size }, (_, index) => `${language}-${String(index).padStart(3, '0')}`);
  const hosts: string[] = [];
  for (const name of names) hosts.push(await createReady(ebb, name, idle));
  // What is started bare is what the platform starts.
  await firstByte(ebb.gatewayPort, hosts[0] ?? '');
  return { program: programOf(ebb, names[0] ?? ''), hosts };
}

/** Languages in turn, and of bare and from zero now the one and now the other first. */
function orderOf(count: number): { language: Language; isBareFirst: boolean }[] {
  const bursts = Array.from({ length: decides(count) ? BURSTS : 1 }, (_, index) => index % 2 === 0);
  return bursts.flatMap((isBareFirst) => LANGUAGES.map((language) => ({ language, isBareFirst })));
}

const decides = (count: number): boolean => count === Math.max(...COUNTS);

async function measure(
  ebb: BenchPlatform,
  { program, hosts }: Fleet,
  count: number,
  isBareFirst: boolean,
): Promise<Measured> {
  const pollMs = count === 1 ? 1 : 10;
  const bare = async () => {
    await allAtZero(ebb);
    return fulfilled(await Promise.allSettled(Array.from({ length: count }, () => bareSpawn(program, pollMs))));
  };
  const zero = async () => {
    await allAtZero(ebb);
    const woken = hosts.slice(0, count).map((host) => firstByte(ebb.gatewayPort, host));
    return fulfilled(await Promise.allSettled(woken));
  };
  if (isBareFirst) return { bareMs: await bare(), zeroMs: await zero() };
  const zeroMs = await zero();
  return { bareMs: await bare(), zeroMs };
}

function fulfilled(results: readonly PromiseSettledResult<number>[]): number[] {
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

const LOOK_MS = 200;

async function allAtZero({ client }: BenchPlatform): Promise<void> {
  await until(
    async () => {
      const { items } = await client.list(Pod, { namespace: NAMESPACE });
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      return items.length === 0;
    },
    180_000,
    () => 'the services did not go to zero',
  );
}

function figures(results: readonly Woken[], counts: readonly number[]): SectionResult {
  return {
    rows: counts.flatMap((count) => LANGUAGES.flatMap((language) => rowsOf(results, count, language))),
    data: { rounds: results },
  };
}

function rowsOf(results: readonly Woken[], count: number, language: Language) {
  const rounds = results.filter((one) => one.count === count && one.language === language);
  const p95 = (of: (one: Woken) => readonly number[]) => median(rounds.map((one) => at(of(one), 0.95)));
  const [bare, zero] = [p95(({ bareMs }) => bareMs), p95(({ zeroMs }) => zeroMs)];
  const over = median(rounds.map(({ bareMs, zeroMs }) => at(zeroMs, 0.95) / at(bareMs, 0.95)));
  const lost = rounds.reduce((sum, { zeroMs }) => sum + count - zeroMs.length, 0);
  const name = `${count} in ${language} at once`;
  return [
    { what: `${name}: p95 bare`, value: ms(bare) },
    {
      what: `${name}: p95 from zero`,
      value: ms(zero),
      ...(decides(count) && language === 'go'
        ? { goal: `at most ${GOALS.goP95Ms} ms`, met: zero <= GOALS.goP95Ms }
        : {}),
    },
    {
      what: `${name}: from zero over bare`,
      value: times(over),
      ...(decides(count) && language === 'node'
        ? { goal: `at most ${GOALS.nodeOverBare} ×`, met: over <= GOALS.nodeOverBare }
        : {}),
    },
    { what: `${name}: lost`, value: String(lost), goal: 'none', met: lost === 0 },
  ];
}
