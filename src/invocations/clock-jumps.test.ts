// Somebody sets the wall clock while invocations wait: what is left to wait, and how old one may become, goes by the time that passes.

import { beforeEach, describe, expect, test } from 'vitest';
import { answerOf, InvocationsWorld, logHomes } from './invocations.fixture.ts';
import { isOver } from './ledger.ts';
import type { Outcome, Settings } from './words.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const jumps = [
  { when: 'stands', jump: 0 },
  { when: 'is set forward', jump: 12 * HOUR },
  { when: 'is set back', jump: -12 * HOUR },
];

const [, make] = logHomes[0] ?? [];
let world: InvocationsWorld;
beforeEach(async () => {
  if (!make) throw new Error('there is no home of the log');
  world = new InvocationsWorld(make);
  await world.start();
});

/** What a function says first, at a wall time, and after how long it is asked again. */
const waits: readonly [
  what: string,
  Partial<Settings>,
  first: (now: number) => Outcome | Promise<Outcome>,
  afterMs: number,
][] = [
  ['the back-off', { backoffMs: MINUTE }, () => answerOf(500), MINUTE],
  [
    'a Retry-After by date',
    {},
    (now) => answerOf(503, '', ['Retry-After', new Date(now + 2 * MINUTE).toUTCString()]),
    2 * MINUTE,
  ],
  ['the timeout of an attempt', { timeoutMs: MINUTE, backoffMs: 0 }, () => new Promise(() => {}), MINUTE],
];

describe.each(jumps)('where the clock $when', ({ jump }) => {
  test.each(waits)('%s is as long', async (_, settings, first, afterMs) => {
    world.answer = (_request, nth) => (nth === 1 ? first(world.clock.now()) : answerOf(200));
    const invocation = await world.accept({ settings });
    await world.pass(afterMs / 2);
    world.clock.jump(jump);
    await world.pass(afterMs / 2 - 1);
    expect(world.requests).toHaveLength(1);
    await world.pass(1);
    expect(world.requests).toHaveLength(2);
    expect(isOver(invocation)).toBe(true);
  });

  test('the age at which no attempt begins any more is the same', async () => {
    world.answer = () => answerOf(503, '', ['Retry-After', '1200']);
    const invocation = await world.accept({ settings: { maxAgeMs: HOUR, retries: 20 } });
    await world.pass(30 * MINUTE);
    world.clock.jump(jump);
    await world.pass(20 * MINUTE);
    expect([world.requests.length, isOver(invocation)]).toEqual([3, false]);
    await world.pass(20 * MINUTE);
    expect([world.requests.length, isOver(invocation)]).toEqual([4, true]);
  });

  test('a result is sent again as soon', async () => {
    world.receive = (_call, nth) => answerOf(nth === 1 ? 503 : 204, '', ['Retry-After', '60']);
    await world.accept({ settings: { callback: 'https://there.test/' } });
    await world.pass(30 * SECOND);
    world.clock.jump(jump);
    await world.pass(30 * SECOND - 1);
    expect(world.calls).toHaveLength(1);
    await world.pass(1);
    expect(world.calls).toHaveLength(2);
  });
});

test('after a restart nothing waits longer than was meant, though the clock was set back', async () => {
  world.answer = (_request, nth) => answerOf(nth === 1 ? 500 : 200);
  await world.accept({ settings: { backoffMs: MINUTE } });
  await world.pass(SECOND);
  await world.kill();
  world.clock.jump(-12 * HOUR);
  await world.start();
  await world.pass(MINUTE - 1);
  expect(world.requests).toHaveLength(1);
  await world.pass(1);
  expect(world.requests).toHaveLength(2);
});
