// Invocations as clients see them: through a gateway on loopback, with a function behind it.

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { secureRandom, systemClock } from '#base/mod.ts';
import type { EventLog } from '#events/mod.ts';
import { LogFullError, memoryLog } from '#events/mod.ts';
import type { AsyncRule, Gateway } from '#gateway/mod.ts';
import { AnswerTooLong, askInMemory, engineTransport, startGateway } from '#gateway/mod.ts';
import { createMetrics, silentLog } from '#telemetry/mod.ts';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Invocations } from './invocations.ts';
import { serveInvocations } from './serve.ts';
import type { Status } from './status.ts';
import type { Bounds, ResultCall } from './words.ts';

type Handle = (request: IncomingMessage, response: ServerResponse, body: string) => void;

let gateway: Gateway;
let invocations: Invocations;
let log: EventLog;
let handle: Handle;
const calls: ResultCall[] = [];
const closers: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  handle = (_request, response) => void response.end('well');
  calls.length = 0;
  await begin();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function begin(bounds: Partial<Bounds> = {}): Promise<void> {
  const app = createServer((asked, response) => {
    let body = '';
    asked.setEncoding('utf8').on('data', (text: string) => (body += text));
    asked.on('end', () => handle(asked, response, body));
  });
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  log = memoryLog({ clock: systemClock });
  invocations = new Invocations({
    clock: systemClock,
    random: secureRandom,
    log,
    async send(kept, signal) {
      const limits = { signal, maxBytes: 1000 };
      return askInMemory((exchange) => gateway.serve(exchange, kept.door), kept, limits).catch((error: Error) => ({
        error: error.message,
        isFinal: error instanceof AnswerTooLong,
      }));
    },
    async post(call) {
      calls.push(call);
      return { status: 200, headers: [], body: Buffer.from('') };
    },
    logger: silentLog,
    bounds,
  });
  gateway = await startGateway({
    ports: { http: 0, internal: 0 },
    host: '127.0.0.1',
    clock: systemClock,
    random: secureRandom,
    log: silentLog,
    metrics: createMetrics(),
    transport: engineTransport(systemClock),
    async: serveInvocations(invocations, {
      limits: { bodyBytes: 100, heldBytes: 1000 },
      callbackFault: (url) => (url.hostname === 'forbidden.test' ? 'it is forbidden' : undefined),
    }),
  });
  invocations.begin();
  const { port } = app.address() as AddressInfo;
  await gateway.control.setTarget('default/hello-1', {
    namespace: 'default',
    name: 'hello-1',
    concurrency: 0,
    timeoutMs: 10_000,
    protocol: 'http1',
    endpoints: [{ id: 'e', host: '127.0.0.1', port, state: 'ready' }],
  });
  await serve('default/hello', 'hello.test');
  closers.push(async () => {
    await invocations.close(0);
    await gateway.close(0);
    app.closeAllConnections();
    await new Promise((resolve) => app.close(resolve));
  });
}

function serve(key: string, host: string, async?: AsyncRule | 'disabled'): Promise<void> {
  const paths = [{ prefix: '/', splits: [{ target: 'default/hello-1', percent: 100 }], ...(async ? { async } : {}) }];
  return gateway.control.setIngress(key, { rules: [{ hosts: [host], visibility: 'external', paths }] });
}

