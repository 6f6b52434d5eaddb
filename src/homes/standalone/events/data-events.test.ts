// Events of the data process over real sockets: in by HTTP, out by the gateway and over the wire, told over the line.

import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#base/mod.ts';
import type { Consumer, LinkedEvents, StreamRule } from '#events/mod.ts';
import { connectEvents } from '#events/mod.ts';
import type { DataGateway, Endpoint, LinkedControl, Target } from '#gateway/mod.ts';
import { connectControl, runDataProcess } from '#gateway/mod.ts';
import { createMetrics, silentLog } from '#telemetry/mod.ts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DataEvents } from './data-events.ts';
import { eventsSocketPath, openDataEvents } from './data-events.ts';

const BROKER = 'broker-ingress.knative-eventing.svc.cluster.local';
const EVENT = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't' };

let dataDir = '';
let events: DataEvents;
let gateway: DataGateway;
let control: LinkedEvents;
let routes: LinkedControl;
const closers: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'ebb-events-'));
  await mkdir(join(dataDir, 'run'));
  await begin();
  connect();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await end();
  await rm(dataDir, { recursive: true });
});

async function begin(): Promise<void> {
  events = await openDataEvents({ dataDir, disk: { floor: 0 }, log: silentLog });
  gateway = await runDataProcess({
    ports: { http: 0, internal: 0 },
    host: '127.0.0.1',
    socketPath: join(dataDir, 'run', 'gateway.sock'),
    log: silentLog,
    metrics: createMetrics(),
    ingest: events.ingest,
  });
  await events.begin(gateway);
}

/** The control process comes. */
function connect(allTold?: Promise<void>): void {
  const events = connectEvents(eventsSocketPath(dataDir), { clock: systemClock, log: silentLog });
  const told = allTold ? { allTold } : {};
  const gatewayLink = connectControl(join(dataDir, 'run', 'gateway.sock'), {
    clock: systemClock,
    log: silentLog,
    ...told,
  });
  [control, routes] = [events, gatewayLink];
  closers.push(
    () => events.close(),
    () => gatewayLink.close(),
  );
}

async function end(): Promise<void> {
  await events.close(1000);
  await gateway.close(0);
}

interface Heard {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A subscriber; gives what it heard. */
async function subscriber(answer: (response: ServerResponse) => void): Promise<{ heard: Heard[]; port: number }> {
  const heard: Heard[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      heard.push({ headers: request.headers, body });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(resolve);
      }),
  );
  return { heard, port: (server.address() as AddressInfo).port };
}

interface Told {
  readonly status: number;
  readonly allow: string | undefined;
  readonly body: string;
}

/** By the name under which this machine's own programs find the broker. */
function post(
  headers: Record<string, string>,
  body: string | Buffer = '{}',
  host = 'broker-ingress.knative-eventing.localhost:8080',
  path = '/ns/b',
): Promise<Told> {
  return new Promise((resolve, reject) => {
    const { port } = gateway.address.http;
    const all = { ...headers, host };
    const asked = request({ host: '127.0.0.1', port, method: 'POST', path, headers: all }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, allow: response.headers.allow, body: text }),
      );
    });
    asked.once('error', reject);
    asked.end(body);
  });
}

function consumer(url: string, more: Partial<Consumer> = {}): Consumer {
  return {
    namespace: 'ns',
    name: 'c',
    kind: 'trigger',
    filters: [],
    subscriber: { url },
    delivery: { retry: 2, backoffPolicy: 'linear', backoffDelayMs: 5 },
    ...more,
  };
}

function brokerOf(...consumers: Consumer[]): StreamRule {
  return {
    addresses: [{ hosts: [BROKER], path: '/ns/b', kind: 'broker', namespace: 'ns', name: 'b' }],
    consumers: Object.fromEntries(consumers.map((one, index) => [`c${index}`, one])),
  };
}

