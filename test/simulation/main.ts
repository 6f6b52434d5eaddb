// Runs many cycles, split into worlds of one seed each over the machine's cores, and keeps what came out:
// node test/simulation/main.ts [--cycles 10000] [--seed 1] [--jobs 2] [--keep]

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import type { RunOptions, RunResult } from './run.ts';
import { run } from './run.ts';
import { summary } from './summary.ts';

/** Small enough that a failing one is soon seen again by itself. */
const WORLD_CYCLES = 250;
const RESULT = new URL('results/scale-to-zero.json', import.meta.url);

if (isMainThread) await main();
else serveRuns();

/** A worker runs what it is given, one after another. */
function serveRuns(): void {
  parentPort?.on('message', (options: RunOptions) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origins
    void run(options).then((result) => parentPort?.postMessage(result));
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cycles: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      keep: { type: 'boolean', default: false },
    },
  });
  const [cycles, seed, jobs] = [Number(values.cycles), Number(values.seed), Number(values.jobs)];
  const worlds = worldsOf(cycles, seed);
  // Before the run: what changes meanwhile is not what ran.
  const here = circumstances();
  const startedMs = performance.now();
  const results = await runAll(worlds, Math.min(jobs, worlds.length));
  const told = summary(results, { seed, cycles, tookMs: performance.now() - startedMs, ...here });
  console.log(JSON.stringify(told, null, 2));
  if (values.keep) writeFileSync(RESULT, `${JSON.stringify(told, null, 2)}\n`);
  if (told.breaches > 0) process.exitCode = 1;
}

function worldsOf(cycles: number, seed: number): RunOptions[] {
  const count = Math.ceil(cycles / WORLD_CYCLES);
  return Array.from({ length: count }, (_, i) => ({
    seed: seed + i,
    cycles: Math.min(WORLD_CYCLES, cycles - i * WORLD_CYCLES),
  }));
}

async function runAll(worlds: readonly RunOptions[], jobs: number): Promise<RunResult[]> {
  const waiting = [...worlds];
  const results: RunResult[] = [];
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      const worker = new Worker(new URL(import.meta.url));
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const result = await runIn(worker, next);
        results.push(result);
        console.error(line(result, results.length, worlds.length));
      }
      await worker.terminate();
    }),
  );
  return results.sort((a, b) => a.seed - b.seed);
}

/** Answers come in the order of questions; there is one of each at a time. */
async function runIn(worker: Worker, options: RunOptions): Promise<RunResult> {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origins
  worker.postMessage(options);
  // A worker that dies makes this throw.
  const [result] = (await once(worker, 'message')) as [RunResult];
  return result;
}

function line({ seed, cycles, counts, breaches, trace }: RunResult, done: number, all: number): string {
  const told = `${done}/${all} seed ${seed}: ${cycles} cycles, ${counts.requests} requests, ${breaches.length} breaches`;
  if (breaches.length === 0) return told;
  const again = `again: node test/simulation/main.ts --seed ${seed} --cycles ${cycles}`;
  return [told, ...breaches.map(({ service, text }) => `  ${service} ${text}`), ...trace, again].join('\n');
}

/** Which code ran on what. */
function circumstances() {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  return {
    commit: git('rev-parse', 'HEAD'),
    changedSince: git('status', '--porcelain', '--', 'src').split('\n').filter(Boolean).length,
    cores: availableParallelism(),
    node: process.version,
  };
}