interface Told {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

function ask({ method = 'GET', path = '/', host = 'hello.test', headers = {}, body }: Asked = {}): Promise<Told> {
  return new Promise((resolve, reject) => {
    const { port } = gateway.address.http;
    const asked = request(
      { agent: false, host: '127.0.0.1', port, method, path, headers: { ...headers, host } },
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

/** A request whose client does not wait. */
const later = ({ headers = {}, ...more }: Asked = {}) =>
  ask({ method: 'POST', path: '/x?y=1', body: 'body', ...more, headers: { prefer: 'respond-async', ...headers } });

/** Where the status of an accepted request is. */
async function location(asked: Asked = {}): Promise<string> {
  const { status, headers } = await later(asked);
  expect(status).toBe(202);
  return headers.location ?? '';
}

const status = async (path: string, headers = {}): Promise<Status> =>
  JSON.parse((await ask({ path, headers })).body) as Status;

/** How it stands once it is over. */
const over = (path: string) => status(path, { prefer: 'wait=10' });

test('202 tells where the status is, which tells where the result is', async () => {
  handle = (asked, response, body) =>
    response
      .writeHead(201, 'Made', { 'content-type': 'text/x', 'x-two': '2', 'set-cookie': ['a=1', 'b=2'] })
      .end(
        `${asked.method} ${asked.url} ${body} ${String(asked.headers.prefer)} ${String(asked.headers['x-forwarded-for'])}`,
      );
  const accepted = await later({ headers: { prefer: 'return=minimal, respond-async' } });
  expect(accepted).toMatchObject({
    status: 202,
    headers: { 'preference-applied': 'respond-async', 'retry-after': '1' },
  });
  const id = String(accepted.headers['ebb-invocation-id']);
  expect(accepted.headers.location).toBe(`/.ebb/invocations/${id}`);
  expect(JSON.parse(accepted.body)).toMatchObject({ id, request: { method: 'POST', path: '/x?y=1' } });
  const ended = await over(`/.ebb/invocations/${id}`);
  expect(ended).toMatchObject({
    id,
    state: 'succeeded',
    status: 201,
    attempts: [{ status: 201 }],
    result: `/.ebb/invocations/${id}/result`,
  });
  const result = await ask({ path: ended.result });
  expect(result).toMatchObject({
    status: 201,
    headers: { 'content-type': 'text/x', 'x-two': '2', 'set-cookie': ['a=1', 'b=2'], 'ebb-invocation-id': id },
    body: 'POST /x?y=1 body return=minimal 127.0.0.1',
  });
  expect((await ask({ method: 'HEAD', path: ended.result })).headers['content-length']).toBe(
    String(result.body.length),
  );
});

test('who has no such preference gets the answer', async () => {
  expect(await ask({ headers: { prefer: 'return=minimal, wait=5' } })).toMatchObject({ status: 200, body: 'well' });
});

test('who would wait a little has the answer if it is there by then', async () => {
  const answered = await later({ headers: { prefer: 'respond-async, wait=10' } });
  expect(answered).toMatchObject({ status: 200, body: 'well', headers: { 'preference-applied': 'wait' } });
  expect(answered.headers.location).toMatch(/^\/\.ebb\/invocations\/[0-9a-f]{32}$/);
  handle = () => {};
  expect((await later({ headers: { prefer: 'respond-async, wait=0' } })).status).toBe(202);
});

test('the function is told which invocation it is, by nobody else', async () => {
  handle = (asked, response) =>
    response.end(`${String(asked.headers['ebb-invocation-id'])} ${String(asked.headers['ebb-attempt'])}`);
  const headers = { 'ebb-invocation-id': 'mine', 'ebb-attempt': '9', 'ebb-async-retries': '1' };
  const path = await location({ headers });
  await over(path);
  expect((await ask({ path: `${path}/result` })).body).toBe(`${path.split('/').pop()} 1`);
  expect((await ask({ headers })).body).toBe('undefined undefined');
});

test('one that failed says why, and has its last answer', async () => {
  handle = (_, response) => response.writeHead(500).end('no');
  const path = await location({ headers: { 'ebb-async-retries': '1', 'ebb-async-backoff': '0s' } });
  expect(await over(path)).toMatchObject({
    state: 'failed',
    status: 500,
    error: 'all 2 attempts failed',
    attempts: [{ status: 500 }, { status: 500 }],
  });
  expect(await ask({ path: `${path}/result` })).toMatchObject({ status: 500, body: 'no' });
});

test('an answer that is too long is not asked for again', async () => {
  let asked = 0;
  handle = (_, response) => {
    asked++;
    response.end('x'.repeat(2000));
  };
  const path = await location();
  expect(await over(path)).toMatchObject({ state: 'failed', error: 'the answer is longer than 1000 bytes' });
  expect(await ask({ path: `${path}/result` })).toMatchObject({
    status: 502,
    headers: { 'ebb-refusal': 'async-no-answer' },
  });
  expect(asked).toBe(1);
});

test('one that waits is cancelled, and one that runs is broken off', async () => {
  const broken = new Promise<void>((resolve) => (handle = (asked) => void asked.socket.once('close', resolve)));
  const path = await location();
  await vi.waitFor(async () => expect((await status(path)).state).toBe('running'));
  const { attempts } = await status(path);
  expect(attempts).toEqual([{ startedAt: expect.stringMatching(/^2.*Z$/) as string }]);
  expect(await ask({ path: `${path}/result` })).toMatchObject({
    status: 404,
    headers: { 'ebb-refusal': 'async-unfinished', 'retry-after': '1' },
    body: 'the invocation has no result yet: it is running\n',
  });
  const cancelled = await ask({ method: 'DELETE', path });
  expect([cancelled.status, (JSON.parse(cancelled.body) as Status).state]).toEqual([200, 'cancelled']);
  await broken;
  expect(await ask({ path: `${path}/result` })).toMatchObject({
    status: 410,
    headers: { 'ebb-refusal': 'async-cancelled' },
  });
  expect(await ask({ method: 'DELETE', path })).toMatchObject({
    status: 409,
    headers: { 'ebb-refusal': 'async-over' },
  });
});

test('a key makes of two requests one', async () => {
  const one = await later({ headers: { 'idempotency-key': '"k"' } });
  const two = await later({ headers: { 'idempotency-key': 'k' } });
  expect(two).toMatchObject({
    status: 202,
    headers: { location: one.headers.location, 'idempotent-replayed': 'true' },
  });
  expect(await later({ headers: { 'idempotency-key': 'k' }, body: 'other' })).toMatchObject({
    status: 422,
    headers: { 'ebb-refusal': 'async-key-reused' },
  });
});

test('a callback is told of in the status', async () => {
  const path = await location({ headers: { 'ebb-async-callback': 'https://hooks.test/' } });
  await over(path);
  await vi.waitFor(async () =>
    expect((await status(path)).callback).toEqual({
      url: 'https://hooks.test/',
      state: 'delivered',
      attempts: 1,
      status: 200,
    }),
  );
  expect(Buffer.from(calls[0]?.body ?? []).toString()).toBe('well');
});

describe('under the host of another service', () => {
  test('an invocation is not there', async () => {
    await serve('default/other', 'other.test');
    const path = await location();
    for (const method of ['GET', 'DELETE'])
      expect(await ask({ method, path, host: 'other.test' })).toMatchObject({
        status: 404,
        headers: { 'ebb-refusal': 'async-unknown' },
      });
  });

  test('that has the service only under another name it is', async () => {
    const paths = [{ prefix: '/', rewriteHost: 'hello.test', splits: [] }];
    await gateway.control.setIngress('default/own.test', {
      rules: [{ hosts: ['own.test'], visibility: 'external', paths }],
    });
    const path = await location({ host: 'own.test' });
    expect(await over(path)).toMatchObject({ state: 'succeeded' });
    expect((await ask({ path, host: 'own.test' })).status).toBe(200);
  });
});

test('a service that is told to leave it alone answers by itself', async () => {
  await serve('default/own', 'own.test', 'disabled');
  handle = (asked, response) => response.end(`${asked.url} ${String(asked.headers.prefer)}`);
  expect(await later({ host: 'own.test' })).toMatchObject({ status: 200, body: '/x?y=1 respond-async' });
  const path = '/.ebb/invocations/x';
  expect(await ask({ host: 'own.test', path })).toMatchObject({ status: 200, body: `${path} undefined` });
});

test('no more are taken than may wait', async () => {
  for (const close of closers.splice(0)) await close();
  await begin({ waiting: 1 });
  handle = () => {};
  await location();
  expect(await later()).toMatchObject({
    status: 429,
    headers: { 'retry-after': '1', 'ebb-refusal': 'async-full' },
    body: 'too many invocations wait already\n',
  });
  expect(await gateway.control.refusals()).toMatchObject([
    { target: 'default/hello-1', reason: 'async-full', count: 1 },
  ]);
});

test('what cannot be written is refused, with when to come again', async () => {
  const append = vi.spyOn(log, 'append').mockRejectedValue(new LogFullError('disk', 'no room'));
  expect(await later()).toMatchObject({
    status: 507,
    headers: { 'retry-after': '30', 'ebb-refusal': 'async-disk-full' },
  });
  append.mockRestore();
  await log.close();
  expect(await later()).toMatchObject({
    status: 503,
    headers: { 'retry-after': '5', 'ebb-refusal': 'async-unavailable' },
  });
});

const ID = '0123456789abcdef0123456789abcdef';

test.each<[what: string, asked: Asked, status: number, reason: string, body: RegExp]>([
  ['a body beyond its bound', { body: 'x'.repeat(101) }, 413, 'async-too-large', /it may have 100 bytes/],
  ['a setting', { headers: { 'ebb-async-retries': 'x' } }, 400, 'async-setting', /from 0 to 20/],
  ['a setting nobody knows', { headers: { 'ebb-async-x': '1' } }, 400, 'async-setting', /none of ebb-async-retries/],
  ['an empty key', { headers: { 'idempotency-key': '""' } }, 400, 'async-setting', /idempotency-key/],
  ['a long key', { headers: { 'idempotency-key': 'x'.repeat(256) } }, 400, 'async-setting', /255 characters/],
  ['a callback', { headers: { 'ebb-async-callback': 'file:///x' } }, 400, 'async-callback', /http/],
  [
    'a callback that may not be',
    { headers: { 'ebb-async-callback': 'http://forbidden.test' } },
    400,
    'async-callback',
    /the result cannot be sent there: it is forbidden/,
  ],
  ['no such id', { method: 'GET', path: `/.ebb/invocations/${ID}` }, 404, 'async-unknown', /no such invocation/],
  ['no id', { method: 'GET', path: '/.ebb/invocations/' }, 404, 'async-unknown', /no such/],
])('%s is refused', async (_, asked, code, reason, body) => {
  const refused = await later(asked);
  expect(refused).toMatchObject({ status: code, headers: { 'ebb-refusal': reason } });
  expect(refused.body).toMatch(body);
});

test('other methods are refused, and other parts are not there', async () => {
  const path = await location();
  expect(await ask({ method: 'PUT', path })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD, DELETE' } });
  expect(await ask({ method: 'DELETE', path: `${path}/result` })).toMatchObject({
    status: 405,
    headers: { allow: 'GET, HEAD' },
  });
  expect((await ask({ path: `${path}/input` })).status).toBe(404);
  expect((await ask({ path: `${path}?x=1` })).status).toBe(200);
});
