import { expect, test } from 'vitest';
import { seededRandom } from '#base/mod.ts';
import { createMetrics } from '#telemetry/mod.ts';
import { Mirrors } from './mirror.ts';
import type { Exchange } from './transport.ts';

const original = { method: 'GET', target: '/', headers: [], bodyLength: 0, upgrade: undefined } as unknown as Exchange;

const copyOf = () =>
  new Promise<Exchange>((resolve) => {
    new Mirrors(seededRandom(1), createMetrics()).watch(original, 100, resolve);
  });

test.each<[string, (copy: Exchange) => void, boolean]>([
  ['an answer', (copy) => (copy.respond({ status: 200, headers: [] }, false), copy.end()), true],
  ['an answer without a body', (copy) => copy.respond({ status: 204, headers: [] }, true), true],
  ['an answer that breaks off', (copy) => copy.abort(), false],
])('%s closes a copy, once', async (_, end, complete) => {
  const copy = await copyOf();
  const closed: boolean[] = [];
  copy.onClosed((whole) => closed.push(whole));
  end(copy);
  expect(closed).toEqual([]);
  await Promise.resolve();
  copy.abort();
  await Promise.resolve();
  expect(closed).toEqual([complete]);
});
