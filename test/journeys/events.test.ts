// Events from a producer to a function and back: a Broker and its Triggers by the API, replies, dead letters, and a data process
// that dies between the 202 and the delivery.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders, Server } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Broker, Trigger } from '#kinds/mod.ts';
import type { HttpClient } from '#objects/mod.ts';
import { clientOf } from '../harness/client.ts';
import { makeReady } from '../harness/make-ready.ts';
import type { Platform } from '../harness/platform.ts';
import { ebbCommand, startPlatform, until } from '../harness/platform.ts';

/** Answers each order with a receipt. */
const FUNCTION = `
require('node:http').createServer((request, response) => {
  const id = request.headers['ce-id'];
  request.resume().on('end', () => {
    response.writeHead(200, {
      'ce-specversion': '1.0', 'ce-id': 'receipt-' + id, 'ce-source': '/till', 'ce-type': 'receipt',
      'content-type': 'text/plain',
    });
    response.end('thanks for ' + id);
  });
}).listen(Number(process.env.PORT));
process.on('SIGTERM', () => process.exit(0));
`;

interface Heard {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let platform: Platform;
let client: HttpClient;
let folder = '';
let outside: Server;
const heard: Heard[] = [];

/** What somebody outside the platform hears: takes everything but what goes to /refuse. */
async function listenOutside(): Promise<void> {
  outside = createServer((asked, response) => {
    let body = '';
    asked.setEncoding('utf8').on('data', (text: string) => (body += text));
    asked.on('end', () => {
      const path = asked.url ?? '';
      heard.push({ path, headers: asked.headers, body });
      response.writeHead(path === '/refuse' ? 422 : 202).end(path === '/refuse' ? 'not today' : '');
    });
  });
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
}

const at = (path: string): string => `http://127.0.0.1:${(outside.address() as AddressInfo).port}${path}`;
const heardAt = (path: string): Heard[] => heard.filter((one) => one.path === path);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-events-'));
  const source = join(folder, 'till');
  mkdirSync(source);
  writeFileSync(join(source, 'package.json'), '{"scripts":{"start":"node server.cjs"}}');
  writeFileSync(join(source, 'server.cjs'), FUNCTION);
  await listenOutside();
  platform = await startPlatform({ args: ['--no-example', '--launcher', 'process'] });
  client = clientOf(platform.dataDir);
  await promisify(execFile)(ebbCommand, ['deploy', source, '--name', 'till', '--data', platform.dataDir]);
  const metadata = { namespace: 'default', name: 'shop', annotations: { 'ebb.dev/journal': 'true' } };
  await client.create(Broker, { apiVersion: Broker.apiVersion, kind: Broker.kind, metadata, spec: {} });
}, 120_000);

afterAll(async () => {
  client.close();
  await platform.discard();
  outside.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Makes a Trigger, and waits until it is ready. */
function trigger(name: string, spec: Omit<Trigger['spec'], 'broker'>): Promise<void> {
  return makeReady(client, Trigger, name, { broker: 'shop', ...spec });
}

/** Sends an event to the broker by its name on this machine; gives the status, 0 where there was no answer. */
function emit(type: string, id: string): Promise<number> {
  return new Promise((resolve) => {
    const headers = {
      host: 'broker-ingress.knative-eventing.localhost',
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': id,
      'ce-source': '/web',
      'ce-type': type,
    };
    const { port } = new URL(platform.endpoints.gateway);
    const sent = request({ host: '127.0.0.1', port, method: 'POST', path: '/default/shop', headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.once('error', () => resolve(0));
    sent.end(`{"order": "${id}"}`);
  });
}

test('an order reaches a function, whose receipt comes back; what is refused is a dead letter', async () => {
  const service = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'till' };
  await trigger('orders', { filters: [{ exact: { type: 'order' } }], subscriber: { ref: service } });
  await trigger('receipts', { filter: { attributes: { type: 'receipt' } }, subscriber: { uri: at('/receipts') } });
  await trigger('refused', {
    filters: [{ cesql: "type = 'order'" }],
    subscriber: { uri: at('/refuse') },
    delivery: { deadLetterSink: { uri: at('/dead') } },
  });
  expect(await emit('order', '1')).toBe(202);
  await until(
    () => heardAt('/receipts').length > 0 && heardAt('/dead').length > 0,
    30_000,
    () => `heard only ${JSON.stringify(heard)}`,
  );
  expect(heardAt('/receipts')).toMatchObject([{ headers: { 'ce-id': 'receipt-1' }, body: 'thanks for 1' }]);
  expect(heardAt('/dead')).toMatchObject([
    {
      headers: {
        'ce-id': '1',
        'ce-type': 'order',
        'ce-knativeerrordest': at('/refuse'),
        'ce-knativeerrorcode': '422',
        'ce-knativeerrordata': Buffer.from('not today').toString('base64'),
      },
      body: '{"order": "1"}',
    },
  ]);
}, 60_000);

test('ebb events tells what became of the order, and sends it again', async () => {
  const events = async (...words: readonly string[]): Promise<string> =>
    (await promisify(execFile)(ebbCommand, ['events', ...words, '--data', platform.dataDir])).stdout;
  const told = await events('why', '1');
  for (const line of [
    'Trigger orders has it: delivered, and its reply too, ',
    'Trigger refused did not take it in 1 attempt (422: not today): the dead letter sink has it.\n',
    '    pass  cesql type = \'order\', met true, with type "order"\n',
    'Trigger receipts did not want it:\n    fail  exact type = "receipt", met "order"\n',
  ])
    expect(told).toContain(line);
  expect(await events('redrive', '1', '--trigger', 'receipts', '--set', 'subject=again')).toBe(
    '1 of Broker shop to Trigger receipts: delivered (202)\n',
  );
  expect(heardAt('/receipts').at(-1)?.headers).toMatchObject({ 'ce-id': '1', 'ce-subject': 'again' });
  await expect(events('redrive', '1')).rejects.toMatchObject({
    code: 1,
    stdout: '1 of Broker shop to Trigger refused: failed (422: not today)\n',
  });
  expect(await events('list', '--state', 'dead-lettered', '-o', 'name')).toBe('1\n');
  expect(await events('replay', '--broker', 'shop', '--type', 'order', '--to', at('/again'), '--follow')).toMatch(
    /^replay-\S+ is over: 1 delivered to /,
  );
  expect(heardAt('/again')).toMatchObject([{ headers: { 'ce-id': '1' }, body: '{"order": "1"}' }]);
}, 120_000);

test('an event that was accepted is delivered although the data process dies before', async () => {
  await trigger('late', {
    filters: [{ exact: { type: 'late' } }],
    // Nobody listens there.
    subscriber: { uri: 'http://127.0.0.1:1/' },
    delivery: { retry: 1000, backoffPolicy: 'linear', backoffDelay: 'PT0.1S' },
  });
  expect(await emit('late', '7')).toBe(202);
  const record = JSON.parse(readFileSync(join(platform.dataDir, 'run/gateway.json'), 'utf8')) as { pid: number };
  process.kill(record.pid, 'SIGKILL');
  await client.patch(Trigger, 'default', 'late', 'merge', { spec: { subscriber: { uri: at('/late') } } });
  await until(
    () => heardAt('/late').length > 0,
    60_000,
    () => 'the event was lost',
  );
  expect(heardAt('/late')[0]).toMatchObject({ headers: { 'ce-id': '7' }, body: '{"order": "7"}' });
}, 120_000);
