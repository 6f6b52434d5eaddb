// The console's port from outside: what it says, to whom, and in which form.

import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Informers } from '#objects/mod.ts';
import { createMetrics } from '#telemetry/mod.ts';
import type { Console } from './server.ts';
import { startConsole } from './server.ts';

const metrics = createMetrics();
metrics.gauge('kn.workqueue.depth').set(2, { name: 'route' });
let isEnabled = false;
let fault: string | undefined;
const asked: unknown[] = [];
let server: Console;

beforeAll(async () => {
  server = await startConsole({
    host: '127.0.0.1',
    port: 0,
    informers: { of: () => ({ list: () => [] }) } as unknown as Informers,
    metrics: async () => metrics.families(),
    refusals: async () => [],
    profiles: {
      enabled: () => isEnabled,
      async take(from, kind, seconds) {
        asked.push([from, kind, seconds]);
        if (kind === 'heap') throw new Error('not now');
        return Readable.from(['{"nodes":[]}']);
      },
    },
    checks: () => ({ api: undefined, gateway: fault }),
  });
});
afterAll(() => server.close());

async function get(path: string, headers: Record<string, string> = {}) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ host: '127.0.0.1', port: server.port, path, headers }, resolve).once('error', reject).end();
  });
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

test('metrics come as a scraper wants them', async () => {
  const plain = await get('/metrics');
  expect(plain.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(plain.body).toContain('kn_workqueue_depth{name="route"} 2\n');
  const open = await get('/metrics', { accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' });
  expect(open.headers['content-type']).toContain('application/openmetrics-text');
  expect(open.body).toMatch(/# EOF\n$/);
});

test('it is ready when all of its parts are', async () => {
  expect(await get('/readyz')).toMatchObject({ status: 200, body: '[+]api ok\n[+]gateway ok\n' });
  fault = 'its process cannot be reached';
  expect(await get('/readyz')).toMatchObject({
    status: 503,
    body: '[+]api ok\n[-]gateway failed: its process cannot be reached\n',
  });
  expect(await get('/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
});

test.each([
  ['localhost', 200],
  ['localhost:9090', 200],
  ['console.localhost:9090', 200],
  ['127.0.0.1:9090', 200],
  ['[::1]:9090', 200],
  ['evil.example:9090', 421],
  ['127.0.0.1.evil.example', 421],
])('asked for as %s it answers %i', async (host, status) =>
  expect((await get('/healthz', { host })).status).toBe(status),
);

test('profiles are taken only while that is switched on, and the way to that is told', async () => {
  isEnabled = false;
  const closed = await get('/debug/pprof/profile');
  expect([closed.status, closed.body]).toEqual([404, expect.stringContaining('set runtime-profiling to enabled')]);
  expect(asked).toEqual([]);
  isEnabled = true;
  expect((await get('/debug/pprof/')).body).toContain('heap?process=control');
  const profile = await get('/debug/pprof/profile?seconds=2&process=gateway');
  expect(profile).toMatchObject({ status: 200, body: '{"nodes":[]}' });
  expect(profile.headers['content-disposition']).toContain('ebb-gateway.cpuprofile');
  expect(await get('/debug/pprof/heap')).toMatchObject({ status: 503, body: 'not now\n' });
  expect(asked).toEqual([
    ['gateway', 'cpu', 2],
    ['control', 'heap', 30],
  ]);
});

test('nobody gets a profile by way of a proxy, whose users are elsewhere', async () => {
  isEnabled = true;
  for (const name of ['x-forwarded-for', 'forwarded']) {
    const answer = await get('/debug/pprof/heap', { [name]: '192.0.2.1' });
    expect(answer).toMatchObject({ status: 403, body: 'profiles are given to this machine only\n' });
  }
});

test.each([
  ['profile?seconds=301', 400, 'seconds must be more than 0 and at most 300\n'],
  ['profile?seconds=soon', 400, 'seconds must be more than 0 and at most 300\n'],
  ['profile?process=node', 400, 'process must be control or gateway\n'],
  ['goroutine', 404, expect.stringContaining('there is no such profile')],
])('/debug/pprof/%s is answered %i', async (path, status, body) => {
  isEnabled = true;
  expect(await get(`/debug/pprof/${path}`)).toMatchObject({ status, body });
});
