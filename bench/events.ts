// The whole path of events: a POST until the disk has it, until a subscriber has it, past many triggers, and a backlog drained. The data
// process by itself, as `ebb up` starts it, on one core; in turn with other durable queues on the same core and disk.

import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { brokerRule, inNewFolder, startData, trigger } from './events/data-process.ts';
import type { BenchData } from './events/data-process.ts';
import type { Latencies, Load } from './events/load.ts';
import { deliver, fill, publish, Receiver } from './events/programs.ts';
import type { EventServer, StartServer } from './events/servers.ts';
import { eventServers } from './events/servers.ts';
import { TYPE } from './events/wire.ts';
import { cpuSeconds, median } from './processes.ts';
import type { Row, Section } from './section.ts';
import { ms, times } from './section.ts';

const CONNECTIONS = 64;
/** Long enough that what is compiled is compiled. */
const WARM_UP_SECONDS = 4;
const SECONDS = 4;
const ROUNDS = 5;
/** Events a second for the time to a subscriber: few enough that nothing queues. */
const DELIVERY_RATE = 500;
const GOALS = { rate: 15_000, p99: 10, delivery: 3, many: 0.5, megabytes: 200 };

interface PublishRound {
  readonly server: string;
  readonly round: number;
  readonly rate: number;
  /** Of the server, an event. */
  readonly cpuMicroseconds: number;
  readonly flood: Latencies;
  /** At half of that rate, at planned moments. */
  readonly half: Latencies;
  /** From the planned moment to the subscriber, at a rate that is the same for all. */
  readonly delivery: Latencies;
}

interface Scale {
  readonly rounds: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Events for the comparison of few and many triggers. */
  readonly events: number;
  readonly backlog: number;
}

const FULL: Scale = {
  rounds: ROUNDS,
  warmUpSeconds: WARM_UP_SECONDS,
  seconds: SECONDS,
  events: 10_000,
  backlog: 1_000_000,
};
const QUICK: Scale = { rounds: 1, warmUpSeconds: 1, seconds: 1, events: 1000, backlog: 20_000 };

export const events: Section = {
  name: 'events',
  needs: ['taskset'],
  async run({ rounds, quick, say }) {
    const full = quick ? QUICK : FULL;
    const scale = { ...full, rounds: rounds ?? full.rounds };
    return inNewFolder(async (folder) => {
      const published = await publishing(folder, scale, say);
      const triggers = await fewAndMany(join(folder, 'triggers'), scale, say);
      const backlog = await drain(join(folder, 'backlog'), scale, say);
      return {
        rows: [...publishRows(published), ...triggerRows(triggers), ...backlogRows(backlog)],
        data: { published, triggers, backlog },
      };
    });
  },
};

type Say = (text: string) => void;

/** Interleaved rounds over all servers, each round of each on a fresh folder. */
async function publishing(folder: string, scale: Scale, say: Say): Promise<PublishRound[]> {
  const servers = eventServers(say);
  const results: PublishRound[] = [];
  for (let round = 1; round <= scale.rounds; round++) {
    for (const [name, start] of servers) {
      const result = await publishRound(name, round, start, freshFolder(folder, 'round'), scale);
      results.push(result);
      const { rate, cpuMicroseconds, half, delivery } = result;
      say(
        `round ${round}: ${name} ${Math.round(rate)}/s, ${cpuMicroseconds.toFixed(1)} µs CPU, p99 at half load ${ms(half.p99)}, delivered p50 ${ms(delivery.p50)}, p99 ${ms(delivery.p99)}`,
      );
    }
  }
  return results;
}

