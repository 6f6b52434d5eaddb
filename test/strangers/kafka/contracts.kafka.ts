// What the Kafka port owes, and what only a cluster over real connections shows: passwords, TLS, brokers that go away.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KafkaAccess } from '#kafka/mod.ts';
import { kafkaClient } from '#kafka/mod.ts';
import { kafkaContract, Listener } from '../../contracts/kafka.ts';
import type { Clusters } from './clusters.ts';
import { KAFKA_FAKE, startClusters } from './clusters.ts';

let clusters: Clusters;
let places = 0;

beforeAll(async () => {
  clusters = await startClusters(process.env[KAFKA_FAKE]);
});
afterAll(() => clusters.end());

kafkaContract(() => ({
  kafka: kafkaClient,
  access: { servers: clusters.servers.plain },
  prefix: `place-${process.pid}-${places++}`,
}));

async function roundTrip(access: KafkaAccess): Promise<(string | undefined)[]> {
  const topic = `round-${places++}`;
  await kafkaClient.createTopic(access, { topic, partitions: 1, replicationFactor: 1 });
  const producer = kafkaClient.producer(access);
  await producer.send([{ topic, value: Buffer.from('a'), headers: [] }]);
  const heard = new Listener();
  const member = await kafkaClient.join(access, { group: `${topic}-group`, topics: [topic], from: 'earliest' }, heard);
  await heard.until(() => heard.records_.length === 1);
  await member.close();
  await producer.close();
  return heard.texts;
}

test.each([
  ['PLAIN', 'ann'],
  ['SCRAM-SHA-256', 'bob'],
  ['SCRAM-SHA-512', 'cyd'],
] as const)('a password is shown by %s', async (mechanism, username) => {
  const servers = clusters.servers.sasl;
  expect(await roundTrip({ servers, sasl: { mechanism, username, password: 'secret' } })).toEqual(['a']);
  // This cluster closes the connection without a word; others say why.
  await expect(
    kafkaClient.partitionsOf({ servers, sasl: { mechanism, username, password: 'wrong' } }, ['t']),
  ).rejects.toThrow(/closed/i);
});

test('TLS by an authority of its own, and by no other', async () => {
  const servers = clusters.servers.tls;
  expect(await roundTrip({ servers, tls: { ca: clusters.authority } })).toEqual(['a']);
  await expect(kafkaClient.partitionsOf({ servers, tls: {} }, ['t'])).rejects.toThrow(/self-signed|unable to verify/);
});

test('where nobody answers, that is told', async () => {
  const access = { servers: ['127.0.0.1:1'] };
  await expect(kafkaClient.partitionsOf(access, ['t'])).rejects.toMatchObject({ trouble: 'unreachable' });
  const record = { topic: 't', value: undefined, headers: [] };
  await expect(kafkaClient.producer(access).send([record])).rejects.toMatchObject({ trouble: 'unreachable' });
});

test('a cluster that goes away ends the membership, and says so', async () => {
  const access = { servers: clusters.servers.doomed };
  await kafkaClient.createTopic(access, { topic: 'doomed', partitions: 1, replicationFactor: 1 });
  const heard = new Listener();
  await kafkaClient.join(access, { group: 'g', topics: ['doomed'], from: 'latest' }, heard);
  await heard.until(() => heard.own.length === 1);
  clusters.close('doomed');
  await heard.until(() => heard.why !== undefined);
  expect(heard.why).toMatchObject({ trouble: 'unreachable' });
});
