// PingSources in virtual time: over the real store, with restarts, sleep and clocks that are set.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { VirtualClock } from '#base/mod.ts';
import { PingSource } from '#kinds/mod.ts';
import { findCondition, isReady } from '#machinery/mod.ts';
import type { SourcesWorld } from '../../../test/sources/world.ts';
import { addSink, made, plainSinks, sourcesWorld } from '../../../test/sources/world.ts';
import { pingSourceController } from './controller.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.parse('2026-01-01T00:00:30Z');
const sink = { ref: { apiVersion: 'v1', kind: 'Service', name: 'sink' } };

let world: Awaited<ReturnType<typeof sourcesWorld>>;

beforeEach(async () => {
  world = await sourcesWorld({ start: START });
  await addSink(world.client);
  begin(world);
});
afterEach(() => world.stop());

function begin(on: SourcesWorld): void {
  on.begin(pingSourceController({ sinks: plainSinks, outbox: on.outbox, clock: on.clock, random: on.random }));
}

async function create(spec: object = {}, metadata: object = {}): Promise<void> {
  await world.client.create(PingSource, made(PingSource, { sink, ...spec }, metadata));
  await world.clock.advance(0);
}

const sent = (from: SourcesWorld = world): string[] =>
  from.received.map(({ at }) => new Date(at).toISOString().slice(11, 19));

/** The platform stops, and starts again on the same disk after a while. */
async function restart(afterMs: number): Promise<void> {
  await world.stop();
  const at = world.clock.now() + afterMs;
  world = await sourcesWorld({ start: at, before: world.database });
  begin(world);
  await world.clock.advance(0);
}

/** The machine sleeps: timers do not run, the wall clock goes on. */
function sleepFor(clock: VirtualClock, ms: number): void {
  const now = clock.now.bind(clock);
  clock.now = () => now() + ms;
}

test('each minute an event, as it was said', async () => {
  await create({ data: '{"a": 1.0}', contentType: 'application/json', ceOverrides: { extensions: { Extra: 'x' } } });
  await world.clock.advance(2 * MINUTE);
  expect(sent()).toEqual(['00:01:00', '00:02:00']);
  const [first, second] = world.received;
  expect(first?.url).toBe('http://sink.default.svc.cluster.local/');
  expect(first?.headers['kn-namespace']).toBe('default');
  expect(Buffer.from(first?.event.data ?? []).toString()).toBe('{"a": 1.0}');
  expect(Object.fromEntries(first?.event.attributes ?? [])).toEqual({
    specversion: '1.0',
    id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-3[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/) as string,
    type: 'dev.knative.sources.ping',
    source: '/apis/v1/namespaces/default/pingsources/it',
    time: '2026-01-01T00:01:00.000Z',
    datacontenttype: 'application/json',
    extra: 'x',
  });
  expect(second?.event.attributes.get('id')).not.toBe(first?.event.attributes.get('id'));
});

test('it is ready, and tells which events it sends', async () => {
  await create();
  const source = await world.client.get(PingSource, 'default', 'it');
  expect(source && isReady(source)).toBe(true);
  expect(source?.status).toMatchObject({
    sinkUri: 'http://sink.default.svc.cluster.local',
    ceAttributes: [{ type: 'dev.knative.sources.ping', source: '/apis/v1/namespaces/default/pingsources/it' }],
  });
  expect(findCondition(source?.status, 'OIDCIdentityCreated')?.reason).toBe('authentication-oidc feature disabled');
});

test('bytes come as bytes', async () => {
  await create({ dataBase64: 'aGVsbG8sIHdvcmxkIQ==', contentType: 'text/plain' });
  await world.clock.advance(MINUTE);
  expect(Buffer.from(world.received[0]?.event.data ?? []).toString()).toBe('hello, world!');
});

