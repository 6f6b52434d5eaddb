import { afterEach, expect, test } from 'vitest';
import { appHere, gatewayHere, ingressTo, targetOf } from './gateway.fixture.ts';
import { askInMemory } from './in-memory.ts';
import type { Exchange } from './transport.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const request = {
  method: 'POST',
  target: '/a?b',
  authority: 'hello.test',
  scheme: 'http' as const,
  headers: ['X-One', '1'],
  body: Buffer.from('body'),
};
const limits = { signal: new AbortController().signal, maxBytes: 1000 };

async function throughGateway(answer: Parameters<typeof appHere>[0]) {
  const app = await appHere(answer);
  const gateway = await gatewayHere();
  closers.push(
    () => app.close(),
    () => gateway.close(0),
  );
  await gateway.control.setTarget('t', targetOf([app.endpoint]));
  await gateway.control.setIngress('i', ingressTo('hello.test', 't'));
  return gateway;
}

test('a request from within is one like any other', async () => {
  const gateway = await throughGateway((asked, response) => {
    let text = '';
    asked.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    asked.on('end', () =>
      response
        .writeHead(201, { 'X-Two': '2' })
        .end(`${asked.method} ${asked.url} ${String(asked.headers['x-one'])} ${text}`),
    );
  });
  const answer = await askInMemory((exchange) => gateway.serve(exchange, 'external'), request, limits);
  expect([answer.status, Buffer.from(answer.body).toString()]).toEqual([201, 'POST /a?b 1 body']);
  expect(answer.headers.map((text) => text.toLowerCase())).toContain('x-two');
});

test('whether a route leads somewhere', async () => {
  const gateway = await throughGateway((_, response) => response.end());
  expect(gateway.hasRoute('external', 'hello.test:80', '/x')).toBe(true);
  expect(gateway.hasRoute('external', 'other.test', '/x')).toBe(false);
});

test('an answer that is too long is an error', async () => {
  const gateway = await throughGateway((_, response) => response.end('x'.repeat(2000)));
  const asked = askInMemory((exchange) => gateway.serve(exchange, 'external'), request, limits);
  await expect(asked).rejects.toThrow('longer than 1000 bytes');
});

test('whoever does not wait any more is gone to the gateway', async () => {
  const leaving = new AbortController();
  const exchanges: Exchange[] = [];
  const closed: boolean[] = [];
  const asked = askInMemory((exchange) => exchanges.push(exchange), request, { ...limits, signal: leaving.signal });
  exchanges[0]?.onClosed((complete) => closed.push(complete));
  leaving.abort(new Error('too late'));
  await expect(asked).rejects.toThrow('too late');
  expect(closed).toEqual([false]);
  await expect(askInMemory(() => {}, request, { ...limits, signal: leaving.signal })).rejects.toThrow('too late');
});

test('an answer that is broken off is an error', async () => {
  await expect(askInMemory((exchange) => exchange.abort(), request, limits)).rejects.toThrow('broken off');
});