test('to a subscriber of the world, and its reply back to the broker', async () => {
  const first = await subscriber((response) =>
    response.writeHead(200, { ...EVENT, 'ce-id': 'r', 'ce-type': 'u' }).end(),
  );
  const second = await subscriber((response) => response.writeHead(202).end());
  await control.setStream(
    'ns/b',
    brokerOf(
      consumer(`http://127.0.0.1:${first.port}/`, {
        filters: [{ exact: { type: 't' } }],
        reply: { url: `http://${BROKER}/ns/b` },
      }),
      consumer(`http://127.0.0.1:${second.port}/x`, { filters: [{ exact: { type: 'u' } }] }),
    ),
  );
  const answer = await post({ ...EVENT, 'content-type': 'application/json' }, '{"a": 1.0}');
  expect(answer).toEqual({ status: 202, allow: 'POST, OPTIONS', body: '' });
  await vi.waitFor(() => expect(second.heard).toHaveLength(1));
  expect(first.heard).toMatchObject([{ body: '{"a": 1.0}', headers: { 'ce-id': '1', prefer: 'reply' } }]);
  expect(second.heard).toMatchObject([{ headers: { 'ce-id': 'r', 'ce-type': 'u', host: `127.0.0.1:${second.port}` } }]);
});

test('to a local service through the gateway, which holds it until there is an instance', async () => {
  const app = await subscriber((response) => response.writeHead(200).end());
  const splits = [{ target: 'ns/rev', percent: 100 }];
  const hosts = ['fn.ns.svc.cluster.local'];
  await routes.setIngress('ns/fn', { rules: [{ hosts, visibility: 'internal', paths: [{ prefix: '/', splits }] }] });
  const target: Target = {
    namespace: 'ns',
    name: 'rev',
    concurrency: 0,
    timeoutMs: 60_000,
    protocol: 'http1',
    endpoints: [],
  };
  const woken = new Promise<string>((resolve) => routes.onWake(resolve));
  await routes.setTarget('ns/rev', target);
  await control.setStream('ns/b', brokerOf(consumer('http://fn.ns.svc.cluster.local')));
  expect((await post(EVENT)).status).toBe(202);
  expect(await woken).toBe('ns/rev');
  const endpoint: Endpoint = { id: 'e', host: '127.0.0.1', port: app.port, state: 'ready' };
  await routes.setTarget('ns/rev', { ...target, endpoints: [endpoint] });
  await vi.waitFor(() => expect(app.heard).toMatchObject([{ headers: { host: 'fn.ns.svc.cluster.local' } }]));
});

test('to a Service whose endpoints only the control process knows', async () => {
  const app = await subscriber((response) => response.writeHead(200).end());
  control.onPlacesWanted(async ({ namespace, name, port }) =>
    namespace === 'ns' && name === 'plain' && port === 80
      ? { kind: 'endpoints', places: [{ host: '127.0.0.1', port: app.port }] }
      : { kind: 'unknown' },
  );
  await control.setStream('ns/b', brokerOf(consumer('http://plain.ns.svc.cluster.local/x')));
  await post(EVENT);
  await vi.waitFor(() => expect(app.heard).toMatchObject([{ headers: { host: 'plain.ns.svc.cluster.local' } }]));
});

test('after a start it takes and delivers before anybody has told it anything', async () => {
  const app = await subscriber((response) => response.writeHead(200).end());
  const late = consumer(`http://127.0.0.1:${app.port}/late`, { paused: true });
  await control.setStream('ns/b', brokerOf(consumer(`http://127.0.0.1:${app.port}/`), late));
  await post(EVENT);
  await vi.waitFor(() => expect(app.heard).toHaveLength(1));
  await Promise.all([control.close(), routes.close()]);
  await end();
  await begin();
  expect((await post({ ...EVENT, 'ce-id': '2' })).status).toBe(202);
  await vi.waitFor(() => expect(app.heard).toMatchObject([{}, { headers: { 'ce-id': '2' } }]));
  // Brokers that came meanwhile are not known yet.
  expect((await post(EVENT, '{}', undefined, '/ns/other')).status).toBe(503);
  connect();
  await control.setStream('ns/b', brokerOf(consumer('http://127.0.0.1:1/'), { ...late, paused: false }));
  await vi.waitFor(() => expect(app.heard).toHaveLength(4));
});

