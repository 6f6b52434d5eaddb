// Orders run beside the turns: how they are begun, led here, ended, tried again and bounded.

import { beforeEach, describe, expect, test } from 'vitest';
import { settle, VirtualClock } from '#base/mod.ts';
import type { HttpChallenge, KeyPair } from '#pki/mod.ts';
import { AcmeProblem } from '#pki/mod.ts';
import type { Metrics } from '#telemetry/mod.ts';
import { createMetrics } from '#telemetry/mod.ts';
import { silentGateway } from '../../../test/cases/silent-gateway.ts';
import { TargetBoard } from '../target/board.ts';
import type { AcmeSettings, Present } from './issuers.ts';
import { Orders } from './orders.ts';
import { FRESH } from './pairs.fixture.ts';

const SETTINGS: AcmeSettings = { directory: 'https://acme.test/dir', email: '', caBundle: '' };
const MINUTE = 60_000;
const challenge = (host: string): HttpChallenge => ({ host, token: `t-${host}`, keyAuthorization: `t-${host}.me` });

/** An order as a server sees it: the test says how it goes on. */
interface Running {
  readonly names: readonly string[];
  readonly present: Present;
  readonly signal: AbortSignal;
  resolve(pair: KeyPair): void;
  reject(error: unknown): void;
}

let clock: VirtualClock;
let running: Running[];
let answers: Map<string, string>;
let board: TargetBoard;
let orders: Orders;
let told: string[];
let metrics: Metrics;

