import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Service } from '#kinds/mod.ts';
import { objectOf } from '../ports.fixture.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
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
  world.client.objects.push(objectOf(Service, 'hello', { status: { url: 'http://hello.default.localhost:8080' } }));
});
afterEach(() => void gateway.close());

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

test.each([
  ['a Service that is not there', 'invoke absent', 3, /There is no Service absent.*'ebb get' shows/],
  ['one without a URL', 'invoke young', 1, /has no URL yet. 'ebb why young' tells/],
])('%s', async (_, line, code, message) => {
  world.client.objects.push(objectOf(Service, 'young'));
  expect(await world.run(line)).toBe(code);
  expect(world.err).toMatch(message);
});

test('a gateway that does not answer is named', async () => {
  gateway.close();
  gateway.closeAllConnections();
  expect(await world.run('invoke hello')).toBe(1);
  expect(world.err).toMatch(/The gateway at 127.0.0.1:\d+ did not answer/);
});
