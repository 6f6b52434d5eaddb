// The event log beside other durable logs: events of 1 KB, each on the same disk before it is acknowledged, 64 in flight.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from '../test/harness/platform.ts';
import { closedLoop, payload, WARM_UP_MS } from './log/load.ts';
import type { LoopResult } from './log/load.ts';
import { natsServer, NO_SYNC_ALWAYS, startNats } from './log/nats.ts';
import type { Peer } from './log/peer.ts';
import { startRedis } from './log/redis.ts';
import { cpuSeconds, has, median, PROXY_CORE } from './processes.ts';
import type { Row, Section, SectionResult } from './section.ts';
import { ms, times } from './section.ts';

const IN_FLIGHT = 64;
const ROUNDS = 5;
const SECONDS = 3;
const GOAL_MICROSECONDS = 20;

interface Measure extends LoopResult {
  /** Of the process that keeps the events; that of who sends is not in it, but in the log's and SQLite's own. */
  readonly cpuSeconds: number;
}

type Contender = (folder: string, seconds: number) => Promise<Measure>;

export const log: Section = {
  name: 'log',
  needs: [],
  async run({ rounds = ROUNDS, quick, say }) {
    // Beside the checkout, for a folder for what is temporary may be in memory.
    mkdirSync(join(repository, '.cache'), { recursive: true });
    const folder = mkdtempSync(join(repository, '.cache/bench-log-'));
    try {
      const contenders = whoIsThere(say);
      const measures = new Map<string, Measure[]>([...contenders.keys()].map((name) => [name, []]));
      for (let round = 1; round <= (quick ? 1 : rounds); round++) {
        for (const [name, contender] of contenders) {
          const measure = await inFolder(join(folder, 'round'), (here) => contender(here, quick ? 1 : SECONDS));
          measures.get(name)?.push(measure);
          say(`round ${round}: ${name} ${shown(measure)}`);
        }
      }
      const backlog = quick ? undefined : await inFolder(join(folder, 'backlog'), backlogIn);
      return figures(measures, backlog);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** A million records written by one process and read by another. */
async function backlogIn(folder: string): Promise<object> {
  await program('fill', folder, 0);
  return program('drain', folder, 0);
}

/** What there is on this machine, by the name that it has in the table. */
function whoIsThere(say: (text: string) => void): Map<string, Contender> {
  const contenders = new Map<string, Contender>([
    ['Ebb', (folder, seconds) => program('ebb', folder, seconds) as Promise<Measure>],
    ['node:sqlite', (folder, seconds) => program('sqlite', folder, seconds) as Promise<Measure>],
  ]);
  const nats = natsServer();
  if (nats) {
    contenders.set(
      'JetStream, default',
      beside((folder) => startNats(nats.command, folder)),
    );
    if (nats.syncsAlways)
      contenders.set(
        'JetStream, sync always',
        beside((folder) => startNats(nats.command, folder, 'always')),
      );
  }
  if (!nats?.syncsAlways) say(NO_SYNC_ALWAYS);
  if (has('redis-server')) contenders.set('Redis, appendfsync always', beside(startRedis));
  else say('no redis-server: left out');
  return contenders;
}

async function inFolder<T>(folder: string, act: (folder: string) => Promise<T>): Promise<T> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return act(folder);
}

async function program(what: string, folder: string, seconds: number): Promise<object> {
  const file = join(import.meta.dirname, 'log/embedded.ts');
  const args = ['-c', PROXY_CORE, process.execPath, file, what, folder, String(IN_FLIGHT), String(seconds)];
  const { stdout } = await promisify(execFile)('taskset', args);
  return JSON.parse(stdout) as object;
}

function beside(start: (folder: string) => Promise<Peer>): Contender {
  return async (folder, seconds) => {
    const peer = await start(folder);
    try {
      let before = 0;
      setTimeout(() => (before = cpuSeconds(peer.pids, true)), WARM_UP_MS);
      const bytes = payload();
      const result = await closedLoop(() => peer.append(bytes), IN_FLIGHT, seconds);
      return { ...result, cpuSeconds: cpuSeconds(peer.pids, true) - before };
    } finally {
      await peer.stop();
    }
  };
}

const rate = ({ events, seconds }: Measure) => events / seconds;
const cost = ({ events, cpuSeconds: cpu }: Measure) => (cpu * 1e6) / events;

function shown(measure: Measure): string {
  return `${Math.round(rate(measure))}/s, ${cost(measure).toFixed(1)} µs CPU, p50 ${ms(measure.p50)}, p99 ${ms(measure.p99)}`;
}

function figures(measures: ReadonlyMap<string, readonly Measure[]>, backlog: object | undefined): SectionResult {
  const of = (name: string, what: (measure: Measure) => number) => median((measures.get(name) ?? []).map(what));
  const rows: Row[] = [...measures.keys()].flatMap((name) => [
    { what: `${name}: durable events/s`, value: String(Math.round(of(name, rate))) },
    {
      what: `${name}: CPU of an event`,
      value: `${of(name, cost).toFixed(1)} µs`,
      ...(name === 'Ebb' && { goal: `below ${GOAL_MICROSECONDS} µs`, met: of(name, cost) < GOAL_MICROSECONDS }),
    },
    { what: `${name}: p99`, value: ms(of(name, ({ p99 }) => p99)) },
  ]);
  const always = 'JetStream, sync always';
  if (measures.has(always)) {
    const ratio = of('Ebb', rate) / of(always, rate);
    rows.push({
      what: `Ebb's rate over that of ${always}`,
      value: times(ratio),
      goal: 'at least 1 ×',
      met: ratio >= 1,
    });
  }
  if (backlog) {
    const { recordsPerSecond, megabytes } = backlog as { recordsPerSecond: number; megabytes: number };
    rows.push(
      { what: 'a backlog of 1,000,000 read, records/s', value: String(Math.round(recordsPerSecond)) },
      { what: 'memory meanwhile', value: `${megabytes.toFixed(0)} MB`, goal: 'below 200 MB', met: megabytes < 200 },
    );
  }
  return { rows, data: { measures: Object.fromEntries(measures), backlog } };
}
