// KafkaSinks over the real store, asked by HTTP as senders ask, with a cluster in memory.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MemoryKafka } from '#kafka/mod.ts';
import { eventOfRecord, memoryKafka } from '#kafka/mod.ts';
import { EVENTING_NAMESPACE, KafkaSink, Secret } from '#kinds/mod.ts';
import { findCondition, isReady } from '#machinery/mod.ts';
import { made, sourcesWorld } from '../../../test/sources/world.ts';
import type { SinkAnswer, SinkRequest } from '../front.ts';
import { accessOf } from './access.ts';
import { kafkaSinkController } from './controller.ts';
import type { KafkaSinkFront } from './front.ts';
import { kafkaSinkFront } from './front.ts';

const access = { servers: ['127.0.0.1:9092'] };
const HOST = `kafka-sink-ingress.${EVENTING_NAMESPACE}.svc.cluster.local`;
const EVENT = ['ce-specversion', '1.0', 'ce-id', '1', 'ce-source', '/s', 'ce-type', 't', 'ce-partitionkey', 'k'];
const spec = { topic: 't', bootstrapServers: access.servers };

let world: Awaited<ReturnType<typeof sourcesWorld>>;
let kafka: MemoryKafka;
let front: KafkaSinkFront;

beforeEach(async () => {
  world = await sourcesWorld();
  kafka = memoryKafka({ now: () => 0, later: (run) => void world.clock.after(1, run) });
  await kafka.createTopic(access, { topic: 't', partitions: 1, replicationFactor: 1 });
  front = kafkaSinkFront(world.informers, async () => undefined, kafka);
  world.begin(kafkaSinkController(kafka));
});
afterEach(async () => {
  await front.close();
  await world.stop();
});

async function create(more: object = {}): Promise<void> {
  await world.client.create(KafkaSink, made(KafkaSink, { ...spec, ...more }));
  await world.clock.advance(10);
}
const sink = async () => (await world.client.get(KafkaSink, 'default', 'it')) ?? { status: undefined };
const topicReady = async () => findCondition((await sink()).status, 'TopicReady');

async function post(over: Partial<SinkRequest> = {}): Promise<SinkAnswer> {
  return front.handle({
    method: 'POST',
    target: '/default/it',
    scheme: 'http',
    host: HOST,
    headers: [...EVENT, 'content-type', 'text/plain'],
    body: new TextEncoder().encode('hello'),
    ...over,
  });
}

test('says where it takes events, and that its topic is there', async () => {
  await create();
  const found = await world.client.get(KafkaSink, 'default', 'it');
  expect(found && isReady(found)).toBe(true);
  expect(found?.status?.address?.url).toBe(`http://${HOST}/default/it`);
  expect([front.serves(HOST), front.serves(`kafka-sink-ingress.${EVENTING_NAMESPACE}`), front.serves('x.y')]).toEqual([
    true,
    true,
    false,
  ]);
});

test('writes events in binary mode, by their key', async () => {
  await create();
  expect(await post()).toEqual({ status: 202 });
  const [record] = kafka.recordsOf('t', 0);
  expect(record?.headers.map(([name, value]) => [name, Buffer.from(value).toString()])).toEqual([
    ['ce_specversion', '1.0'],
    ['ce_id', '1'],
    ['ce_source', '/s'],
    ['ce_type', 't'],
    ['ce_partitionkey', 'k'],
    ['content-type', 'text/plain'],
  ]);
  expect([record?.key, record?.value].map((part) => Buffer.from(part ?? []).toString())).toEqual(['k', 'hello']);
});

test('writes events in structured mode', async () => {
  await create({ contentMode: 'structured' });
  await post();
  const [record] = kafka.recordsOf('t', 0);
  expect(record?.headers.map(([, value]) => Buffer.from(value).toString())).toEqual([
    'application/cloudevents+json; charset=UTF-8',
  ]);
  expect(record && Object.fromEntries(eventOfRecord(record)?.attributes ?? [])).toMatchObject({ id: '1', type: 't' });
});

test('takes structured events, and batches', async () => {
  await create();
  const one = (id: string) => ({ specversion: '1.0', id, source: '/s', type: 't', data: 1 });
  const body = (value: unknown) => Buffer.from(JSON.stringify(value));
  expect(await post({ headers: ['content-type', 'application/cloudevents+json'], body: body(one('a')) })).toEqual({
    status: 202,
  });
  expect(
    await post({ headers: ['content-type', 'application/cloudevents-batch+json'], body: body([one('b'), one('c')]) }),
  ).toEqual({ status: 202 });
  expect(kafka.recordsOf('t', 0).map((record) => eventOfRecord(record)?.attributes.get('id'))).toEqual(['a', 'b', 'c']);
});