test('an event for a local service waits until it is known which there are, and that is no attempt', async () => {
  const app = await subscriber((response) => response.writeHead(200).end());
  const once = consumer('http://plain.ns.svc.cluster.local/x', { delivery: { retry: 0 } });
  await control.setStream('ns/b', brokerOf(once));
  await Promise.all([control.close(), routes.close()]);
  await end();
  await begin();
  expect((await post(EVENT)).status).toBe(202);
  connect();
  control.onPlacesWanted(async () => ({ kind: 'endpoints', places: [{ host: '127.0.0.1', port: app.port }] }));
  await control.setStream('ns/b', brokerOf(once));
  await vi.waitFor(() => expect(app.heard).toHaveLength(1));
});

test('a local service that has a route gets its first event once all is told, and that is the only attempt', async () => {
  const app = await subscriber((response) => response.writeHead(200).end());
  await Promise.all([control.close(), routes.close()]);
  await end();
  await begin();
  const everything = Promise.withResolvers<void>();
  connect(everything.promise);
  const splits = [{ target: 'ns/rev', percent: 100 }];
  const hosts = ['fn.ns.svc.cluster.local'];
  await routes.setIngress('ns/fn', { rules: [{ hosts, visibility: 'internal', paths: [{ prefix: '/', splits }] }] });
  const once = consumer('http://fn.ns.svc.cluster.local', { delivery: { retry: 0 } });
  const beside = await subscriber((response) => response.writeHead(200).end());
  await control.setStream('ns/b', brokerOf(once, consumer(`http://127.0.0.1:${beside.port}/`)));
  expect((await post(EVENT)).status).toBe(202);
  await vi.waitFor(() => expect(beside.heard).toHaveLength(1));
  await routes.setTarget('ns/rev', {
    namespace: 'ns',
    name: 'rev',
    concurrency: 0,
    timeoutMs: 60_000,
    protocol: 'http1',
    endpoints: [{ id: 'e', host: '127.0.0.1', port: app.port, state: 'ready' }],
  });
  expect(app.heard).toEqual([]);
  everything.resolve();
  await vi.waitFor(() => expect(app.heard).toHaveLength(1));
});

test('a stream whose channel went while nobody could say so goes with its files', async () => {
  const rule = brokerOf();
  const channel = { hosts: ['b-kn-channel.ns'], path: '/', kind: 'channel', namespace: 'ns', name: 'b' } as const;
  await control.setStream('ns/b', { ...rule, addresses: [...rule.addresses, channel] });
  await control.setStream('ns/c', {
    addresses: [{ ...channel, hosts: ['c-kn-channel.ns'], name: 'c' }],
    consumers: {},
  });
  expect((await post(EVENT)).status).toBe(202);
  await control.close();
  connect();
  control.onGoneAsked((keys) => keys.filter((key) => key === 'ns/b'));
  await vi.waitFor(async () => expect(await readdir(join(dataDir, 'events'))).toEqual(['ns%2fc', 'told']));
  expect((await post(EVENT)).status).toBe(404);
});

test('a larger event than is taken is refused', async () => {
  await control.setStream('ns/b', brokerOf());
  expect(await post(EVENT, Buffer.alloc(17 * 1024 * 1024))).toMatchObject({ status: 413 });
});

test('hosts that are none of events are what they were', async () => {
  const answer = await post(EVENT, '', 'nobody.ns.localhost');
  expect(answer).toMatchObject({ status: 404, body: 'no route has this host and path\n' });
});
