// KafkaSources over the real store, with a cluster in memory and in virtual time.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MemoryKafka, NewRecord } from '#kafka/mod.ts';
import { memoryKafka } from '#kafka/mod.ts';
import { KafkaSource, Secret } from '#kinds/mod.ts';
import { findCondition, isReady } from '#machinery/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { addSink, made, plainSinks, sourcesWorld } from '../../../test/sources/world.ts';
import { kafkaSourceController } from './controller.ts';
import { Progress } from './progress.ts';
import { Readings } from './readings.ts';

const access = { servers: ['127.0.0.1:9092'] };
const sink = { ref: { apiVersion: 'v1', kind: 'Service', name: 'sink' } };
const bytes = (text: string) => new TextEncoder().encode(text);

let world: Awaited<ReturnType<typeof sourcesWorld>>;
let kafka: MemoryKafka;
let readings: Readings;

beforeEach(async () => {
  world = await sourcesWorld();
  kafka = memoryKafka({ now: () => world.clock.now(), later: (run) => void world.clock.after(1, run) });
  await kafka.createTopic(access, { topic: 't', partitions: 2, replicationFactor: 1 });
  await addSink(world.client);
  begin();
});
afterEach(() => stop());

function begin(): void {
  const { clock, giveToken, send } = world;
  readings = new Readings({ kafka, clock, log: silentLog, giveToken, send });
  world.begin(kafkaSourceController({ sinks: plainSinks, readings }));
}

async function stop(): Promise<void> {
  const closed = readings.close(3000);
  await world.clock.advance(3000);
  await closed;
  await world.stop();
}

async function create(spec: object = {}, metadata: object = {}): Promise<void> {
  const usual = {
    sink,
    topics: ['t'],
    bootstrapServers: access.servers,
    consumerGroup: 'g',
    initialOffset: 'earliest',
  };
  await world.client.create(KafkaSource, made(KafkaSource, { ...usual, ...spec }, metadata));
  await world.clock.advance(10);
}

/** Records of one key lie in one partition. */
async function write(key: string, ...values: string[]): Promise<void> {
  const records = values.map((value): NewRecord => ({ topic: 't', key: bytes(key), value: bytes(value), headers: [] }));
  await kafka.producer(access).send(records);
  await world.clock.advance(10);
}

const source = async () => {
  const found = await world.client.get(KafkaSource, 'default', 'it');
  if (!found) throw new Error('the source is gone');
  return found;
};
const texts = () => world.received.map(({ event }) => Buffer.from(event.data ?? []).toString());
const committed = () => [...kafka.committed('g').values()].reduce((sum, offset) => sum + offset, 0);

test('a record becomes an event', async () => {
  await create({ ceOverrides: { extensions: { Extra: 'x' } } });
  await kafka.producer(access).send([
    {
      topic: 't',
      key: bytes('k'),
      value: bytes('{"a":1}'),
      headers: [
        ['content-type', bytes('application/json')],
        ['Trace', bytes('1')],
      ],
    },
  ]);
  await world.clock.advance(200);
  expect(world.received).toHaveLength(1);
  const [{ event, url, headers } = { event: undefined, url: '', headers: {} }] = world.received;
  const attributes = Object.fromEntries(event?.attributes ?? []);
  const [, partition] = /^partition:(\d)\/offset:0$/.exec(String(attributes['id'])) ?? [];
  expect([url, headers]).toMatchObject(['http://sink.default.svc.cluster.local/', { 'kn-namespace': 'default' }]);
  expect(attributes).toMatchObject({
    specversion: '1.0',
    type: 'dev.knative.kafka.event',
    source: '/apis/v1/namespaces/default/kafkasources/it#t',
    subject: `partition:${partition}#0`,
    datacontenttype: 'application/json',
    key: 'k',
    kafkaheadertrace: '1',
    extra: 'x',
  });
  expect(Buffer.from(event?.data ?? []).toString()).toBe('{"a":1}');
  expect(isReady(await source())).toBe(true);
  expect(committed()).toBe(1);
});

test('a record that is an event goes on as it is', async () => {
  await create();
  const ce = { ce_specversion: '1.0', ce_id: 'i', ce_source: '/s', ce_type: 'mine', ce_word: 'ü%20' };
  const headers = Object.entries(ce).map(([name, text]) => [name, bytes(text)] as const);
  const document = bytes('{"specversion":"1.0","id":"j","source":"/s","type":"mine","data":1}');
  const type = [['content-type', bytes('application/cloudevents+json; charset=UTF-8')]] as const;
  await kafka.producer(access).send([
    { topic: 't', key: bytes('a'), value: bytes('x'), headers },
    { topic: 't', key: bytes('a'), value: document, headers: type },
    { topic: 't', key: bytes('a'), value: bytes('{'), headers: type },
  ]);
  await world.clock.advance(50);
  expect(world.received.map(({ event }) => event.attributes.get('id'))).toEqual([
    'i',
    'j',
    expect.stringMatching(/^partition:/) as string,
  ]);
  expect(world.received[0]?.event.attributes.get('word')).toBe('ü%20');
});

