// Many seeds, split over the machine's cores: npm run simulate -- events [--seeds 100] [--seed 1] [--jobs 2] [--keep]

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { fnv32a } from '#base/mod.ts';
import type { EventsRunResult } from './run.ts';
import { runEvents } from './run.ts';

const RESULT = new URL('../results/events.json', import.meta.url);

if (isMainThread) await main();
else serveRuns();

function serveRuns(): void {
  parentPort?.on('message', (seed: number) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origins
    void runEvents({ seed }).then((result) => parentPort?.postMessage(result));
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '100' },
      seed: { type: 'string', default: '1' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      keep: { type: 'boolean', default: false },
    },
  });
  const [count, first] = [Number(values.seeds), Number(values.seed)];
  const seeds = Array.from({ length: count }, (_, i) => first + i);
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const here = { commit: git('rev-parse', 'HEAD'), cores: availableParallelism(), node: process.version };
  const startedMs = performance.now();
  const results = await runAll(seeds, Math.min(Number(values.jobs), count));
  const sum = (of: (result: EventsRunResult) => number) => results.reduce((total, one) => total + of(one), 0);
  const told = {
    seeds: `${first} to ${first + count - 1}`,
    ...here,
    tookSeconds: Math.round((performance.now() - startedMs) / 1000),
    virtualHours: Math.round(sum(({ virtualMs }) => virtualMs) / 3_600_000),
    sent: sum(({ sent }) => sent),
    acknowledged: sum(({ acknowledged }) => acknowledged),
    deliveries: sum(({ deliveries }) => deliveries),
    duplicates: sum(({ duplicates }) => duplicates),
    crashes: sum(({ crashes }) => crashes),
    failedSeeds: results.flatMap(({ seed, breaches }) => (breaches.length > 0 ? [seed] : [])),
    breaches: sum(({ breaches }) => breaches.length),
    hash: fnv32a(results.map(({ hash }) => hash).join(' '))
      .toString(16)
      .padStart(8, '0'),
  };
  console.log(JSON.stringify(told, null, 2));
  if (values.keep) writeFileSync(RESULT, `${JSON.stringify(told, null, 2)}\n`);
  if (told.breaches > 0) process.exitCode = 1;
}

async function runAll(seeds: readonly number[], jobs: number): Promise<EventsRunResult[]> {
  const waiting = [...seeds];
  const results: EventsRunResult[] = [];
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      const worker = new Worker(new URL(import.meta.url));
      for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origins
        worker.postMessage(seed);
        const [result] = (await once(worker, 'message')) as [EventsRunResult];
        results.push(result);
        if (result.breaches.length > 0) console.error(told(result));
      }
      await worker.terminate();
    }),
  );
  return results.sort((a, b) => a.seed - b.seed);
}

function told({ seed, breaches, trace }: EventsRunResult): string {
  return [`seed ${seed}:`, ...breaches, ...trace, `again: npm run simulate -- events --seeds 1 --seed ${seed}`].join(
    '\n',
  );
}
