import { mkdtempSync, rmSync } from 'node:fs';
import { request as requestTls } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { KeyFolder } from '#pki/mod.ts';
import type { SinkRequest } from '#sinks/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import type { SinkServer } from './sink-server.ts';
import { MAX_EVENT_BYTES, serveSinks } from './sink-server.ts';

let server: SinkServer;
afterEach(() => server.close());

async function start(contextFor: Parameters<typeof serveSinks>[3] = async () => undefined): Promise<SinkRequest[]> {
  const asked: SinkRequest[] = [];
  const answer = async (request: SinkRequest) => {
    asked.push(request);
    return { status: 202, headers: { Location: '/somewhere' } };
  };
  server = await serveSinks(answer, '127.0.0.1', silentLog, contextFor);
  return asked;
}

const post = (body: Uint8Array<ArrayBuffer>) =>
  fetch(`http://127.0.0.1:${server.port}/ns/name?a=b`, { method: 'POST', body, headers: { 'ce-id': '1' } });

test('requests come whole, with their host and raw path', async () => {
  const asked = await start();
  const answer = await post(new TextEncoder().encode('hello'));
  expect([answer.status, answer.headers.get('location'), await answer.text()]).toEqual([202, '/somewhere', '']);
  expect(asked).toMatchObject([{ method: 'POST', target: '/ns/name?a=b', scheme: 'http', host: '127.0.0.1' }]);
  expect(Buffer.from(asked[0]?.body ?? []).toString()).toBe('hello');
  expect(asked[0]?.headers).toContain('ce-id');
});

test('what is too long is refused in words', async () => {
  const asked = await start();
  const answer = await post(new Uint8Array(MAX_EVENT_BYTES + 1));
  expect([answer.status, await answer.text()]).toEqual([413, `an event may have ${MAX_EVENT_BYTES} bytes\n`]);
  expect(asked).toEqual([]);
});

test('by TLS each host has its own certificate, and who is nobody’s has none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ebb-sinks-'));
  try {
    const keys = new KeyFolder(folder, new VirtualClock(Date.now()));
    const { certPem: ca } = await keys.servingCa();
    const asked = await start(async (host) => {
      if (host === 'other.svc') return undefined;
      const { certPem, keyPem } = await keys.host([host], 3_600_000);
      return createSecureContext({ cert: certPem, key: keyPem });
    });
    const statusOf = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const { tlsPort: port } = server;
        const request = requestTls({ port, ca, servername: host, headers: { host: `${host}:443` }, agent: false });
        request.once('response', (response) => resolve(response.resume().statusCode)).once('error', reject);
        request.end();
      });
    expect([await statusOf('one.svc'), await statusOf('two.svc')]).toEqual([202, 202]);
    expect(asked.map(({ scheme, host }) => [scheme, host])).toEqual([
      ['https', 'one.svc'],
      ['https', 'two.svc'],
    ]);
    await expect(statusOf('other.svc')).rejects.toThrow();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