test.each<[string, Partial<SinkRequest>, number, RegExp]>([
  ['a path of one part', { target: '/default' }, 404, /expected the path/],
  ['a sink that is not there', { target: '/default/other' }, 404, /a KafkaSink that is there/],
  ['another method', { method: 'GET' }, 405, /the method is GET/],
  ['what is no event', { headers: [] }, 400, /expected an event/],
  ['a bad event', { headers: ['ce-specversion', '1.0', 'ce-id', '1'] }, 400, /source/],
  ['an event that is too large', { body: new Uint8Array(2_000_000) }, 413, /take no event of this size/],
])('refuses %s', async (_, request, status, text) => {
  await create();
  expect(await post(request)).toMatchObject({ status, text: expect.stringMatching(text) as string });
  expect(kafka.recordsOf('t', 0)).toEqual([]);
});

test('what cannot be written is not taken', async () => {
  await create();
  kafka.setDown(true);
  expect(await post()).toEqual({
    status: 503,
    headers: { 'Retry-After': '1' },
    text: 'the event was not written: no broker answers',
  });
  kafka.setDown(false);
  expect(await post()).toEqual({ status: 202 });
});

describe('the topic', () => {
  test('is made where it is said how', async () => {
    await create({ topic: 'new', numPartitions: 3, replicationFactor: 1 });
    expect(await kafka.partitionsOf(access, ['new'])).toEqual(new Map([['new', 3]]));
    expect((await topicReady())?.status).toBe('True');
  });

  test('is looked for again where it is not there', async () => {
    await create({ topic: 'late' });
    expect(await topicReady()).toMatchObject({ status: 'False', reason: 'TopicNotFound' });
    expect(await post()).toMatchObject({ status: 503 });
    await kafka.createTopic(access, { topic: 'late', partitions: 1, replicationFactor: 1 });
    await world.clock.advance(16_000);
    expect((await topicReady())?.status).toBe('True');
  });

  test('of a cluster that is not there', async () => {
    kafka.setDown(true);
    await create();
    expect(await topicReady()).toMatchObject({ reason: 'Unreachable', message: 'no broker answers' });
  });

  test('waits for the Secret', async () => {
    await create({ auth: { secret: { ref: { name: 's' } } } });
    expect(await topicReady()).toMatchObject({
      reason: 'AccessInvalid',
      message: expect.stringMatching(/no Secret "s"/) as string,
    });
    const metadata = { name: 's', namespace: 'default' };
    await world.client.create(Secret, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      stringData: { protocol: 'PLAINTEXT' },
    });
    await world.clock.advance(10);
    expect((await topicReady())?.status).toBe('True');
  });
});

test.each<[string, Record<string, string>, object]>([
  ['nothing', {}, { access }],
  [
    'a password',
    { protocol: 'SASL_PLAINTEXT', user: 'u', password: 'p' },
    { access: { ...access, sasl: { mechanism: 'PLAIN', username: 'u', password: 'p' } } },
  ],
  [
    'both',
    { protocol: 'SASL_SSL', 'sasl.mechanism': 'SCRAM-SHA-512', user: 'u', password: 'p', 'ca.crt': 'ca' },
    { access: { ...access, sasl: { mechanism: 'SCRAM-SHA-512', username: 'u', password: 'p' }, tls: { ca: 'ca' } } },
  ],
  [
    'certificates',
    { protocol: 'SSL', 'user.crt': 'c', 'user.key': 'k' },
    { access: { ...access, tls: { cert: 'c', key: 'k' } } },
  ],
  [
    'a protocol that is none',
    { protocol: 'HTTP' },
    { fault: 'Secret "s": expected protocol to be one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL, but it is HTTP' },
  ],
  [
    'a mechanism that is none',
    { protocol: 'SASL_SSL', 'sasl.mechanism': 'NTLM' },
    { fault: 'Secret "s": expected sasl.mechanism to be one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, but it is NTLM' },
  ],
  [
    'no password',
    { protocol: 'SASL_SSL', user: 'u' },
    { fault: 'Secret "s" has no password, which SASL_SSL asks for' },
  ],
])('a Secret that says %s', (_, texts, expected) => {
  const sinkOf = made<KafkaSink>(KafkaSink, { ...spec, auth: { secret: { ref: { name: 's' } } } });
  const data = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, btoa(text)]));
  expect(accessOf(sinkOf, { ...made<Secret>(Secret, {}), data })).toEqual(expected);
});