test.each<[string, number[], unknown]>([
  ['string', [0x6b], 'k'],
  ['int', [0xff, 0xff, 0xff, 0xfe], '-2'],
  ['int', [0, 0, 0, 1, 0, 0, 0, 0], '4294967296'],
  ['int', [0x6b], 'k'],
  ['float', [0x3f, 0xc0, 0, 0], '1.5'],
  ['float', [0x3f, 0xf8, 0, 0, 0, 0, 0, 0], '1.5'],
  ['byte-array', [0, 255], 'AP8='],
])('a key of type %s, %j, is %j', async (type, key, expected) => {
  await create({}, { labels: { 'kafkasources.sources.knative.dev/key-type': type } });
  await kafka.producer(access).send([{ topic: 't', key: new Uint8Array(key), value: bytes(''), headers: [] }]);
  await world.clock.advance(50);
  expect(world.received[0]?.event.attributes.get('key')).toBe(expected);
});

describe('order', () => {
  test('in order, a failing event holds up its partition and no other', async () => {
    world.answer = ({ body }) => (Buffer.from(body).toString() === 'bad' ? 503 : 202);
    await create({ delivery: { retry: 2, backoffPolicy: 'linear', backoffDelay: 'PT1S' } });
    await write('a', 'bad', 'after');
    await write('b', 'other');
    expect(texts()).toEqual(['other']);
    await world.clock.advance(2000);
    expect(texts()).toEqual(['other', 'after']);
  });

  test('without order others of its partition go on, and nothing behind it is committed', async () => {
    let isWell = false;
    world.answer = ({ body }) => (Buffer.from(body).toString() === 'bad' && !isWell ? 503 : 202);
    await create({ ordering: 'unordered', delivery: { retry: 9, backoffPolicy: 'linear', backoffDelay: 'PT1S' } });
    await write('a', 'bad', 'after');
    await world.clock.advance(500);
    expect([texts(), committed()]).toEqual([['after'], 0]);
    isWell = true;
    await world.clock.advance(2000);
    expect([texts(), committed()]).toEqual([['after', 'bad'], 2]);
  });

  test('no more than a hundred are under way', async () => {
    await create({ ordering: 'unordered' });
    const held = Promise.withResolvers<void>();
    let underWay = 0;
    const { send } = world;
    await stop();
    readings = new Readings({
      kafka,
      clock: world.clock,
      log: silentLog,
      giveToken: world.giveToken,
      send: async (request, signal) => {
        underWay++;
        await held.promise;
        return send(request, signal);
      },
    });
    world.begin(kafkaSourceController({ sinks: plainSinks, readings }));
    await write('a', ...Array.from({ length: 300 }, String));
    await world.clock.advance(1000);
    expect(underWay).toBe(100);
    held.resolve();
    await world.clock.advance(1000);
    expect(underWay).toBe(300);
    expect(committed()).toBe(300);
  });
});

describe('what is committed', () => {
  test('only what was delivered: the rest comes again after a restart', async () => {
    await create();
    await write('a', 'one');
    await world.clock.advance(200);
    world.answer = () => new Error('connection refused');
    await write('a', 'two');
    await stop();
    expect([texts(), committed()]).toEqual([['one'], 1]);
    world = await sourcesWorld({ start: world.clock.now(), before: world.database });
    begin();
    await world.clock.advance(200);
    expect([texts(), committed()]).toEqual([['two'], 2]);
  });

  test('what lies at the dead letter sink', async () => {
    await addSink(world.client, 'dead');
    world.answer = ({ url }) => (url.host.startsWith('sink') ? 400 : 202);
    await create({ delivery: { retry: 3, deadLetterSink: { ref: { ...sink.ref, name: 'dead' } } } });
    await write('a', 'one');
    await world.clock.advance(200);
    expect([texts(), committed()]).toEqual([['one'], 1]);
    expect(world.received[0]?.event.attributes.get('knativeerrorcode')).toBe('400');
  });

  test('what was given up, as its delivery says', async () => {
    world.answer = ({ body }) => (Buffer.from(body).toString() === 'bad' ? 400 : 202);
    await create();
    await write('a', 'bad', 'good');
    await world.clock.advance(200);
    expect([texts(), committed()]).toEqual([['good'], 2]);
  });
});

