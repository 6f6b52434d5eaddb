// Somebody sets the wall clock while events wait: what was to be tried again comes when so much time has passed.

import { describe, expect, test } from 'vitest';
import type { Delivery } from './control.ts';
import type { Told } from './events.fixture.ts';
import { eventHeaders, EventsWorld, REQUEST_HOST, requestReply, streamOf, trigger } from './events.fixture.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;

const asking = (...headers: string[]): Told => ({ status: 503, headers });
const dateOf = (ms: number) => new Date(ms).toUTCString();
const heeded = { retry: 1, retryAfterMaxMs: HOUR };

/** What a subscriber says first, at a wall time, and after how long it is asked again. */
const waits: readonly [what: string, Delivery, (now: number) => Told | Promise<Told>, afterMs: number][] = [
  ['the back-off', { retry: 1, backoffPolicy: 'exponential', backoffDelayMs: 10_000 }, () => asking(), 10_000],
  ['a Retry-After in seconds', heeded, () => asking('Retry-After', '20'), 20_000],
  ['a Retry-After by date', heeded, (now) => asking('Retry-After', dateOf(now + 30_000)), 30_000],
  [
    'a Retry-After by the date of a clock that is ahead',
    heeded,
    (now) => asking('Date', dateOf(now + 5 * HOUR), 'Retry-After', dateOf(now + 5 * HOUR + 40_000)),
    40_000,
  ],
  ['the timeout of an attempt', { retry: 1, timeoutMs: 50_000 }, () => new Promise(() => {}), 50_000],
];

describe.each([
  { when: 'stands', jump: 0 },
  { when: 'is set forward', jump: 5 * HOUR },
  { when: 'is set back', jump: -5 * HOUR },
])('where the clock $when', ({ jump }) => {
  test.each(waits)('%s is as long', async (_, delivery, first, afterMs) => {
    const world = new EventsWorld();
    await world.events.setStream('ns/b', streamOf({ a: trigger('a', { delivery }) }));
    world.at('http://a.ns/', (_received, nth) => (nth === 1 ? first(world.clock.now()) : { status: 200 }));
    await world.emit('x', '1');
    await world.clock.advance(afterMs / 2);
    world.clock.jump(jump);
    await world.clock.advance(HOUR);
    expect(world.received.map(({ at }) => at)).toEqual([0, afterMs]);
  });

  test('a reply is awaited as long', async () => {
    const world = new EventsWorld();
    await world.events.setStream('ns/b', streamOf({}, { addresses: [requestReply] }));
    let status: number | undefined;
    void world
      .request({ host: REQUEST_HOST, target: '/ns/rr', headers: eventHeaders({}) })
      .then((answer) => (status = answer.status));
    await world.clock.advance(15 * SECOND);
    world.clock.jump(jump);
    await world.clock.advance(15 * SECOND - 1);
    expect(status).toBeUndefined();
    await world.clock.advance(2);
    expect(status).toBe(504);
  });
});
