// What a data plane was told holds after the power went, whatever it was writing: streams take events before anybody tells them
// again, what was accepted is delivered, and nothing is left of what was taken back.

import { describe, expect, test } from 'vitest';
import { seededRandom, VirtualClock } from '#base/mod.ts';
import type { Change } from '#link/mod.ts';
import type { Kept } from '#storage/mod.ts';
import { SimulatedDisk } from '#storage/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { difference, put } from './assembly.ts';
import type { StreamRule } from './control.ts';
import { Events } from './events.ts';
import { BROKER_HOST, broker, eventHeaders, trigger } from './events.fixture.ts';
import { filtering } from './filtering.ts';
import { openDiskLog } from './log/disk/disk-log.ts';
import type { EventLog } from './log/log.ts';
import { httpCodec } from './message.ts';
import { Remembered } from './remembered.ts';
import { ToldStreams } from './told-streams.ts';

/** What was asked for, what was answered, and what came out, over all lives. */
class Account {
  /** Acknowledged, and to whom they are owed. */
  readonly owed: { readonly id: string; readonly to: string }[] = [];
  readonly received = new Set<string>();
  /** By stream: what it is to be, as far as it is known for sure. */
  readonly sure = new Map<string, 'there' | 'gone'>();
}

interface Life {
  readonly events: Events;
  readonly streams: ToldStreams;
  readonly log: EventLog;
  readonly remembered: Remembered;
  readonly clock: VirtualClock;
}

async function begin(disk: SimulatedDisk, account: Account, salt: number): Promise<Life> {
  const clock = new VirtualClock();
  const log = await openDiskLog({ disk, clock, segmentBytes: 2000, salt: () => salt });
  const events = new Events({
    clock,
    log,
    codec: httpCodec,
    filtering,
    async send({ url, headers }) {
      const decoded = httpCodec.decode(headers, Buffer.from('{}'));
      if (decoded.kind === 'event')
        account.received.add(`${String(decoded.event.attributes.get('id'))} ${url.hostname}`);
      return { status: 200, headers: [], body: new Uint8Array(0) };
    },
    logger: silentLog,
    secret: () => '',
    brokerHosts: [BROKER_HOST],
  });
  const remembered = await Remembered.open(log);
  const streams = new ToldStreams(events, remembered, silentLog);
  await streams.restore();
  return { events, streams, log, remembered, clock };
}

const ruleOf = (name: string, ...consumers: string[]): StreamRule => ({
  addresses: [
    { ...broker, path: `/ns/${name}`, name },
    { hosts: [`${name}-kn-channel.ns`], path: '/', kind: 'channel', namespace: 'ns', name },
  ],
  consumers: Object.fromEntries(consumers.map((one) => [one, trigger(one)])),
});

async function post({ events }: Life, stream: string, id: string): Promise<number> {
  const headers = Object.entries(eventHeaders({ id })).flat();
  const head = { method: 'POST', host: BROKER_HOST, target: `/ns/${stream}`, scheme: 'http', headers } as const;
  const opened = events.ingress.open(head);
  if (opened?.kind !== 'take') return opened?.answer.status ?? 0;
  return (await opened.take(Buffer.from('{}'))).status;
}

/** Streams come, change and go while events come in; ends early where the power goes. */
async function script(disk: SimulatedDisk, account: Account): Promise<void> {
  const life = await begin(disk, account, 1);
  const told = new Map<string, StreamRule>();
  const tell = async (stream: string, rule: StreamRule | undefined) => {
    const changes = difference(stream, told.get(stream), rule);
    // While it is carried out, neither is sure; a stream that only changes is there all the time.
    if (!rule || !told.has(stream)) account.sure.delete(stream);
    await life.streams.apply(changes, false);
    account.sure.set(stream, rule ? 'there' : 'gone');
    put(told, stream, rule);
  };
  const emit = async (stream: string, id: string, ...to: string[]) => {
    if ((await post(life, stream, id)) === 202) account.owed.push(...to.map((one) => ({ id, to: one })));
  };
  await tell('a', ruleOf('a', 'x'));
  await emit('a', 'a1', 'x');
  await Promise.all([tell('b', ruleOf('b', 'z')), emit('a', 'a2', 'x')]);
  await emit('b', 'b1');
  await tell('a', ruleOf('a', 'x', 'y'));
  await emit('a', 'a3', 'x', 'y');
  await life.clock.advance(200);
  await tell('b', undefined);
  await tell('a', { ...ruleOf('a', 'y'), maxBacklog: { records: 1000 } });
  await emit('a', 'a4', 'y');
  await tell('b', ruleOf('b', 'z'));
  await emit('b', 'b2', 'z');
  await life.events.close(0);
}

