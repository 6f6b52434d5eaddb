// Scale from zero against a bare spawn of the same program: request to first byte, interleaved.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { repository } from '../test/harness/platform.ts';
import type { BenchPlatform } from './ebb.ts';
import { atZero, deploy, soonToZero, startEbb, wordsOf } from './ebb.ts';
import { descendants, end, freePort, median } from './processes.ts';
import type { Section } from './section.ts';
import { ms, times } from './section.ts';

const FOLDER = join(repository, 'examples/hello');
/** Several services take turns, so that a round needs not wait until the one before is at zero again. */
const SERVICES = 4;
const GOAL_ABOVE_MS = 10;

export const coldStart: Section = {
  name: 'cold-start',
  needs: [],
  async run({ rounds = 20, quick, say }) {
    const ebb = await startEbb({ launcher: 'process' });
    try {
      return figures(await measure(ebb, quick ? 4 : rounds, say));
    } finally {
      await ebb.platform.discard();
    }
  },
};

interface ColdStart {
  readonly bareMs: number;
  readonly zeroMs: number;
}

function figures(rounds: readonly ColdStart[]) {
  const bare = median(rounds.map(({ bareMs }) => bareMs));
  const zero = median(rounds.map(({ zeroMs }) => zeroMs));
  const above = zero - 1.5 * bare;
  return {
    rows: [
      { what: 'bare spawn, to first byte (median)', value: ms(bare) },
      { what: 'from zero, request to first byte (median)', value: ms(zero) },
      { what: 'from zero over bare', value: times(zero / bare) },
      { what: 'above 1.5 × bare', value: ms(above), goal: `at most ${GOAL_ABOVE_MS} ms`, met: above <= GOAL_ABOVE_MS },
    ],
    data: { bareMedianMs: bare, zeroMedianMs: zero, ratio: zero / bare, aboveOneAndAHalfMs: above, rounds },
  };
}

async function measure(ebb: BenchPlatform, rounds: number, say: (text: string) => void): Promise<ColdStart[]> {
  const hosts = new Map<string, string>();
  for (let index = 1; index <= SERVICES; index++)
    hosts.set(`cold-${index}`, await deploy(ebb, FOLDER, `cold-${index}`));
  const names = [...hosts.keys()];
  const program = programOf(ebb, names[0] ?? '');
  await soonToZero(ebb);
  const results: ColdStart[] = [];
  // The first of each is for warming up: files into the page cache, the platform's own code compiled.
  for (let round = 1 - SERVICES; round <= rounds; round++) {
    const name = names[(round + SERVICES - 1) % SERVICES] ?? '';
    await atZero(ebb, name);
    await quiet();
    const bareMs = await bareSpawn(program);
    await quiet();
    const zeroMs = await firstByte(ebb.gatewayPort, hosts.get(name) ?? '');
    if (round < 1) continue;
    results.push({ bareMs, zeroMs });
    say(`round ${round}: bare ${ms(bareMs)}, from zero ${ms(zeroMs)}`);
  }
  return results;
}

/** What went on before shall not weigh on what is measured next. */
const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 300));

/** What the platform started for a service: the same is started bare. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export function programOf(ebb: BenchPlatform, service: string): Program {
  const own = new Set(ebb.pids());
  const pid = descendants([...own]).find((one) => !own.has(one) && environmentOf(one)['K_SERVICE'] === service);
  if (!pid) throw new Error(`no process of the service ${service} was found below the platform`);
  const [, ...args] = wordsOf(pid, 'cmdline');
  const link = (name: string) => readlinkSync(`/proc/${pid}/${name}`);
  return { command: link('exe'), args, cwd: link('cwd'), env: environmentOf(pid) };
}

function environmentOf(pid: number): Record<string, string> {
  return Object.fromEntries(
    wordsOf(pid, 'environ').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

/** The same program, files and environment without any platform: from the spawn to the first byte, which is asked for every `pollMs`. */
export async function bareSpawn({ command, args, cwd, env }: Program, pollMs = 1): Promise<number> {
  const port = await freePort();
  const began = performance.now();
  const child: ChildProcess = spawn(command, args, { cwd, env: { ...env, PORT: String(port) }, stdio: 'ignore' });
  try {
    while (child.exitCode === null) {
      const took = await firstByte(port, 'localhost').catch(() => undefined);
      if (took !== undefined) return performance.now() - began;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    throw new Error(`${command} ${args.join(' ')} ended with code ${child.exitCode}`);
  } finally {
    await end(child);
  }
}

/** Milliseconds from the request to the first byte of its answer, over a new connection. */
export function firstByte(port: number, host: string): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path: '/', headers: { host }, agent: false }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
      response.once('data', () => resolve(performance.now() - began));
      response.resume();
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}