function freshFolder(...parts: readonly string[]): string {
  const folder = join(...parts);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function publishRound(
  server: string,
  round: number,
  start: StartServer,
  folder: string,
  { warmUpSeconds, seconds }: Scale,
): Promise<PublishRound> {
  const running = await start(folder);
  try {
    const load = loadOf(running, warmUpSeconds, seconds);
    const flood = await publish({ ...load, pids: running.pids });
    const rate = flood.events / flood.seconds;
    // The program that sends is a new one: it is warmed up as long as the first.
    const half = await publish({ ...load, rate: rate / 2 });
    const subscriberPort = await running.subscribe();
    const { delivery, delivered } = await deliver({
      load: { ...load, warmUpSeconds: 1, rate: DELIVERY_RATE },
      subscriberPort,
    });
    if (delivered === 0) throw new Error(`${server} delivered nothing`);
    return { server, round, rate, cpuMicroseconds: (flood.cpuSeconds * 1e6) / flood.events, flood, half, delivery };
  } finally {
    await running.stop();
  }
}

function loadOf({ protocol, port, host, path }: EventServer, warmUpSeconds: number, seconds: number): Load {
  return { protocol, port, host, path, connections: CONNECTIONS, warmUpSeconds, seconds };
}

interface TriggerRound {
  readonly round: number;
  readonly triggers: number;
  /** Events a second that were published and delivered ten times each. */
  readonly rate: number;
  readonly cpuMicroseconds: number;
}

const MATCHING = 10;
const MANY = 10_000;

/** One process with two Brokers: of one all ten Triggers match, of the other ten of ten thousand. In turn. */
async function fewAndMany(folder: string, { rounds, events: count }: Scale, say: Say): Promise<TriggerRound[]> {
  const data = await startData(freshFolder(folder));
  const receiver = await Receiver.start();
  try {
    for (const triggers of [MATCHING, MANY]) {
      const broker = `of-${triggers}`;
      const consumers = Array.from({ length: triggers }, (_, nth) => {
        const type = nth < MATCHING ? TYPE : `${TYPE}.${nth}`;
        return [`t-${nth}`, trigger(broker, `t-${nth}`, type, receiver.url)] as const;
      });
      await data.events.setStream(`default/${broker}`, brokerRule(broker, Object.fromEntries(consumers)));
    }
    const results: TriggerRound[] = [];
    // The first round warms up.
    for (let round = 0; round <= rounds; round++)
      for (const triggers of [MATCHING, MANY]) {
        const result = await triggerRound(data, receiver, triggers, round, count);
        if (round > 0) results.push(result);
        say(
          `round ${round}: ${triggers} triggers ${Math.round(result.rate)} events/s, ${result.cpuMicroseconds.toFixed(0)} µs CPU`,
        );
      }
    return results;
  } finally {
    await receiver.stop();
    await data.stop();
  }
}

async function triggerRound(
  { pid, port }: BenchData,
  receiver: Receiver,
  triggers: number,
  round: number,
  count: number,
): Promise<TriggerRound> {
  await receiver.count(true);
  const before = cpuSeconds([pid], true);
  const began = performance.now();
  const path = `/default/of-${triggers}`;
  await publish({
    protocol: 'http',
    port,
    path,
    connections: CONNECTIONS,
    warmUpSeconds: 0,
    seconds: 600,
    events: count,
  });
  await receiver.until(count * MATCHING);
  const seconds = (performance.now() - began) / 1000;
  const cpu = cpuSeconds([pid], true) - before;
  return { round, triggers, rate: count / seconds, cpuMicroseconds: (cpu * 1e6) / count };
}

interface Backlog {
  readonly events: number;
  readonly seconds: number;
  /** The most that the process had in memory, its start included. */
  readonly megabytes: number;
  readonly cpuMicroseconds: number;
}

/** Events that lie on the log when the process begins, delivered to one Trigger from the oldest on. */
async function drain(folder: string, { backlog }: Scale, say: Say): Promise<Backlog> {
  freshFolder(folder);
  const stream = 'default/bench';
  await fill(folder, stream, backlog);
  const data = await startData(folder);
  const receiver = await Receiver.start();
  try {
    const cpuBefore = cpuSeconds([data.pid], true);
    const began = performance.now();
    const one = { ...trigger('bench', 'one', TYPE, receiver.url), start: 'earliest' as const };
    await data.events.setStream(stream, brokerRule('bench', { one }));
    const { events: received } = await receiver.until(backlog);
    const seconds = (performance.now() - began) / 1000;
    const megabytes = mostMemory(data.pid);
    const cpu = cpuSeconds([data.pid], true) - cpuBefore;
    say(`backlog: ${received} events in ${seconds.toFixed(1)} s, at most ${megabytes.toFixed(0)} MB`);
    return { events: received, seconds, megabytes, cpuMicroseconds: (cpu * 1e6) / received };
  } finally {
    await receiver.stop();
    await data.stop();
  }
}

/** Megabytes of memory that a process had at its fullest. */
function mostMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}

