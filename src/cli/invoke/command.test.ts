import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Service } from '#kinds/mod.ts';
import { objectOf } from '../ports.fixture.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { World } from '../ports.fixture.ts';

let world: World;
beforeEach(() => void (world = new World()));
afterEach(() => world.discard());

let gateway: Server;
beforeEach(async () => {
  gateway = createServer((request, response) => {
    void request.toArray().then((chunks) => {
      const { host, 'x-word': word } = request.headers;
      response.statusCode = request.url === '/missing' ? 404 : 200;
      response.end(JSON.stringify({ method: request.method, url: request.url, host, word, body: chunks.join('') }));
    });
  });
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  world.running({ gateway: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}` });
  const conditions = [{ type: 'Ready', status: 'True' }];
  const status = { observedGeneration: 1, url: 'http://hello.default.localhost:8080' };
  world.client.objects.push(
    objectOf(Service, 'hello', { status: { ...status, conditions } }),
    objectOf(Service, 'lame', { status: { ...status, conditions: [{ type: 'Ready', status: 'False' }] } }),
  );
});
afterEach(() => void gateway.close());

test('who gives a body as --data is told how', async () => {
  expect(await world.run('invoke hello --data {"a":1}')).toBe(1);
  expect(world.err).toMatch(/No platform runs on .*\{"a":1\}.* A body is given by -d or --data-text\./);
});

test.each([
  ['invoke hello', { method: 'GET', url: '/', body: '' }],
  ['invoke hello --path /?name=you', { method: 'GET', url: '/?name=you' }],
  ['invoke hello -d {"a":1} -H x-word:yes', { method: 'POST', body: '{"a":1}', word: 'yes' }],
  ['invoke hello -X PUT -d x', { method: 'PUT', body: 'x' }],
])('%s', async (line, asked) => {
  expect(await world.run(line)).toBe(0);
  expect(JSON.parse(world.out)).toMatchObject({ host: 'hello.default.localhost:8080', ...asked });
  expect(world.err).toBe('200 OK\n');
});

test('a status of 400 or more is a failure, with its body', async () => {
  expect(await world.run('invoke hello --path /missing')).toBe(1);
  expect(world.out).toContain('"url":"/missing"');
  expect(world.err).toBe("404 Not Found\n\nebb: The answer's status is 404.\n");
});

test('of a Service that is not ready that is said beside', async () => {
  expect(await world.run('invoke lame --path /missing')).toBe(1);
  expect(world.err).toContain(
    "The answer's status is 404, and Service lame is not ready: 'ebb why lame' tells what it waits for.\n",
  );
});

test.each([
  ['a Service that is not there', 'invoke absent', 3, /There is no Service absent.*'ebb get' shows/],
  ['one without a URL', 'invoke young', 1, /has no URL yet. 'ebb why young' tells/],
])('%s', async (_, line, code, message) => {
  world.client.objects.push(objectOf(Service, 'young'));
  expect(await world.run(line)).toBe(code);
  expect(world.err).toMatch(message);
});

describe('with --async', () => {
  const ID = '0123456789abcdef0123456789abcdef';
  const location = `/.ebb/invocations/${ID}`;
  let statuses: object[] = [];
  let result = { status: 200, body: 'done' };
  const asked: { line: string; prefer: string | undefined }[] = [];
  beforeEach(() => {
    statuses = [{ state: 'running' }, { state: 'succeeded', result: `${location}/result` }];
    result = { status: 200, body: 'done' };
    asked.length = 0;
    gateway.removeAllListeners('request');
    gateway.on('request', (request, response) => {
      const prefer = request.headers['prefer']?.toString();
      asked.push({ line: `${request.method} ${request.url}`, prefer });
      if (request.url === location) return void response.end(JSON.stringify(statuses.shift()));
      if (request.url === `${location}/result`) return void response.writeHead(result.status).end(result.body);
      if (!prefer?.includes('respond-async')) return void response.writeHead(400).end('not later');
      if (request.url === '/now') return void response.end('now');
      if (request.url === '/full') return void response.writeHead(429).end('full\n');
      response.writeHead(202, { location, 'ebb-invocation-id': ID }).end('{}');
    });
  });

  test('the id is printed, and where the status is', async () => {
    expect(await world.run('invoke hello --async -d x -H prefer:return=minimal')).toBe(0);
    expect(world.out).toBe(`${ID}\n`);
    expect(world.err).toBe(`202 Accepted\nIts status is at http://hello.default.localhost:8080${location}\n`);
    expect(asked).toEqual([{ line: 'POST /', prefer: 'return=minimal, respond-async' }]);
  });

  test('and --wait the result is printed', async () => {
    expect(await world.run('invoke hello --async --wait')).toBe(0);
    expect(world.out).toBe('done');
    expect(world.err).toContain('202 Accepted\n');
    expect(asked.map(({ line }) => line)).toEqual([
      'GET /',
      `GET ${location}`,
      `GET ${location}`,
      `GET ${location}/result`,
    ]);
    expect(asked[1]?.prefer).toBe('wait=30');
  });

  test.each([
    [
      { state: 'failed', error: 'all 4 attempts failed', result: `${location}/result` },
      'done',
      /is failed: all 4 attempts/,
    ],
    [{ state: 'cancelled' }, '', /The invocation is cancelled\./],
  ])('and --wait %j is a failure', async (status, out, message) => {
    statuses = [status];
    expect(await world.run('invoke hello --async --wait')).toBe(1);
    expect(world.out).toBe(out);
    expect(world.err).toMatch(message);
  });

  test('a service that answers at once is told of', async () => {
    expect(await world.run('invoke hello --async --wait --path /now')).toBe(0);
    expect([world.out, world.err]).toEqual(['now', expect.stringMatching(/^200 OK\nThe service answered at once/)]);
  });

  test('what is refused is a failure', async () => {
    expect(await world.run('invoke hello --async --path /full')).toBe(1);
    expect([world.out, world.err]).toEqual([
      'full\n',
      expect.stringMatching(/^429 .*\nebb: The request was not taken/),
    ]);
  });
});

test('--wait alone is a mistake', async () => {
  expect(await world.run('invoke hello --wait')).toBe(2);
  expect(world.err).toMatch(/--wait goes with --async/);
});

test('a gateway that does not answer is named', async () => {
  gateway.close();
  gateway.closeAllConnections();
  expect(await world.run('invoke hello')).toBe(1);
  expect(world.err).toMatch(/The gateway at 127.0.0.1:\d+ did not answer/);
});
