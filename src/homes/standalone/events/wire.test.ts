// Requests of deliveries over TLS: whom they trust, and what they say.

import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:https';
import { createServer } from 'node:https';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, VirtualClock } from '#base/mod.ts';
import { engineTransport } from '#gateway/mod.ts';
import { KeyFolder } from '#pki/mod.ts';
import { MAX_ANSWER_BYTES, Wire } from './wire.ts';

const HOST = 'sink.shop.svc.cluster.local';
let folder: string;
let ca: string;
let server: Server;
let wire: Wire;
let asked: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];
let answer: Buffer;
let connections: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-wire-'));
  const keys = new KeyFolder(folder, new VirtualClock(Date.now()));
  ca = (await keys.servingCa()).certPem;
  const { certPem, keyPem } = await keys.host([HOST], 3_600_000);
  server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      asked.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(202, { 'X-From': 'sink' }).end(answer);
    });
  });
  server.on('secureConnection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  asked = [];
  answer = Buffer.from('thanks');
  connections = 0;
  wire = new Wire(engineTransport(systemClock).client());
});
afterEach(() => wire.close());

function send(more: { caCerts?: string; host?: string } = {}) {
  const { host = HOST, ...rest } = more;
  const place = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const request = {
    url: new URL(`https://${host}/a?b=c`),
    headers: ['Ce-Id', '1'],
    body: new TextEncoder().encode('hello'),
    ...rest,
  };
  return wire.send(request, place, new AbortController().signal);
}

test('a request comes as it was meant, under the name that its URL has', async () => {
  const { status, headers, body } = await send({ caCerts: ca });
  expect([status, Buffer.from(body).toString()]).toEqual([202, 'thanks']);
  expect(headers).toContain('X-From');
  expect(asked).toMatchObject([
    { method: 'POST', url: '/a?b=c', body: 'hello', headers: { host: HOST, 'ce-id': '1', 'content-length': '5' } },
  ]);
});

test('requests of the same trust share a connection', async () => {
  for (let i = 0; i < 3; i++) await send({ caCerts: ca });
  expect([asked.length, connections]).toEqual([3, 1]);
});

describe('whom a request trusts', () => {
  test('is nobody unless told', async () => {
    await expect(send()).rejects.toThrow(/certificate/);
    expect(asked).toEqual([]);
  });

  test('is not who has the certificate of another host', async () => {
    await expect(send({ caCerts: ca, host: 'other.shop.svc.cluster.local' })).rejects.toThrow(/altnames/);
  });

  test('is whom trust bundles name, as long as they do', async () => {
    wire.trust([ca]);
    expect((await send()).status).toBe(202);
    wire.trust([]);
    await expect(send()).rejects.toThrow(/certificate/);
    expect((await send({ caCerts: ca })).status).toBe(202);
  });

  test('is not taken over from a connection that was made before', async () => {
    await send({ caCerts: ca });
    await expect(send()).rejects.toThrow(/certificate/);
  });
});

test('an answer that is too long fails', async () => {
  answer = Buffer.alloc(MAX_ANSWER_BYTES + 1);
  await expect(send({ caCerts: ca })).rejects.toThrow(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
});

test('a request that is given up ends', async () => {
  const place = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const request = { url: new URL(`https://${HOST}/`), headers: [], body: new Uint8Array(0), caCerts: ca };
  await expect(wire.send(request, place, AbortSignal.abort(new Error('enough')))).rejects.toThrow();
  expect(asked).toEqual([]);
});
