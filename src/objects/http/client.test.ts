// What only HTTP can do wrong: odd answers, busy servers, broken connections. The rest is the contract's.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { settle, VirtualClock } from '#base/mod.ts';
import { Thing } from '../../../test/contracts/thing-kinds.ts';
import type { HttpClient } from './client.ts';
import { httpClient } from './client.ts';

const thing = { metadata: { name: 'x', namespace: 'a', resourceVersion: '5' }, spec: {} };
const clock = new VirtualClock();
let server: Server;
let client: HttpClient;

async function against(listener: RequestListener, options: { token?: string } = {}): Promise<HttpClient> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  client = httpClient({ server: `http://127.0.0.1:${port}/behind`, userAgent: 'ebb/1 (test)', ...options }, clock);
  return client;
}

afterEach(() => {
  client.close();
  server.closeAllConnections();
  server.close();
});

test('paths, queries and headers', async () => {
  const seen: string[] = [];
  await against(
    (request, response) => {
      seen.push(
        `${request.method} ${request.url} ${request.headers['content-type'] ?? ''} ${request.headers.authorization}`,
      );
      response.end(
        JSON.stringify(
          request.url?.includes('labelSelector') ? { items: [thing], metadata: { resourceVersion: '9' } } : thing,
        ),
      );
    },
    { token: 't' },
  );
  expect(await client.get(Thing, 'a', 'x')).toMatchObject({ apiVersion: Thing.apiVersion, kind: 'Thing' });
  const { items } = await client.list(Thing, { labelSelector: 'a in (b)' });
  expect(items[0]?.kind).toBe('Thing');
  await client.patch(Thing, 'a', 'x', 'apply', {}, { fieldManager: 'm', force: true });
  expect(seen).toEqual([
    'GET /behind/apis/test.ebb.dev/v1/namespaces/a/things/x  Bearer t',
    'GET /behind/apis/test.ebb.dev/v1/things?labelSelector=a+in+%28b%29  Bearer t',
    'PATCH /behind/apis/test.ebb.dev/v1/namespaces/a/things/x?fieldManager=m&force=true application/apply-patch+yaml Bearer t',
  ]);
});

test('a resource that the server does not have is an error, not an absence', async () => {
  const body = {
    kind: 'Status',
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    details: {},
  };
  await against((_, response) => void response.writeHead(404).end(JSON.stringify(body)));
  await expect(client.get(Thing, 'a', 'x')).rejects.toMatchObject({ code: 404, message: body.message });
});

test.each([
  [502, 'Bad Gateway', 'InternalError'],
  [403, '', 'Forbidden'],
  [413, '<html>', 'RequestEntityTooLarge'],
])('an answer %i without a Status has a reason all the same', async (code, text, reason) => {
  await against((_, response) => void response.writeHead(code).end(text));
  await expect(client.list(Thing)).rejects.toMatchObject({ code, reason });
});

test('a busy server is asked again when it says', async () => {
  let asked = 0;
  await against((_, response) => {
    if (asked++ === 0) response.writeHead(429, { 'Retry-After': '3' }).end();
    else response.end(JSON.stringify(thing));
  });
  const getting = client.get(Thing, 'a', 'x');
  await expect.poll(() => clock.nextDue).toBeDefined();
  expect(asked).toBe(1);
  await clock.advance(3000);
  expect((await getting)?.metadata.name).toBe('x');
});

test('a kept connection that the server closed meanwhile is opened anew', async () => {
  let asked = 0;
  await against((request, response) => {
    if (asked++ === 1) request.socket.resetAndDestroy();
    else response.end(JSON.stringify(thing));
  });
  await client.get(Thing, 'a', 'x');
  await settle();
  expect((await client.get(Thing, 'a', 'x'))?.metadata.name).toBe('x');
  expect(asked).toBe(3);
});

test('a watch reads events across chunks, bookmarks, and an error among them', async () => {
  const lines = [
    { type: 'ADDED', object: { ...thing, spec: { color: 'grün' } } },
    { type: 'BOOKMARK', object: { metadata: { resourceVersion: '7' } } },
    {
      type: 'ERROR',
      object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version: 1 (6)' },
    },
  ];
  const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  await against((_, response) => {
    for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
    response.end();
  });
  const seen: unknown[] = [];
  const reading = async () => {
    for await (const event of client.watch(Thing, '1', {}, new AbortController().signal)) seen.push(event);
  };
  await expect(reading()).rejects.toMatchObject({ code: 410, reason: 'Expired' });
  expect(seen).toMatchObject([
    { type: 'ADDED', object: { kind: 'Thing', spec: { color: 'grün' } } },
    { type: 'BOOKMARK', resourceVersion: '7' },
  ]);
});

test('something that is no answer of the API is an error that says so', async () => {
  await against((_, response) => void response.end('[]'));
  await expect(client.get(Thing, 'a', 'x')).rejects.toThrow('something that is no Thing');
  await expect(client.list(Thing)).rejects.toThrow('something that is no list of Thing');
});