const ALWAYS = 'JetStream, sync always';

function publishRows(rounds: readonly PublishRound[]): Row[] {
  const names = [...new Set(rounds.map(({ server }) => server))];
  const of = (name: string, what: (round: PublishRound) => number) =>
    median(rounds.filter(({ server }) => server === name).map(what));
  const rows = names.flatMap((name): Row[] => {
    const isOurs = name === 'Ebb';
    const rate = of(name, (round) => round.rate);
    const p99 = of(name, ({ half }) => half.p99);
    const delivered = of(name, ({ delivery }) => delivery.p50);
    return [
      {
        what: `${name}: events/s published, ${CONNECTIONS} connections`,
        value: String(Math.round(rate)),
        ...(isOurs && { goal: `at least ${GOALS.rate}`, met: rate >= GOALS.rate }),
      },
      { what: `${name}: CPU of one`, value: `${of(name, (round) => round.cpuMicroseconds).toFixed(1)} µs` },
      {
        what: `${name}: p99 at half that rate`,
        value: ms(p99),
        ...(isOurs && { goal: `below ${ms(GOALS.p99)}`, met: p99 < GOALS.p99 }),
      },
      {
        what: `${name}: to the subscriber at ${DELIVERY_RATE}/s, p50`,
        value: ms(delivered),
        ...(isOurs && { goal: `below ${ms(GOALS.delivery)}`, met: delivered < GOALS.delivery }),
      },
      { what: `${name}: to the subscriber, p99`, value: ms(of(name, ({ delivery }) => delivery.p99)) },
    ];
  });
  if (!names.includes(ALWAYS)) return rows;
  const ratio = median(ratiosOver(rounds, ALWAYS));
  return [
    ...rows,
    { what: `Ebb's rate over that of ${ALWAYS}`, value: times(ratio), goal: 'at least 1 ×', met: ratio >= 1 },
  ];
}

/** Round by round, so that what disturbs both does not count. */
function ratiosOver(rounds: readonly PublishRound[], peer: string): number[] {
  return rounds
    .filter(({ server }) => server === 'Ebb')
    .map(({ round, rate }) => rate / (rounds.find((one) => one.server === peer && one.round === round)?.rate ?? NaN));
}

function triggerRows(rounds: readonly TriggerRound[]): Row[] {
  const of = (count: number, what: (round: TriggerRound) => number) =>
    median(rounds.filter(({ triggers }) => triggers === count).map(what));
  const rate = (count: number) => of(count, (round) => round.rate);
  const cpu = (count: number) => of(count, (round) => round.cpuMicroseconds);
  const ratio = rate(MANY) / rate(MATCHING);
  return [
    ...[MATCHING, MANY].flatMap((count) => [
      { what: `${count} triggers, ${MATCHING} match: events/s published and delivered`, value: rate(count).toFixed(0) },
      { what: `${count} triggers, ${MATCHING} match: CPU of one`, value: `${cpu(count).toFixed(0)} µs` },
    ]),
    {
      what: `rate with ${MANY} triggers beside ${MATCHING}`,
      value: times(ratio),
      goal: `at least ${times(GOALS.many)}`,
      met: ratio >= GOALS.many,
    },
  ];
}

function backlogRows({ events: count, seconds, megabytes, cpuMicroseconds }: Backlog): Row[] {
  return [
    { what: `a backlog of ${count} delivered, events/s`, value: String(Math.round(count / seconds)) },
    { what: 'CPU of one', value: `${cpuMicroseconds.toFixed(1)} µs` },
    {
      what: 'memory at its fullest',
      value: `${megabytes.toFixed(0)} MB`,
      goal: `below ${GOALS.megabytes} MB`,
      met: megabytes < GOALS.megabytes,
    },
  ];
}
