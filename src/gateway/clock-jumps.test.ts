// Somebody sets the wall clock while requests wait: each wait ends when so much time has passed, no sooner and no later.

import { describe, expect, test } from 'vitest';
import { Cancel, seededRandom, VirtualClock } from '#base/mod.ts';
import { createMetrics, silentLog } from '#telemetry/mod.ts';
import type { Target } from './control.ts';
import { ingressTo, targetOf } from './gateway.fixture.ts';
import { askInMemory } from './in-memory.ts';
import { startGateway } from './server.ts';
import type { Transport, UpstreamEvents } from './transport.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const ENDPOINT = { id: 'e', host: '127.0.0.1', port: 1, state: 'ready' } as const;

/** What an endpoint does once it has a request. */
type Answer = (events: UpstreamEvents) => void;
const silent: Answer = () => {};
const beginning: Answer = (events) => events.head({ status: 200, headers: [] }, false);

function transportTo(answer: Answer): Transport {
  const stream = { write: () => true, onDrain() {}, end() {}, pause() {}, resume() {}, abort() {} };
  return {
    listen: async ({ host, port }) => ({ host, port, close: async () => {} }),
    client: () => ({
      send(_, events) {
        queueMicrotask(() => answer(events));
        return stream;
      },
      speaksHttp2: async () => false,
      forget() {},
      close() {},
    }),
  };
}

async function gatewayTo(answer: Answer, target: Partial<Target>) {
  const clock = new VirtualClock();
  const gateway = await startGateway({
    ports: { http: 0 },
    host: '127.0.0.1',
    clock,
    random: seededRandom(1),
    log: silentLog,
    metrics: createMetrics(),
    transport: transportTo(answer),
  });
  await gateway.control.setTarget('t', targetOf([ENDPOINT], target));
  await gateway.control.setIngress('i', ingressTo('hello.test', 't'));
  const request = { method: 'GET', target: '/', authority: 'hello.test', scheme: 'http', headers: [] } as const;
  /** How it ended: its status and text, or why there is none. */
  const ask = () =>
    askInMemory(
      (exchange) => gateway.serve(exchange, 'external'),
      { ...request, body: new Uint8Array(0) },
      { signal: new Cancel(), maxBytes: 1000 },
    ).then(
      ({ status, body }) => `${status} ${Buffer.from(body).toString()}`,
      (error: Error) => error.message,
    );
  return { clock, gateway, ask };
}

const waits: readonly [what: string, Answer, Partial<Target>, afterMs: number, end: string][] = [
  ['the whole of a request', silent, { timeoutMs: 60 * SECOND }, 60 * SECOND, '504 request timeout'],
  ['the start of a response', silent, { responseStartTimeoutMs: 20 * SECOND }, 20 * SECOND, '504 request timeout'],
  ['a pause in a response', beginning, { idleTimeoutMs: 10 * SECOND }, 10 * SECOND, 'the answer was broken off'],
  ['waking from zero', silent, { endpoints: [], timeoutMs: 60 * SECOND }, 60 * SECOND, '504 request timeout'],
  [
    'waking from zero, with a timeout of hours',
    silent,
    { endpoints: [], timeoutMs: 2 * HOUR },
    2 * HOUR,
    '504 request timeout',
  ],
  [
    'waking from zero, without a timeout',
    silent,
    { endpoints: [], timeoutMs: 0 },
    600 * SECOND,
    '503 context deadline exceeded\n',
  ],
];

describe.each([
  { when: 'stands', jump: 0 },
  { when: 'is set forward', jump: 5 * HOUR },
  { when: 'is set back', jump: -5 * HOUR },
])('where the clock $when', ({ jump }) => {
  test.each(waits)('the time for %s is the same', async (_, answer, target, afterMs, end) => {
    const { clock, gateway, ask } = await gatewayTo(answer, target);
    let ended: string | undefined;
    void ask().then((how) => (ended = how));
    await clock.advance(afterMs / 2);
    clock.jump(jump);
    await clock.advance(afterMs / 2 - 1);
    expect(ended).toBeUndefined();
    await clock.advance(2);
    expect(ended).toBe(end);
    await gateway.close(0);
  });

  test('the time for a drain is the same', async () => {
    const { clock, gateway, ask } = await gatewayTo(silent, { timeoutMs: 0 });
    void ask();
    await clock.advance(0);
    let drained: { left: number } | undefined;
    void gateway.control.drain('e', 20 * SECOND).then((result) => (drained = result));
    await clock.advance(10 * SECOND);
    clock.jump(jump);
    await clock.advance(10 * SECOND - 1);
    expect(drained).toBeUndefined();
    await clock.advance(2);
    expect(drained).toEqual({ left: 1 });
    await gateway.close(0);
  });
});
