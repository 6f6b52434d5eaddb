import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '#base/mod.ts';
import type { Authorizer } from '#apiserver/mod.ts';
import type { Keys } from '#pki/mod.ts';
import { keepKeys } from '#pki/mod.ts';
import type { Front } from './front.ts';
import { startFront } from './front.ts';
import { consoleAccess, registryAccess } from './front-access.ts';
import { pickPort } from './busy-ports.ts';

let folder = '';
let keys: Keys;
let behind: Server;
let front: Front;
let port = 0;
/** What came through. */
let heard: {
  method?: string | undefined;
  url?: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-front-'));
  keys = await keepKeys(folder, ['127.0.0.1'], systemClock);
  heard = [];
  behind = createServer((asked, response) => {
    let body = '';
    asked.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    asked.once('end', () => {
      heard.push({ method: asked.method, url: asked.url, headers: asked.headers, body });
      response.writeHead(202, { 'x-from': 'behind' }).end(`got ${body.length}`);
    });
  });
  await new Promise<void>((resolve) => behind.listen(0, '127.0.0.1', resolve));
  ({ port } = await pickPort({ what: 'front', flag: '--x', port: 0 }, '127.0.0.1', false, new Set()));
  front = await startFront({
    hosts: ['127.0.0.1'],
    port,
    behind: { host: '127.0.0.1', port: (behind.address() as AddressInfo).port },
    tls: { key: keys.server.keyPem, cert: keys.server.certPem },
    who: (authorization) => (authorization === 'Bearer good' ? { name: 'ann', groups: [] } : undefined),
    may: ({ user, method, path }) => user.name === 'ann' && !(method === 'POST' && path === '/forbidden'),
  });
});
afterEach(async () => {
  await front.close();
  behind.close();
  behind.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

function ask(method: string, path: string, authorization?: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, method, path, ca: keys.caPem, headers: authorization ? { authorization } : {} },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.once('error', reject);
        answer.once('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
      },
    );
    asked.once('error', reject);
    asked.end(body);
  });
}

test('who does not say who they are is asked to, and nothing gets through', async () => {
  for (const authorization of [undefined, 'Bearer bad', 'Basic bad']) {
    const { status, headers, text } = await ask('GET', '/', authorization);
    expect([status, headers['www-authenticate']]).toEqual([401, 'Basic realm="ebb"']);
    expect(text).toContain('their token');
  }
  expect(heard).toEqual([]);
});

test('a user gets through, both ways, and their token stays at the front', async () => {
  const body = 'x'.repeat(300_000);
  expect(await ask('PUT', '/v2/a?x=1', 'Bearer good', body)).toMatchObject({
    status: 202,
    text: 'got 300000',
    headers: { 'x-from': 'behind' },
  });
  expect(heard).toMatchObject([{ method: 'PUT', url: '/v2/a?x=1', body }]);
  expect(heard[0]?.headers.authorization).toBeUndefined();
});

test('what is behind is asked for by its own name, and hears that somebody asks from afar', async () => {
  await ask('GET', '/', 'Bearer good');
  const own = `127.0.0.1:${(behind.address() as AddressInfo).port}`;
  expect(heard[0]?.headers).toMatchObject({ host: own, 'x-forwarded-for': '127.0.0.1' });
});

test('what a user may not is refused in words', async () => {
  expect(await ask('POST', '/forbidden', 'Bearer good', 'x')).toMatchObject({
    status: 403,
    text: "ann may not POST /forbidden; the platform's owner can give the role\n",
  });
  expect(heard).toEqual([]);
});

test('without TLS nobody is heard', async () => {
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
});

test.each([
  ['GET', undefined],
  ['PUT', 'x'.repeat(300_000)],
])('%s: that nothing is behind is said, with 502', async (method, body) => {
  behind.close();
  behind.closeAllConnections();
  expect(await ask(method, '/', 'Bearer good', body)).toMatchObject({
    status: 502,
    text: expect.stringContaining('what is behind this gave no answer: connect ECONNREFUSED') as string,
  });
  expect((await ask('GET', '/')).status).toBe(401);
});

test('what is behind going away in the middle of its answer ends the connection', async () => {
  behind.removeAllListeners('request');
  behind.on('request', (asked: IncomingMessage, response: ServerResponse) => {
    response.write('the beginning', () => asked.socket.destroy());
  });
  await expect(ask('GET', '/', 'Bearer good')).rejects.toThrow();
  expect((await ask('GET', '/')).status).toBe(401);
});

test('a client that leaves is not waited for behind', async () => {
  const left = new Promise<void>((resolve) => {
    behind.removeAllListeners('request');
    behind.on('request', (asked: IncomingMessage) => {
      asked.socket.once('close', () => resolve());
      client.destroy();
    });
  });
  const headers = { authorization: 'Bearer good', 'content-length': 100 };
  const client = request({ host: '127.0.0.1', port, method: 'PUT', path: '/', ca: keys.caPem, headers });
  client.on('error', () => {});
  client.write('x');
  await left;
});

describe('roles', () => {
  const user = { name: 'ann', groups: [] };
  /** Allows these verbs in these namespaces (empty: in all). */
  const authorizer = (allowed: Record<string, string[]>): Authorizer => ({
    authorize: ({ verb, namespace }) => ({ allowed: allowed[verb]?.includes(namespace) ?? false, reason: '' }),
    rulesFor: () => ({ rules: [], errors: [] }),
  });
  const store = { list: () => [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }] };

  test.each([
    ['GET', { list: [''] }, true],
    ['GET', { list: ['shop'] }, false],
    ['POST', { list: [''] }, false],
    ['POST', { update: [''] }, true],
  ])('the console, %s with %j: %s', (method, allowed, expected) => {
    expect(consoleAccess(authorizer(allowed))({ user, method, path: '/' })).toBe(expected);
  });

  test.each([
    ['GET', {}, true],
    ['HEAD', {}, true],
    ['PUT', {}, false],
    ['PUT', { create: ['shop'] }, true],
    ['POST', { create: [''] }, true],
    ['DELETE', { create: ['elsewhere'] }, false],
  ])('the registry, %s with %j: %s', (method, allowed, expected) => {
    expect(registryAccess(authorizer(allowed), store)({ user, method, path: '/v2/' })).toBe(expected);
  });
});
