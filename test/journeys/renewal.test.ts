// A platform that never stops outlives its certificates: the API server takes new ones while clients are connected.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { daily, keepKeys } from '#pki/mod.ts';
import { startTestApi } from '../contracts/api-server.ts';

const DAY_MS = 86_400_000;
const HOSTS = ['localhost', '127.0.0.1'];

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ebb-renewal-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function greet(port: number, ca: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ca, servername: 'localhost' }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** The answer's first line, over a connection that stays open. */
function version(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString().split('\r\n')[0] ?? ''));
    socket.write('GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n');
  });
}

test('in the year in which a certificate ends new connections meet another, and open ones stay', async () => {
  // So that both certificates are good today, for the client's eyes too.
  const clock = new VirtualClock(Date.now() - 345 * DAY_MS);
  const first = await keepKeys(folder, HOSTS, clock);
  const { keyPem, certPem } = first.server;
  const api = await startTestApi({ tls: { key: keyPem, cert: certPem, clientCa: first.caPem } });
  const renewals: string[] = [];
  const problems: unknown[] = [];
  let looked = Promise.withResolvers<void>();
  const stop = daily(
    clock,
    () => keepKeys(folder, HOSTS, clock),
    ({ server, caPem }) => {
      renewals.push(server.certPem);
      api.server.renew({ key: server.keyPem, cert: server.certPem, clientCa: caPem });
      looked.resolve();
    },
    (error) => problems.push(error),
  );
  const open = await greet(api.server.port, first.caPem);
  const before = open.getPeerCertificate().fingerprint256;
  for (let day = 0; day < 366 && new Set(renewals).size < 2; day++) {
    looked = Promise.withResolvers();
    await clock.advance(DAY_MS);
    await looked.promise;
  }
  expect(problems).toEqual([]);
  expect(renewals[0]).toBe(certPem);
  expect(new Set(renewals).size).toBe(2);
  const later = await greet(api.server.port, first.caPem);
  expect(later.getPeerCertificate().fingerprint256).not.toBe(before);
  for (const socket of [open, later]) expect(await version(socket)).toBe('HTTP/1.1 200 OK');
  for (const socket of [open, later]) socket.destroy();
  stop();
  await api.close();
}, 60_000);