describe('groups', () => {
  test('another member takes its share, and gives it back', async () => {
    await create();
    const other = await kafka.join(
      access,
      { group: 'g', topics: ['t'], from: 'earliest' },
      { assigned: () => undefined, records: () => undefined, wants: () => false, ended: () => undefined },
    );
    for (const key of ['a', 'b', 'c', 'd']) await write(key, key);
    await world.clock.advance(100);
    const before = texts().length;
    expect(before).toBeLessThan(4);
    await other.close();
    await world.clock.advance(100);
    expect(texts().sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('a delivery of what is another’s now is broken off', async () => {
    let asked = 0;
    world.answer = () => (asked++, 503);
    await create();
    await write('a', 'x');
    kafka.setDown(true);
    await world.clock.advance(60_000);
    const before = asked;
    await world.clock.advance(60_000);
    expect([before, asked]).toEqual([1, 1]);
  });
});

describe('conditions', () => {
  const connected = async () => findCondition((await source()).status, 'ConnectionEstablished');

  test('a cluster that is not there is tried again, slower and slower', async () => {
    kafka.setDown(true);
    await create();
    expect(await connected()).toMatchObject({ status: 'False', reason: 'Unreachable', message: 'no broker answers' });
    kafka.setDown(false);
    await world.clock.advance(600);
    expect(isReady(await source())).toBe(true);
    await write('a', 'x');
    await world.clock.advance(200);
    kafka.setDown(true);
    await world.clock.advance(5);
    expect(await connected()).toMatchObject({ status: 'False', message: 'the connection was lost' });
    kafka.setDown(false);
    await world.clock.advance(60_000);
    await write('a', 'y');
    expect(texts()).toEqual(['x', 'y']);
  });

  test('a topic that is not there', async () => {
    await create({ topics: ['none'] });
    expect(await connected()).toMatchObject({ reason: 'TopicNotFound', message: 'there is no topic none' });
    await kafka.createTopic(access, { topic: 'none', partitions: 1, replicationFactor: 1 });
    await world.clock.advance(60_000);
    expect(isReady(await source())).toBe(true);
  });

  test('nothing is read without a sink', async () => {
    await create({ sink: { ref: { ...sink.ref, name: 'late' } } });
    await write('a', 'x');
    expect((await connected())?.reason).toBe('SinkNotFound');
    await addSink(world.client, 'late');
    await world.clock.advance(100);
    expect(texts()).toEqual(['x']);
  });

  test('no consumers, nothing is read', async () => {
    await create({ consumers: 0 });
    await write('a', 'x');
    expect([texts(), (await connected())?.reason]).toEqual([[], 'Paused']);
    await world.client.patch(KafkaSource, 'default', 'it', 'merge', { spec: { consumers: 1 } });
    await world.clock.advance(100);
    expect(texts()).toEqual(['x']);
  });

  test('passwords come out of Secrets, also of those that come later', async () => {
    const from = (key: string) => ({ secretKeyRef: { name: 's', key } });
    await create({ net: { sasl: { enable: true, user: from('u'), password: from('p'), type: from('t') } } });
    expect(await connected()).toMatchObject({
      reason: 'AccessInvalid',
      message: expect.stringContaining('spec.net.sasl.user: Secret "s" has no key "u"') as string,
    });
    const secret = (t: string) => ({ stringData: { u: 'me', p: 'x', t } });
    const base = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'default' } };
    await world.client.create(Secret, { ...base, ...secret('GSSAPI') });
    await world.clock.advance(10);
    expect((await connected())?.message).toContain('expected one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512');
    await world.client.patch(Secret, 'default', 's', 'merge', secret('SCRAM-SHA-512'));
    await world.clock.advance(100);
    expect(isReady(await source())).toBe(true);
  });
});

test('a new sink counts from then on, without a new membership', async () => {
  await create();
  await write('a', 'x');
  await addSink(world.client, 'new');
  await world.client.patch(KafkaSource, 'default', 'it', 'merge', { spec: { sink: { ref: { name: 'new' } } } });
  await world.clock.advance(100);
  await write('a', 'y');
  expect(world.received.map(({ url }) => new URL(url).host.split('.')[0])).toEqual(['sink', 'new']);
});

test('a source that goes leaves its group', async () => {
  await create();
  await world.client.delete(KafkaSource, 'default', 'it');
  await world.clock.advance(100);
  await write('a', 'x');
  expect(texts()).toEqual([]);
});

test('how far a partition is done', () => {
  const progress = new Progress();
  expect(progress.next).toBeUndefined();
  for (const offset of [5, 6, 9]) progress.take(offset);
  progress.done(6);
  expect(progress.next).toBe(5);
  progress.done(5);
  expect(progress.next).toBe(9);
  progress.done(9);
  expect(progress.next).toBe(10);
});
