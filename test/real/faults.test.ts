// What a client sees when an instance or the gateway's process dies under its request, and that no request is heard twice.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Pod, SERVICE_LABEL } from '#kinds/mod.ts';
import type { HttpClient } from '#objects/mod.ts';
import { clientOf } from '../harness/client.ts';
import type { Platform } from '../harness/platform.ts';
import { ebbCommand, startPlatform, until } from '../harness/platform.ts';

const HEARD = 'heard.txt';

/** Notes each request before it answers: at once, after a while, or piece by piece. */
const PROGRAM = `
const { createServer } = require('node:http');
const { appendFileSync } = require('node:fs');
const server = createServer((request, response) => {
  appendFileSync(process.env.HEARD, request.headers['x-id'] + '\\n');
  if (request.url === '/slow') return void setTimeout(() => response.end('slow'), 1500);
  if (request.url === '/stream') {
    let left = 8;
    const next = () => (left-- > 0 ? (response.write('piece '), setTimeout(next, 200)) : response.end('end'));
    return next();
  }
  request.resume().on('end', () => response.end(String(process.pid)));
});
server.listen(Number(process.env.PORT));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

type Fault = 'kill the instance' | 'delete its Pod' | 'kill it while it drains' | 'kill the gateway';
type Fate = 'broken off' | number;

interface Case {
  readonly fault: Fault;
  readonly path: '/slow' | '/stream' | '/upload';
  readonly fate: Fate;
}

/** Deaths and deletions by turns: a new Pod is started at once, one that died often waits. */
const CASES: readonly Case[] = [
  { fault: 'kill the instance', path: '/slow', fate: 502 },
  { fault: 'delete its Pod', path: '/slow', fate: 200 },
  { fault: 'delete its Pod', path: '/stream', fate: 200 },
  { fault: 'kill it while it drains', path: '/stream', fate: 'broken off' },
  { fault: 'kill the instance', path: '/stream', fate: 'broken off' },
  { fault: 'delete its Pod', path: '/upload', fate: 200 },
  { fault: 'kill the instance', path: '/upload', fate: 502 },
  { fault: 'kill the gateway', path: '/slow', fate: 'broken off' },
  { fault: 'kill the gateway', path: '/stream', fate: 'broken off' },
];

let platform: Platform;
let client: HttpClient;
let folder = '';
let heardFile = '';
let ids = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-faults-'));
  heardFile = join(folder, HEARD);
  writeFileSync(heardFile, '');
  const source = join(folder, 'function');
  mkdirSync(source);
  writeFileSync(join(source, 'package.json'), '{"scripts":{"start":"node server.cjs"}}');
  writeFileSync(join(source, 'server.cjs'), PROGRAM.replace('process.env.HEARD', JSON.stringify(heardFile)));
  platform = await startPlatform({ args: ['--no-example', '--launcher', 'process'] });
  client = clientOf(platform.dataDir);
  await promisify(execFile)(ebbCommand, ['deploy', source, '--name', 'faulty', '--data', platform.dataDir]);
}, 120_000);

afterAll(async () => {
  client.close();
  await platform.discard();
  rmSync(folder, { recursive: true, force: true });
});

interface Sent {
  readonly id: string;
  readonly fate: Promise<{ fate: Fate; body: string }>;
  /** Ends an upload. */
  finish(): unknown;
}

function send(path: string, method: 'GET' | 'POST'): Sent {
  const id = `r${++ids}`;
  const { promise, resolve } = Promise.withResolvers<{ fate: Fate; body: string }>();
  const outgoing = request({
    host: '127.0.0.1',
    port: new URL(platform.endpoints.gateway).port,
    path,
    method,
    headers: { host: 'faulty.default.localhost', 'x-id': id },
    agent: false,
  });
  outgoing.on('error', () => resolve({ fate: 'broken off', body: '' }));
  outgoing.on('response', (response: IncomingMessage) => {
    let body = '';
    response.setEncoding('utf8').on('data', (text: string) => (body += text));
    response.on('error', () => resolve({ fate: 'broken off', body }));
    response.on('end', () => resolve({ fate: response.statusCode ?? 0, body }));
  });
  if (path === '/upload') outgoing.write('first ');
  else outgoing.end();
  return { id, fate: promise, finish: () => path === '/upload' && outgoing.end('last') };
}

const heard = () => readFileSync(heardFile, 'utf8').split('\n').filter(Boolean);

async function cause(fault: Fault, pid: number): Promise<void> {
  if (fault === 'kill the instance') return void process.kill(pid, 'SIGKILL');
  if (fault === 'kill the gateway') {
    const record = JSON.parse(readFileSync(join(platform.dataDir, 'run/gateway.json'), 'utf8')) as { pid: number };
    return void process.kill(record.pid, 'SIGKILL');
  }
  const pods = await client.list(Pod, { namespace: 'default', labelSelector: `${SERVICE_LABEL}=faulty` });
  for (const { metadata } of pods.items)
    if (!metadata.deletionTimestamp) await client.delete(Pod, 'default', metadata.name);
  if (fault === 'kill it while it drains') process.kill(pid, 'SIGKILL');
}

/** Asks until it is answered; nothing but a gateway that is away may fail meanwhile. */
async function answered(): Promise<string> {
  let body = '';
  await until(
    async () => {
      const outcome = await send('/', 'GET').fate;
      body = outcome.body;
      return outcome.fate === 200;
    },
    30_000,
    () => 'the function is not answered again',
  );
  return body;
}

test.each(CASES)('$fault under $path: $fate', { timeout: 60_000 }, async ({ fault, path, fate }) => {
  const pid = Number(await answered());
  // What may not be sent again.
  const sent = send(path, 'POST');
  await until(
    () => heard().includes(sent.id),
    10_000,
    () => 'the function did not hear of the request',
  );
  await cause(fault, pid);
  sent.finish();
  const outcome = await sent.fate;
  expect(outcome.fate).toBe(fate);
  if (fate === 200 && path === '/stream') expect(outcome.body).toBe(`${'piece '.repeat(8)}end`);
  await answered();
  expect(heard().filter((id) => id === sent.id)).toHaveLength(1);
});
