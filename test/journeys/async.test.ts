// Requests that nobody waits for, from the 202 to the result: a function that is at zero, one that fails at first, a data process and a
// whole platform that die in between.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders, Server } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Pod, Service } from '#kinds/mod.ts';
import type { HttpClient } from '#objects/mod.ts';
import { clientOf } from '../harness/client.ts';
import type { Platform } from '../harness/platform.ts';
import { ebbCommand, startPlatform, until } from '../harness/platform.ts';

/** Notes each run, and answers once the gate is open; /fail fails twice, by its attempts. */
const FUNCTION = `
const { appendFileSync, existsSync } = require('node:fs');
require('node:http').createServer((request, response) => {
  const attempt = Number(request.headers['ebb-attempt']);
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    appendFileSync(NOTES, request.url + ' ' + attempt + ' ' + body + '\\n');
    if (request.url === '/fail' && attempt < 3) return response.writeHead(503).end('not yet');
    const answer = () => existsSync(GATE)
      ? response.writeHead(201, { 'content-type': 'text/x', 'x-word': 'yes' }).end('report on ' + body)
      : setTimeout(answer, 20);
    answer();
  });
}).listen(Number(process.env.PORT));
process.on('SIGTERM', () => process.exit(0));
`;

const HOST = 'report.default.localhost';
const ARGS = ['--no-example', '--launcher', 'process'];

let platform: Platform;
let client: HttpClient;
let folder = '';
let notes = '';
let gate = '';
let outside: Server;
const heard: { headers: IncomingHttpHeaders; body: string }[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-async-'));
  [notes, gate] = [join(folder, 'notes.txt'), join(folder, 'gate')];
  writeFileSync(notes, '');
  openGate();
  const source = join(folder, 'report');
  mkdirSync(source);
  writeFileSync(join(source, 'package.json'), '{"scripts":{"start":"node server.cjs"}}');
  const program = FUNCTION.replace('NOTES', JSON.stringify(notes)).replace('GATE', JSON.stringify(gate));
  writeFileSync(join(source, 'server.cjs'), program);
  outside = createServer((asked, response) => {
    let body = '';
    asked.setEncoding('utf8').on('data', (text: string) => (body += text));
    asked.on('end', () => {
      heard.push({ headers: asked.headers, body });
      // The first time it is not well.
      response.writeHead(heard.length === 1 ? 500 : 204).end();
    });
  });
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
  await begin();
  await promisify(execFile)(ebbCommand, ['deploy', source, '--name', 'report', '--data', platform.dataDir]);
}, 120_000);

afterAll(async () => {
  client.close();
  await platform.discard();
  outside.close();
  rmSync(folder, { recursive: true, force: true });
});

async function begin(dataDir?: string): Promise<void> {
  platform = await startPlatform({ args: ARGS, ...(dataDir === undefined ? {} : { dataDir }) });
  client = clientOf(platform.dataDir);
}

const openGate = () => writeFileSync(gate, '');
const shutGate = () => rmSync(gate);
/** Bodies that the function was run with, at a path. */
const runs = (path: string) =>
  readFileSync(notes, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(`${path} `))
    .map((line) => line.split(' ')[2]);

interface Told {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Told> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(platform.endpoints.gateway);
    const asked = request(
      { agent: false, host: '127.0.0.1', port, method, path, headers: { ...headers, host: HOST } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      },
    );
    asked.once('error', reject);
    asked.end(body);
  });
}

async function handOver(path: string, body: string, headers: Record<string, string> = {}): Promise<string> {
  const told = await ask('POST', path, { prefer: 'respond-async', ...headers }, body);
  expect(told).toMatchObject({ status: 202, headers: { 'preference-applied': 'respond-async' } });
  return told.headers.location ?? '';
}

interface Status {
  readonly state: string;
  readonly attempts: readonly { readonly status: number }[];
  readonly callback?: { readonly state: string };
}

async function statusOf(location: string, headers = {}): Promise<Status> {
  return JSON.parse((await ask('GET', location, headers)).body) as Status;
}

/** Its status once it is over; the gateway may be away for a while. */
async function over(location: string): Promise<Status> {
  let status: Status | undefined;
  await until(
    async () => {
      status = await statusOf(location, { prefer: 'wait=5' }).catch(() => undefined);
      return status !== undefined && !/^(queued|running)$/.test(status.state);
    },
    60_000,
    () => `it is not over: ${JSON.stringify(status)}`,
  );
  return status as Status;
}

function killData(): void {
  const record = JSON.parse(readFileSync(join(platform.dataDir, 'run/gateway.json'), 'utf8')) as { pid: number };
  process.kill(record.pid, 'SIGKILL');
}