beforeEach(() => {
  clock = new VirtualClock();
  running = [];
  answers = new Map();
  told = [];
  board = new TargetBoard(silentGateway);
  metrics = createMetrics();
  orders = new Orders({
    clock,
    board,
    metrics,
    issuers: {
      acme: (_settings, names, present, signal) =>
        new Promise((resolve, reject) => {
          running.push({ names, present, signal, resolve, reject });
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
      answers: {
        host: '127.0.0.1',
        port: 1,
        set: (token, text) => void answers.set(token, text),
        remove: (token) => void answers.delete(token),
      },
    },
  });
  orders.onChange((key) => told.push(key));
});

const follow = (key = 'default/a', names = ['a.test']) =>
  orders.follow(key, SETTINGS, names, `http01-${key.slice('default/'.length)}`);

test('challenges are led here, and go when the order has ended', async () => {
  expect(follow().phase).toBe('queued');
  await settle();
  expect(follow().phase).toBe('ordering');
  const presented = running[0]?.present([challenge('a.test')], new AbortController().signal);
  await settle();
  expect(follow()).toMatchObject({ phase: 'proving', service: 'http01-a', challenges: [challenge('a.test')] });
  expect([...answers]).toEqual([['t-a.test', 't-a.test.me']]);
  expect(board.has('default/http01-a')).toBe(true);
  orders.reached('default/a');
  await presented;
  running[0]?.resolve(FRESH);
  await settle();
  expect(follow()).toEqual({ phase: 'issued', pair: FRESH });
  expect([answers.size, board.has('default/http01-a'), running.length, told.length]).toEqual([0, false, 1, 3]);
});

test('what failed is tried again later and later, and not before', async () => {
  const waits: number[] = [];
  for (let i = 0; i < 9; i++) {
    follow();
    await settle();
    running.at(-1)?.reject(new AcmeProblem('unauthorized', 'unauthorized: not yours'));
    await settle();
    const state = follow();
    if (state.phase !== 'failed') throw new Error(`it is ${state.phase}`);
    expect(state.why).toBe('unauthorized: not yours');
    waits.push((state.retryAt - clock.now()) / MINUTE);
    await clock.advance(state.retryAt - clock.now() - 1);
    expect(follow().phase).toBe('failed');
    await clock.advance(1);
  }
  expect(waits).toEqual([2, 4, 8, 16, 32, 64, 120, 120, 120]);
  const counted = metrics.families().find(({ name }) => name === 'ebb.certificate.orders')?.samples;
  expect(counted).toMatchObject([{ labels: { outcome: 'failed' }, value: 9 }]);
});

test('a server that bounds its rate says when it wants to be asked again', async () => {
  follow();
  await settle();
  running[0]?.reject(new AcmeProblem('rateLimited', 'rateLimited: too many', 429, 45 * MINUTE));
  await settle();
  expect(follow()).toMatchObject({ phase: 'failed', retryAt: clock.now() + 45 * MINUTE });
});

test('a name that nothing leads here for fails with a word on it', async () => {
  follow();
  await settle();
  running[0]?.present([challenge('a.test')], new AbortController().signal).catch(running[0].reject);
  await clock.advance(10 * MINUTE);
  await settle();
  expect(follow()).toMatchObject({
    phase: 'failed',
    why: 'no Ingress led the challenge of a.test here within 10 minutes',
  });
  expect(answers.size).toBe(0);
});

test('an order that takes for ever has an end', async () => {
  follow();
  await clock.advance(30 * MINUTE);
  await settle();
  expect(follow()).toMatchObject({ phase: 'failed', why: 'not done after 30 minutes' });
});

describe.each([
  { when: 'stands', jump: 0 },
  { when: 'is set forward', jump: 300 * MINUTE },
  { when: 'is set back', jump: -300 * MINUTE },
])('where the clock $when', ({ jump }) => {
  test.each([
    ['the wait after a failure', 2, 'failed', 'queued', () => running[0]?.reject(new Error('no'))],
    ['the wait that a server asks for', 45, 'failed', 'queued', () => running[0]?.reject(limited)],
    ['the time to lead a challenge here', 10, 'proving', 'failed', () => void presentOf(running[0])],
    ['the time for all of an order', 30, 'ordering', 'failed', () => {}],
  ])('%s is the same', async (_, minutes, before, after, begin) => {
    follow();
    await settle();
    begin();
    await clock.advance((minutes / 2) * MINUTE);
    clock.jump(jump);
    await clock.advance((minutes / 2) * MINUTE - 1);
    expect(follow().phase).toBe(before);
    await clock.advance(1);
    await settle();
    expect(follow().phase).toBe(after);
  });

  const limited = new AcmeProblem('rateLimited', 'too many', 429, 45 * MINUTE);
  const presentOf = (one: Running | undefined) =>
    one?.present([challenge('a.test')], new AbortController().signal).catch(one.reject);
});

test('other names are another order; the one before is broken off', async () => {
  follow();
  await settle();
  follow('default/a', ['a.test', 'b.test']);
  await settle();
  expect(running.map(({ names, signal }) => [names.length, signal.aborted])).toEqual([
    [1, true],
    [2, false],
  ]);
  expect(follow('default/a', ['a.test', 'b.test']).phase).toBe('ordering');
});

test('four run at once, the others wait, and who is forgotten gives its place on', async () => {
  const keys = Array.from({ length: 6 }, (_, i) => `default/${i}`);
  for (const key of keys) follow(key);
  await settle();
  expect(keys.map((key) => follow(key).phase)).toEqual([...Array(4).fill('ordering'), 'queued', 'queued']);
  orders.forget('default/0');
  running[1]?.resolve(FRESH);
  await settle();
  expect(keys.slice(1).map((key) => follow(key).phase)).toEqual(['issued', ...Array(4).fill('ordering')]);
});

test('who is forgotten leaves the queue, and those behind come forward', async () => {
  for (const name of ['a', 'b', 'c', 'd']) follow(`default/${name}`, [`${name}.test`]);
  for (let i = 0; i < 3; i++) {
    follow('default/e', ['e.test']);
    orders.forget('default/e');
  }
  follow('default/f', ['f.test']);
  await settle();
  running[0]?.resolve(FRESH);
  await settle();
  expect(running.map(({ names: [name] }) => name)).toEqual(['a.test', 'b.test', 'c.test', 'd.test', 'f.test']);
  expect(orders.follow('default/f', SETTINGS, ['f.test'], 'http01-f').phase).toBe('ordering');
});

test('the stop ends all, what runs and what waits', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) follow(`default/${name}`, [`${name}.test`]);
  await settle();
  const challenged = running[0]?.present([challenge('a.test')], new AbortController().signal);
  challenged?.catch(() => {});
  await settle();
  told.length = 0;
  orders.close();
  await settle();
  expect(running.map(({ signal }) => signal.aborted)).toEqual([true, true, true, true]);
  expect([answers.size, board.has('default/http01-a'), clock.nextDue, told]).toEqual([0, false, undefined, []]);
});