test('seconds, and zones', async () => {
  await create({ schedule: '10 0/1 * * * ?' });
  await world.client.create(
    PingSource,
    made(PingSource, { sink, schedule: '30 9 * * *', timezone: 'Asia/Kolkata' }, { name: 'noon' }),
  );
  await world.clock.advance(4 * HOUR);
  const own = (name: string) =>
    world.received.filter(({ event }) => String(event.attributes.get('source')).endsWith(`/${name}`));
  expect(own('it')).toHaveLength(240);
  expect(own('noon').map(({ at }) => new Date(at).toISOString().slice(11, 19))).toEqual(['04:00:00']);
});

test('a sink that does not answer is tried again, five times', async () => {
  let asked = 0;
  world.answer = () => (++asked < 6 ? (asked % 2 ? 503 : new Error('connection refused')) : 202);
  await create();
  await world.clock.advance(32_500);
  expect([asked, sent()]).toEqual([6, ['00:01:01']]);
});

test('what a sink refuses is not sent again', async () => {
  let asked = 0;
  world.answer = () => (asked++, 400);
  await create();
  await world.clock.advance(45_000);
  expect([asked, sent()]).toEqual([1, []]);
});

test('a sink that comes later is found', async () => {
  await create({ sink: { ref: { ...sink.ref, name: 'late' } } });
  await world.clock.advance(MINUTE);
  const source = await world.client.get(PingSource, 'default', 'it');
  expect(findCondition(source?.status, 'SinkProvided')).toMatchObject({ status: 'False', reason: 'NotFound' });
  await addSink(world.client, 'late');
  await world.clock.advance(MINUTE);
  expect(sent()).toEqual(['00:02:00']);
});

test('a schedule that changes counts from then on', async () => {
  await create({ schedule: '0 * * * *' }, { annotations: { 'ebb.dev/catch-up': 'latest' } });
  await world.clock.advance(HOUR + MINUTE);
  expect(sent()).toEqual(['01:00:00']);
  await world.client.patch(PingSource, 'default', 'it', 'merge', { spec: { schedule: '30 0 * * *' } });
  await world.clock.advance(HOUR);
  expect(sent()).toEqual(['01:00:00']);
});

describe('restarts', () => {
  test('no tick is sent twice, and none that was missed', async () => {
    await create();
    await world.clock.advance(MINUTE);
    const before = sent();
    await restart(10 * MINUTE);
    await world.clock.advance(MINUTE);
    expect([...before, ...sent()]).toEqual(['00:01:00', '00:12:00']);
  });

  test('the latest that was missed is made up for, where that is asked for', async () => {
    await create({}, { annotations: { 'ebb.dev/catch-up': 'latest' } });
    await world.clock.advance(MINUTE);
    await restart(10 * MINUTE);
    await world.clock.advance(MINUTE);
    expect(sent()).toEqual(['00:11:31', '00:12:00']);
    expect(new Set(world.received.map(({ event }) => event.attributes.get('id'))).size).toBe(2);
  });

  test('a clock that was set back over a restart sends nothing again', async () => {
    await create();
    await world.clock.advance(MINUTE + 1000);
    await restart(-45_000);
    await world.clock.advance(MINUTE);
    expect(sent()).toEqual([]);
    await world.clock.advance(MINUTE);
    expect(sent()).toEqual(['00:02:00']);
  });
});

describe('sleep', () => {
  test('ticks of the night are missed, the next comes in time', async () => {
    await create({ schedule: '*/10 * * * *' });
    sleepFor(world.clock, 8 * HOUR + 15 * MINUTE);
    await world.clock.advance(10 * MINUTE);
    expect(sent()).toEqual(['08:20:00']);
  });

  test('the latest is made up for at once, where that is asked for', async () => {
    await create({ schedule: '*/10 * * * *' }, { annotations: { 'ebb.dev/catch-up': 'latest' } });
    sleepFor(world.clock, 8 * HOUR + 15 * MINUTE);
    await world.clock.advance(10 * MINUTE);
    expect(sent()).toEqual(['08:15:35', '08:20:00']);
  });
});