test('ebb invoke --async hands a request over, and --wait prints its result', async () => {
  const line = ['invoke', 'report', '--async', '--wait', '-d', '2030', '--data', platform.dataDir];
  const { stdout, stderr } = await promisify(execFile)(ebbCommand, line);
  expect(stdout).toBe('report on 2030');
  expect(stderr).toMatch(
    /^202 Accepted\nIts status is at http:\/\/report.default.localhost:\d+\/.ebb\/invocations\/[0-9a-f]{32}\n201 Created\n/,
  );
});

test('one that fails at first is tried again, as often as its client asks, and known by its key', async () => {
  const headers = { 'ebb-async-backoff': '100ms', 'ebb-async-retries': '2', 'idempotency-key': 'once' };
  const location = await handOver('/fail', 'x', headers);
  expect(await over(location)).toMatchObject({
    state: 'succeeded',
    attempts: [{ status: 503 }, { status: 503 }, { status: 201 }],
  });
  expect(await ask('GET', `${location}/result`)).toMatchObject({
    status: 201,
    headers: { 'content-type': 'text/x', 'x-word': 'yes' },
    body: 'report on x',
  });
  expect(await handOver('/fail', 'x', headers)).toBe(location);
  expect((await ask('POST', '/fail', { prefer: 'respond-async', ...headers }, 'y')).status).toBe(422);
  expect(runs('/fail')).toEqual(['x', 'x', 'x']);
});

test('a result goes where its client says, if the service lets it', async () => {
  const url = `http://127.0.0.1:${(outside.address() as AddressInfo).port}/done`;
  const headers = { prefer: 'respond-async', 'ebb-async-callback': url };
  const refused = await ask('POST', '/call', headers, 'x');
  expect([refused.status, refused.headers['ebb-refusal']]).toEqual([400, 'async-callback']);
  const annotations = { 'ebb.dev/async-callbacks': 'any', 'ebb.dev/async-parallelism': '2' };
  await client.patch(Service, 'default', 'report', 'merge', { metadata: { annotations } });
  let told = refused;
  await until(
    async () => (told = await ask('POST', '/call', headers, 'x')).status === 202,
    30_000,
    () => 'the annotation is not in force',
  );
  const location = told.headers.location ?? '';
  await until(
    async () => (await statusOf(location)).callback?.state === 'delivered',
    30_000,
    () => `heard ${JSON.stringify(heard)}`,
  );
  expect(heard).toHaveLength(2);
  expect(heard[1]).toMatchObject({
    headers: { 'ebb-invocation-state': 'succeeded', 'ebb-invocation-status': '201', 'content-type': 'text/x' },
    body: 'report on x',
  });
  expect(heard[1]?.headers['ebb-invocation-id']).toBe(location.split('/').pop());
}, 60_000);

test('what waits and what runs is carried out although the data process dies', async () => {
  shutGate();
  const bodies = ['a', 'b', 'c', 'd'];
  const locations = await Promise.all(bodies.map((body) => handOver('/killed', body)));
  const cancelled = await handOver('/killed', 'never');
  await until(
    () => runs('/killed').length === 2,
    30_000,
    () => 'none was begun',
  );
  expect(await ask('DELETE', cancelled)).toMatchObject({ status: 200 });
  killData();
  openGate();
  for (const location of locations) expect((await over(location)).state).toBe('succeeded');
  expect((await over(cancelled)).state).toBe('cancelled');
  expect(new Set(runs('/killed'))).toEqual(new Set(bodies));
}, 120_000);

test('and although the platform dies with it', async () => {
  shutGate();
  const locations = await Promise.all(['a', 'b', 'c'].map((body) => handOver('/died', body)));
  await until(
    () => runs('/died').length > 0,
    30_000,
    () => 'none was begun',
  );
  const { dataDir } = platform;
  platform.process.kill('SIGKILL');
  killData();
  await platform.stop();
  client.close();
  openGate();
  rmSync(join(dataDir, 'endpoints.json'), { force: true });
  await begin(dataDir);
  for (const location of locations) expect((await over(location)).state).toBe('succeeded');
  expect(new Set(runs('/died'))).toEqual(new Set(['a', 'b', 'c']));
}, 180_000);

test('a function at zero is woken', async () => {
  const annotations = { 'autoscaling.knative.dev/window': '6s' };
  await client.patch(Service, 'default', 'report', 'merge', { spec: { template: { metadata: { annotations } } } });
  await until(
    async () => (await client.list(Pod, { namespace: 'default' })).items.length === 0,
    120_000,
    () => 'the function did not go to zero',
  );
  const location = await handOver('/woken', 'x');
  expect(await over(location)).toMatchObject({ state: 'succeeded', attempts: [{ status: 201 }] });
}, 180_000);
