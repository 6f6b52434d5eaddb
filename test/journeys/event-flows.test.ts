// Events that are made over on their way through a Broker, and requests that are answered by events.

import type { IncomingHttpHeaders, Server } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Broker, EventTransform, RequestReply, Trigger } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import type { HttpClient } from '#objects/mod.ts';
import { clientOf } from '../harness/client.ts';
import { makeReady } from '../harness/make-ready.ts';
import type { Platform } from '../harness/platform.ts';
import { startPlatform, until } from '../harness/platform.ts';

interface Message {
  readonly status?: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let platform: Platform;
let client: HttpClient;
let outside: Server;
const heard: Message[] = [];

beforeAll(async () => {
  outside = createServer((asked, response) => {
    let body = '';
    asked.setEncoding('utf8').on('data', (text: string) => (body += text));
    asked.on('end', () => {
      heard.push({ headers: asked.headers, body });
      response.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
  platform = await startPlatform({ args: ['--no-example', '--launcher', 'process'] });
  client = clientOf(platform.dataDir);
  await make(Broker, 'shop', {});
}, 120_000);

afterAll(async () => {
  client.close();
  await platform.discard();
  outside.close();
});

/** Makes an object, and waits until it is ready. */
function make<O extends KubeObject>(kind: Kind<O>, name: string, spec: object): Promise<void> {
  return makeReady(client, kind, name, spec);
}

/** Sends an event to a Service of knative-eventing, by its name on this machine. */
function emit(service: string, path: string, type: string, id: string, body: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    const headers = {
      host: `${service}.knative-eventing.localhost`,
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': id,
      'ce-source': '/web',
      'ce-type': type,
    };
    const { port } = new URL(platform.endpoints.gateway);
    const sent = request({ host: '127.0.0.1', port, method: 'POST', path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

const transform = (name: string) => ({ ref: { apiVersion: EventTransform.apiVersion, kind: 'EventTransform', name } });

test('a Trigger’s events are made over, and come back to the Broker as others', async () => {
  const expression =
    '{"specversion": "1.0", "id": id, "source": source, "type": "priced", "data": {"price": data.count * 3}}';
  await make(EventTransform, 'prices', { jsonata: { expression } });
  await make(Trigger, 'orders', {
    broker: 'shop',
    filter: { attributes: { type: 'order' } },
    subscriber: transform('prices'),
  });
  const { port } = outside.address() as AddressInfo;
  await make(Trigger, 'priced', {
    broker: 'shop',
    filter: { attributes: { type: 'priced' } },
    subscriber: { uri: `http://127.0.0.1:${port}/` },
  });
  expect(await emit('broker-ingress', '/default/shop', 'order', '1', '{"count": 14}')).toMatchObject({ status: 202 });
  await until(
    () => heard.length > 0,
    30_000,
    () => 'nothing was heard',
  );
  expect(heard).toMatchObject([{ headers: { 'ce-type': 'priced', 'ce-id': '1' }, body: '{"price":42}' }]);
}, 60_000);

test('a request is answered with the event that replies to it', async () => {
  const reply =
    '{"specversion": "1.0", "id": "r" & id, "source": "/desk", "type": "told", "replyid": correlationid, "data": data & "!"}';
  await make(EventTransform, 'desk', { jsonata: { expression: reply } });
  await make(Trigger, 'questions', {
    broker: 'shop',
    filter: { attributes: { type: 'ask' } },
    subscriber: transform('desk'),
  });
  const brokerRef = { apiVersion: Broker.apiVersion, kind: 'Broker', name: 'shop' };
  await make(RequestReply, 'counter', { brokerRef });
  await make(RequestReply, 'hasty', { brokerRef, timeout: 'PT0.3S' });
  const ask = (name: string, type: string, id: string) =>
    emit('request-reply', `/default/${name}`, type, id, JSON.stringify(`hello ${id}`));
  const answers = await Promise.all(['1', '2', '3'].map((id) => ask('counter', 'ask', id)));
  expect(answers).toMatchObject(
    ['1', '2', '3'].map((id) => ({
      status: 200,
      headers: { 'ce-id': `r${id}`, 'ce-type': 'told' },
      body: `"hello ${id}!"`,
    })),
  );
  expect(await ask('hasty', 'ask nobody', '4')).toMatchObject({ status: 504 });
  expect(await ask('nobody', 'ask', '5')).toMatchObject({ status: 404 });
  // It changes while it is there, and goes.
  await client.patch(RequestReply, 'default', 'hasty', 'merge', { spec: { timeout: 'PT30S' } });
  await until(
    async () => (await ask('hasty', 'ask', '6')).status === 200,
    30_000,
    () => 'it is as hasty as before',
  );
  await client.delete(RequestReply, 'default', 'counter');
  await until(
    async () => (await ask('counter', 'ask', '7')).status === 404,
    30_000,
    () => 'it still takes requests',
  );
}, 60_000);