async function check(disk: SimulatedDisk, account: Account): Promise<void> {
  const life = await begin(disk, account, 2);
  for (const [stream, state] of account.sure) {
    const isThere = [202, 503];
    expect(await post(life, stream, `after-${stream}`), `stream ${stream}`).toBe(isThere[state === 'there' ? 0 : 1]);
  }
  const known = new Set(life.remembered.all.flatMap(({ kind, key }) => (kind === 'stream' ? [key] : [])));
  expect((await life.log.streams()).filter((name) => name !== 'told' && !known.has(name))).toEqual([]);
  await life.clock.advance(1000);
  // Whoever was taken out since is owed nothing.
  const rule = life.remembered.all.map(({ key }) => key);
  for (const { id, to } of account.owed)
    if (rule.some((key) => key.endsWith(`"${to}"]`))) expect([...account.received]).toContain(`${id} ${to}.ns`);
  await life.events.close(0);
}

const kinds: readonly (readonly [string, (step: number) => Kept])[] = [
  ['nothing', () => 'nothing'],
  ['everything', () => 'everything'],
  ['any part', (step) => seededRandom(step)],
];

describe.each(kinds)('where a crash keeps %s of what was not synced', (_, kept) => {
  test('streams are as they were told, whatever step the power went in', async () => {
    const whole = new SimulatedDisk();
    await script(whole, new Account());
    expect(whole.steps).toBeGreaterThan(40);
    for (let step = 0; step < whole.steps; step++) {
      const account = new Account();
      const disk = new SimulatedDisk({ crashAt: step });
      // Deliveries of a life that is over find the disk gone, too.
      await script(disk, account).catch(() => undefined);
      await check(disk.crash(kept(step)), account).catch((error: unknown) => {
        throw new Error(`power gone in step ${step}`, { cause: error });
      });
    }
  });
});

describe('streams that are not told any more', () => {
  async function withTwo() {
    const account = new Account();
    const disk = new SimulatedDisk();
    const life = await begin(disk, account, 1);
    const changes: Change[] = [
      ...difference('a', undefined, ruleOf('a', 'x')),
      ...difference('b', undefined, ruleOf('b', 'z')),
    ];
    await life.streams.apply(changes, false);
    return { account, disk, life, changes };
  }

  test('stay in force, for nobody said that their events may go', async () => {
    const { life, changes } = await withTwo();
    const stale = changes
      .filter(({ key }) => key.includes('b'))
      .map(({ kind, key }) => ({ kind, key, isStale: true }) as const);
    await life.streams.apply(stale, true);
    expect(await post(life, 'b', '1')).toBe(202);
    expect(await post(life, 'c', '1')).toBe(404);
  });

  test('go with their files once it is said that their channels are gone, and are not there after a start', async () => {
    const { life, disk, account } = await withTwo();
    expect(await post(life, 'b', '1')).toBe(202);
    const asked: (readonly string[])[] = [];
    await life.streams.removeGone(async (keys) => {
      asked.push(keys);
      return ['b'];
    });
    expect(asked).toEqual([['a', 'b']]);
    expect([...(await life.log.streams())].toSorted()).toEqual(['a', 'told']);
    await life.events.close(0);
    const again = await begin(disk, account, 2);
    expect([await post(again, 'a', '2'), await post(again, 'b', '2')]).toEqual([202, 503]);
  });

  test('stay where it cannot be said', async () => {
    const { life } = await withTwo();
    await expect(life.streams.removeGone(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await post(life, 'b', '1')).toBe(202);
  });
});

test('what is told again as it was is not written again', async () => {
  const account = new Account();
  const disk = new SimulatedDisk();
  const life = await begin(disk, account, 1);
  const changes = difference('a', undefined, ruleOf('a', 'x'));
  await life.streams.apply(changes, false);
  const touched: string[] = [];
  disk.onStep = ({ path }) => touched.push(path);
  await life.streams.apply(structuredClone(changes), true);
  expect(touched.filter((path) => path.startsWith('told/'))).toEqual([]);
  await life.streams.apply(difference('a', ruleOf('a', 'x'), ruleOf('a', 'x', 'y')), false);
  expect(touched.filter((path) => path.startsWith('told/'))).not.toEqual([]);
});

test('on a full disk a change is carried out all the same, and noted once there is room', async () => {
  const account = new Account();
  const disk = new SimulatedDisk();
  const life = await begin(disk, account, 1);
  const told = ruleOf('a', 'x');
  await life.streams.apply(difference('a', undefined, told), false);
  expect(await post(life, 'a', '1')).toBe(202);
  disk.capacity = disk.used;
  // Longer than what there is room for already.
  const filters = [{ not: { exact: { type: 'y'.repeat(200_000) } } }];
  const changed = { ...told, consumers: { ...told.consumers, late: trigger('late', { filters }) } };
  await life.streams.apply(difference('a', told, changed), false);
  expect(await post(life, 'a', '2')).toBe(202);
  await life.clock.advance(0);
  expect([...account.received]).toContain('2 late.ns');
  disk.capacity = Number.POSITIVE_INFINITY;
  await life.streams.apply([], false);
  await life.events.close(0);
  const again = await begin(disk, account, 2);
  expect(await post(again, 'a', '3')).toBe(202);
  await again.clock.advance(0);
  expect([...account.received]).toContain('3 late.ns');
});
