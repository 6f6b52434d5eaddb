// Events through a topic and back on a whole platform: a PingSource into a KafkaSink, a KafkaSource to somebody outside, and a platform
// that is away meanwhile.

import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kafkaClient } from '#kafka/mod.ts';
import { KafkaSink, KafkaSource, PingSource } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { isReady } from '#machinery/mod.ts';
import type { HttpClient } from '#objects/mod.ts';
import { httpClient, parseKubeconfig } from '#objects/mod.ts';
import type { Platform } from '../../harness/platform.ts';
import { startPlatform, until } from '../../harness/platform.ts';
import type { Clusters } from './clusters.ts';
import { KAFKA_FAKE, startClusters } from './clusters.ts';

const PATIENCE_MS = 120_000;
const metadata = (name: string) => ({ namespace: 'default', name });

let clusters: Clusters;
let platform: Platform;
let client: HttpClient;
let outside: Server;
const heard: { readonly type: string | undefined; readonly id: string | undefined }[] = [];

async function start(dataDir?: string): Promise<void> {
  const args = ['--no-example', '--launcher', 'process'];
  platform = await startPlatform({ args, timeoutMs: PATIENCE_MS, ...(dataDir ? { dataDir } : {}) });
  client = httpClient(parseKubeconfig(readFileSync(platform.kubeconfig, 'utf8'), (path) => readFileSync(path, 'utf8')));
}

beforeAll(async () => {
  clusters = await startClusters(process.env[KAFKA_FAKE]);
  outside = createServer((asked, response) => {
    const one = (name: string) => asked.headers[name] as string | undefined;
    heard.push({ type: one('ce-type'), id: one('ce-id') });
    asked.resume().on('end', () => response.writeHead(202).end());
  });
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
  await start();
}, PATIENCE_MS * 2);

afterAll(async () => {
  client.close();
  await platform.discard();
  outside.close();
  await clusters.end();
}, PATIENCE_MS);

async function ready<O extends KubeObject & { status?: object | undefined }>(
  kind: Kind<O>,
  name: string,
): Promise<void> {
  let found: O | undefined;
  await until(
    async () => {
      found = await client.get(kind, 'default', name);
      return found !== undefined && isReady(found);
    },
    PATIENCE_MS,
    () => `${kind.kind} ${name} is not ready: ${JSON.stringify(found?.status)}`,
  );
}

const bootstrapServers = () => [...clusters.servers.plain];
const came = (holds: () => boolean) => until(holds, PATIENCE_MS, () => `only this came: ${JSON.stringify(heard)}`);

test('an event goes through a topic and back', { timeout: PATIENCE_MS * 3 }, async () => {
  const { apiVersion, kind } = KafkaSink;
  const form = { topic: 'round', numPartitions: 2, replicationFactor: 1 };
  await client.create(KafkaSink, {
    apiVersion,
    kind,
    metadata: metadata('in'),
    spec: { ...form, bootstrapServers: bootstrapServers() },
  });
  await ready(KafkaSink, 'in');
  await client.create(KafkaSource, {
    apiVersion: KafkaSource.apiVersion,
    kind: KafkaSource.kind,
    metadata: metadata('out'),
    spec: {
      topics: ['round'],
      bootstrapServers: bootstrapServers(),
      consumerGroup: 'out',
      sink: { uri: `http://127.0.0.1:${(outside.address() as AddressInfo).port}/` },
    },
  });
  await ready(KafkaSource, 'out');
  await client.create(PingSource, {
    apiVersion: PingSource.apiVersion,
    kind: PingSource.kind,
    metadata: metadata('beat'),
    spec: { schedule: '* * * * * *', sink: { ref: { apiVersion, kind, name: 'in' } } },
  });
  await came(() => heard.filter(({ type }) => type === 'dev.knative.sources.ping').length >= 3);
  await client.delete(PingSource, 'default', 'beat');
  const ids = heard.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test('what is written while the platform is away comes when it is back', { timeout: PATIENCE_MS * 3 }, async () => {
  client.close();
  await platform.stop();
  const before = heard.length;
  const producer = kafkaClient.producer({ servers: bootstrapServers() });
  await producer.send(['a', 'b', 'c'].map((text) => ({ topic: 'round', value: Buffer.from(text), headers: [] })));
  await producer.close();
  expect(heard).toHaveLength(before);
  await start(platform.dataDir);
  await came(() => heard.length >= before + 3);
  const late = heard.slice(before);
  expect(late.map(({ type }) => type)).toEqual(Array.from({ length: 3 }, () => 'dev.knative.kafka.event'));
  expect(new Set(late.map(({ id }) => id)).size).toBe(3);
});
