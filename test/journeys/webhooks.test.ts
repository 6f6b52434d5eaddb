// Calls from outside to events: a WebhookSource and a GitHubSource behind the gateway of a whole platform.

import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders, Server } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GitHubSource, Secret, WebhookSource } from '#kinds/mod.ts';
import { isReady } from '#machinery/mod.ts';
import type { HttpClient } from '#objects/mod.ts';
import { clientOf } from '../harness/client.ts';
import type { Platform } from '../harness/platform.ts';
import { startPlatform, until } from '../harness/platform.ts';

interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const secret = { secretKeyRef: { name: 'shop', key: 'secret' } };

let platform: Platform;
let client: HttpClient;
let outside: Server;
let sinkStatus = 202;
const heard: Heard[] = [];

beforeAll(async () => {
  outside = createServer((asked, response) => {
    let body = '';
    asked.setEncoding('utf8').on('data', (text: string) => (body += text));
    asked.on('end', () => {
      if (sinkStatus < 300) heard.push({ headers: asked.headers, body });
      response.writeHead(sinkStatus).end();
    });
  });
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
  platform = await startPlatform({ args: ['--no-example', '--launcher', 'process'], timeoutMs: 120_000 });
  client = clientOf(platform.dataDir);
  const metadata = { namespace: 'default', name: 'shop' };
  await client.create(Secret, { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { secret: 'secret' } });
}, 150_000);

afterAll(async () => {
  client.close();
  await platform.discard();
  outside.close();
});

const sink = () => ({ uri: `http://127.0.0.1:${(outside.address() as AddressInfo).port}/` });

/** Calls the address of a source through the gateway. */
function call(url: string, body: string, headers: Record<string, string>): Promise<number> {
  const { hostname, port } = new URL(platform.endpoints.gateway);
  const { host } = new URL(url);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, method: 'POST', path: '/', headers: { host, ...headers } }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    asked.once('error', reject);
    asked.end(body);
  });
}

const signed = (body: string, word = 'secret'): string =>
  `sha256=${createHmac('sha256', word).update(body).digest('hex')}`;

test('a call that is signed reaches the sink, and no other does', { timeout: 60_000 }, async () => {
  const metadata = { namespace: 'default', name: 'orders' };
  await client.create(WebhookSource, {
    apiVersion: WebhookSource.apiVersion,
    kind: WebhookSource.kind,
    metadata,
    spec: {
      sink: sink(),
      signature: { secret, prefix: 'sha256=' },
      event: { type: { path: 'action', prefix: 'shop.' }, id: { header: 'X-Request-Id' } },
    },
  });
  const url = await readyAt(() => client.get(WebhookSource, 'default', 'orders'));
  expect(url).toMatch(/^http:\/\/orders-webhook\.default\.localhost(:\d+)?$/);
  const body = '{"action":"paid"}';
  const headers = { 'content-type': 'application/json', 'x-request-id': 'r1' };
  expect(await call(url, body, headers)).toBe(401);
  expect(await call(url, body, { ...headers, 'x-hub-signature-256': signed(body, 'other') })).toBe(403);
  expect(heard).toEqual([]);
  expect(await call(url, body, { ...headers, 'x-hub-signature-256': signed(body) })).toBe(202);
  expect(heard).toMatchObject([
    { body, headers: { 'ce-type': 'shop.paid', 'ce-id': 'r1', 'content-type': 'application/json' } },
  ]);
  sinkStatus = 400;
  expect(await call(url, body, { ...headers, 'x-hub-signature-256': signed(body) })).toBe(502);
  sinkStatus = 202;
});

test('a push at GitHub reaches the sink', { timeout: 60_000 }, async () => {
  await client.create(GitHubSource, {
    apiVersion: GitHubSource.apiVersion,
    kind: GitHubSource.kind,
    metadata: { namespace: 'default', name: 'code' },
    spec: { sink: sink(), ownerAndRepository: 'o/r', eventTypes: ['push'], secretToken: secret },
  });
  const url = await readyAt(() => client.get(GitHubSource, 'default', 'code'));
  heard.length = 0;
  const body = '{"ref":"refs/heads/main"}';
  const headers = { 'content-type': 'application/json', 'x-github-event': 'push', 'x-github-delivery': 'd1' };
  expect(await call(url, body, { ...headers, 'x-hub-signature-256': signed(body) })).toBe(202);
  const attributes = {
    'ce-type': 'dev.knative.source.github.push',
    'ce-source': 'https://github.com/o/r',
    'ce-subject': 'refs/heads/main',
    'ce-id': 'd1',
  };
  expect(heard).toMatchObject([{ body, headers: attributes }]);
});

/** Waits until a source is ready; its URL. */
async function readyAt(get: () => Promise<GitHubSource | WebhookSource | undefined>): Promise<string> {
  let found: Awaited<ReturnType<typeof get>>;
  await until(
    async () => {
      found = await get();
      return found !== undefined && isReady(found);
    },
    30_000,
    () => `the source is not ready: ${JSON.stringify(found?.status)}`,
  );
  return found?.status?.address?.url ?? '';
}
