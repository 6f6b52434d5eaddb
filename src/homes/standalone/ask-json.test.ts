import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { systemClock, VirtualClock } from '#base/mod.ts';
import { askJson } from './ask-json.ts';

let close: () => Promise<void> = () => Promise.resolve();
afterEach(() => close());

async function serving(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;
}

test('shows the token, sends JSON and reads it', async () => {
  const seen: (string | undefined)[] = [];
  const url = await serving((request: IncomingMessage, response) => {
    seen.push(request.method, request.url, request.headers.authorization, request.headers['content-type']);
    request.setEncoding('utf8').on('data', (text: string) => seen.push(text));
    request.on('end', () => response.writeHead(201).end('{"id":1}'));
  });
  expect(await askJson(systemClock)('POST', url, 'pat', { name: 'web' })).toEqual({ status: 201, body: { id: 1 } });
  expect(seen).toEqual(['POST', '/hooks', 'Bearer pat', 'application/json', '{"name":"web"}']);
});

test.each<[string, RequestListener, number]>([
  ['nothing', (_, response) => void response.writeHead(204).end(), 204],
  ['a page for people', (_, response) => void response.writeHead(502).end('<html>'), 502],
  ['a redirect, which is not followed', (_, response) => void response.writeHead(302, { location: '/x' }).end(), 302],
])('an answer that is %s', async (_, answer, status) => {
  expect(await askJson(systemClock)('GET', await serving(answer), 'pat')).toEqual({ status, body: undefined });
});

test('tells of nobody there', async () => {
  await expect(askJson(systemClock)('GET', 'http://127.0.0.1:1/', 'pat')).rejects.toThrow();
});

test.each<[string, RequestListener]>([
  ['says nothing', () => {}],
  ['begins an answer', (_, response) => void response.writeHead(200).write('{')],
])('does not wait for ever for who %s', async (_, begin) => {
  const clock = new VirtualClock();
  const begun = Promise.withResolvers<void>();
  const url = await serving((asked, response) => {
    begin(asked, response);
    begun.resolve();
  });
  const refused = expect(askJson(clock)('GET', url, 'pat')).rejects.toThrow('no answer within 10000 ms');
  await begun.promise;
  await clock.advance(10_000);
  await refused;
});
