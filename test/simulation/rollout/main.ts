// Control dies at every write of every story: npm run simulate -- rollout [--story split] [--seed 1] [--every 1] [--jobs 2] [--keep]
// One crash, with what led to it: npm run simulate -- rollout --story split --write 17 --when before

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import type { CrashPoint } from './crashing-disk.ts';
import type { Verdict } from './judge.ts';
import { again, crashed, crashPoints } from './judge.ts';
import type { RolloutRunResult } from './run.ts';
import { runStory } from './run.ts';
import { STORIES } from './stories.ts';

const RESULT = new URL('../results/rollout.json', import.meta.url);

interface Task {
  readonly seed: number;
  readonly calm: RolloutRunResult;
  readonly crash: CrashPoint;
}

if (isMainThread) await main();
else serveTasks();

function serveTasks(): void {
  parentPort?.on('message', ({ seed, calm, crash }: Task) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origins
    void crashed({ story: calm.story, seed, crash }, calm).then((verdict) => parentPort?.postMessage(verdict));
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      story: { type: 'string', default: '' },
      seed: { type: 'string', default: '1' },
      every: { type: 'string', default: '1' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      write: { type: 'string', default: '' },
      when: { type: 'string', default: 'after' },
      keep: { type: 'boolean', default: false },
    },
  });
  const seed = Number(values.seed);
  const stories = values.story ? [values.story] : Object.keys(STORIES);
  if (values.write) {
    const crash = { write: Number(values.write), when: values.when === 'before' ? 'before' : 'after' } as const;
    return tellOne(stories[0] ?? '', seed, crash);
  }
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const here = { commit: git('rev-parse', 'HEAD'), cores: availableParallelism(), node: process.version };
  const startedMs = performance.now();
  const rows = [];
  for (const story of stories) rows.push(await runAll(story, seed, Number(values.every), Number(values.jobs)));
  console.log(table(rows));
  const tookSeconds = Math.round((performance.now() - startedMs) / 1000);
  if (values.keep) writeFileSync(RESULT, `${JSON.stringify({ ...here, seed, tookSeconds, stories: rows }, null, 2)}\n`);
  if (rows.some(({ failed }) => failed > 0)) process.exitCode = 1;
}

interface Row {
  readonly story: string;
  readonly writes: number;
  readonly crashes: number;
  readonly requests: number;
  readonly longestWaitMs: number;
  readonly failed: number;
}

/** Crashes one story at each `every`th point. */
async function runAll(story: string, seed: number, every: number, jobs: number): Promise<Row> {
  const calm = await runStory({ story, seed });
  if (calm.breaches.length > 0) throw new Error([`${story} fails without a crash:`, ...calm.breaches].join('\n'));
  const waiting = crashPoints(calm.writes).filter((_, i) => i % every === 0);
  const crashes = waiting.length;
  const verdicts: Verdict[] = [];
  await Promise.all(
    Array.from({ length: Math.min(jobs, crashes) }, async () => {
      const worker = new Worker(new URL(import.meta.url));
      for (let crash = waiting.shift(); crash; crash = waiting.shift()) {
        const task: Task = { seed, calm, crash };
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origins
        worker.postMessage(task);
        const [verdict] = (await once(worker, 'message')) as [Verdict];
        verdicts.push(verdict);
        if (verdict.problems.length > 0) console.error([...verdict.problems, again(verdict, seed)].join('\n'));
      }
      await worker.terminate();
    }),
  );
  return {
    story,
    writes: calm.writes,
    crashes,
    requests: verdicts.reduce((sum, { requests }) => sum + requests, 0),
    longestWaitMs: Math.max(...verdicts.map(({ longestWaitMs }) => longestWaitMs)),
    failed: verdicts.filter(({ problems }) => problems.length > 0).length,
  };
}

async function tellOne(story: string, seed: number, crash: CrashPoint): Promise<void> {
  const calm = await runStory({ story, seed });
  const { problems, trace, requests } = await crashed({ story, seed, crash }, calm);
  const told =
    problems.length > 0 ? [...trace, ...problems] : [`all as without the crash, ${requests} requests answered`];
  console.log(told.join('\n'));
  if (problems.length > 0) process.exitCode = 1;
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ story, writes, crashes, requests, longestWaitMs, failed }) => [
    story,
    String(writes),
    String(crashes),
    String(requests),
    `${longestWaitMs} ms`,
    String(failed),
  ]);
  const head = ['story', 'writes', 'crashes', 'requests', 'longest wait', 'failed'];
  const widths = head.map((title, at) => Math.max(title.length, ...lines.map((line) => line[at]?.length ?? 0)));
  const row = (cells: readonly string[]) =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ');
  return [head, ...lines].map((cells) => row(cells)).join('\n');
}
