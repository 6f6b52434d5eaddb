// What can be asked afterwards, and done again.

import { describe, expect, test } from 'vitest';
import type { StreamRule } from '../control.ts';
import { EventsWorld, streamOf, trigger } from '../events.fixture.ts';

const deadLetter = { url: 'http://dead.ns/' };
const rule: StreamRule = streamOf(
  {
    good: trigger('good', { filters: [{ exact: { type: 'x' } }] }),
    bad: trigger('bad', { deadLetter, delivery: { retry: 1, backoffPolicy: 'exponential', backoffDelayMs: 100 } }),
  },
  { journal: true },
);

async function worldWithThree(of: StreamRule = rule): Promise<EventsWorld> {
  const world = new EventsWorld();
  await world.events.setStream('ns/b', of);
  world.at('http://good.ns/', { status: 200 });
  world.at('http://bad.ns/', { status: 503, body: 'no' });
  world.at('http://dead.ns/', { status: 200 });
  for (const [id, type] of [
    ['1', 'x'],
    ['2', 'y'],
    ['3', 'x'],
  ] as const) {
    await world.emit(type, id);
    await world.clock.advance(1000);
  }
  return world;
}

/** Lets time pass while an answer is on its way. */
async function meanwhile<T>(world: EventsWorld, asked: Promise<T>): Promise<T> {
  await world.clock.advance(1000);
  return asked;
}

describe('list', () => {
  test('what came, and how it stands with each consumer', async () => {
    const world = await worldWithThree();
    const { events, next } = await world.events.events({ stream: 'ns/b' });
    expect(next).toBeUndefined();
    expect(events.map(({ offset, attributes: { id }, fates }) => [offset, id, fates])).toEqual([
      [
        0,
        '1',
        {
          good: { state: 'delivered', attempts: 1, status: 200 },
          bad: { state: 'dead-lettered', attempts: 3, status: 200 },
        },
      ],
      [1, '2', { bad: { state: 'dead-lettered', attempts: 3, status: 200 } }],
      [
        2,
        '3',
        {
          good: { state: 'delivered', attempts: 1, status: 200 },
          bad: { state: 'dead-lettered', attempts: 3, status: 200 },
        },
      ],
    ]);
  });

  const start = Date.UTC(2026, 0, 1);
  test.each([
    [{ filters: [{ exact: { type: 'y' } }] }, ['2'], undefined],
    [{ from: { offset: 1 } }, ['2', '3'], undefined],
    [{ from: { time: start + 1500 } }, ['3'], undefined],
    [{ until: { time: start + 1500 } }, ['1', '2'], undefined],
    [{ limit: 2 }, ['1', '2'], 2],
    [{ limit: 2, newest: true }, ['2', '3'], 1],
    [{ limit: 2, newest: true, until: { offset: 1 } }, ['1'], undefined],
    [{ newest: true, filters: [{ exact: { type: 'x' } }] }, ['1', '3'], undefined],
    [{ consumer: 'good' }, ['1', '3'], undefined],
    [{ consumer: 'good', state: 'dead-lettered' as const }, [], undefined],
    [{ state: 'dead-lettered' as const }, ['1', '2', '3'], undefined],
    [{ state: 'under way' as const }, [], undefined],
  ])('%j', async (query, ids, next) => {
    const world = await worldWithThree();
    const page = await world.events.events({ stream: 'ns/b', ...query });
    expect(page.events.map(({ attributes }) => attributes['id'])).toEqual(ids);
    expect(page.next).toBe(next);
  });

  test('of a stream that is not there', async () => {
    await expect(new EventsWorld().events.events({ stream: 'x' })).rejects.toThrow('there is no stream x');
  });
});

test('why: what came, each verdict clause by clause, each attempt', async () => {
  const world = await worldWithThree();
  const story = await world.events.event('ns/b', 1);
  expect(story).toMatchObject({
    offset: 1,
    attributes: { id: '2', type: 'y' },
    data: Buffer.from('{"n":"2"}').toString('base64'),
    verdicts: {
      good: { result: 'fail', parts: [{ result: 'fail', clause: 'exact type = "x"', met: '"y"' }] },
      bad: { result: 'none' },
    },
    attempts: [
      { at: 'subscriber', destination: 'http://bad.ns/', status: 503, next: { kind: 'wait', ms: 100 } },
      { at: 'subscriber', status: 503, next: { kind: 'send' } },
      { at: 'dead-letter', destination: 'http://dead.ns/', status: 200, next: { kind: 'end', end: 'dead-lettered' } },
    ],
  });
  expect(await world.events.event('ns/b', 7)).toBeUndefined();
});

test('an event on its way says so', async () => {
  const world = await worldWithThree();
  await world.emit('x', '4');
  const { events } = await world.events.events({ stream: 'ns/b', state: 'under way' });
  expect(events).toMatchObject([
    { attributes: { id: '4' }, fates: { bad: { state: 'under way', attempts: 1, status: 503 } } },
  ]);
});

test('where it is off nothing is noted and nothing kept', async () => {
  const world = await worldWithThree({ ...rule, journal: false });
  await world.clock.advance(2000);
  expect(await world.events.events({ stream: 'ns/b' })).toEqual({ events: [] });
  expect([...world.kept.streams.keys()]).toEqual(['ns/b']);
});

test('what is older than a day is let go, of events and of notes', async () => {
  const world = await worldWithThree();
  await world.clock.advance(25 * 3_600_000);
  await world.emit('x', '4');
  await world.clock.advance(120_000);
  const { events } = await world.events.events({ stream: 'ns/b' });
  expect(events.map(({ attributes }) => attributes['id'])).toEqual(['4']);
  expect(
    world.kept.streams
      .get('ns/b/journal')
      ?.records.every(({ appendedAt }) => appendedAt > world.clock.now() - 3_600_000),
  ).toBe(true);
});

describe('replay', () => {
  test('through a filter, from a place, to wherever it is wanted', async () => {
    const world = await worldWithThree();
    world.at('http://else.ns/', { status: 200 });
    const id = await world.events.replay({
      stream: 'ns/b',
      from: { offset: 1 },
      filters: [{ exact: { type: 'x' } }],
      to: { url: 'http://else.ns/' },
    });
    await world.clock.advance(1000);
    expect(world.idsAt('http://else.ns/')).toEqual(['3']);
    expect(await world.events.replays()).toEqual([
      {
        id,
        stream: 'ns/b',
        to: 'http://else.ns/',
        from: 1,
        position: 3,
        until: 3,
        delivered: 1,
        failed: 0,
        isOver: true,
      },
    ]);
  });

  test('of more than is in memory at once, to one that is slow and fails', async () => {
    const world = await worldWithThree({ ...rule, consumers: {} });
    for (let i = 0; i < 600; i++) await world.emit('x', `n${i}`);
    world.at('http://else.ns/', async (_, nth) => {
      await new Promise<void>((resolve) => world.clock.after(5, resolve));
      return { status: nth % 50 === 0 ? 400 : 200 };
    });
    await world.events.replay({ stream: 'ns/b', to: { url: 'http://else.ns/' } });
    await world.clock.advance(10_000);
    expect(await world.events.replays()).toMatchObject([{ delivered: 591, failed: 12, isOver: true }]);
  });
});

describe('a replay after the process died', () => {
  /** Begins a replay to one that takes some and then no more, and lets the process die. */
  async function diedHalfway(): Promise<EventsWorld> {
    const world = await worldWithThree({ ...rule, consumers: {} });
    for (let i = 0; i < 40; i++) await world.emit('x', `n${i}`);
    world.at('http://else.ns/', (_, nth) => (nth <= 20 ? { status: 200 } : { status: 503 }));
    const delivery = { retry: 1000, backoffPolicy: 'linear', backoffDelayMs: 200 } as const;
    await world.events.replay({ stream: 'ns/b', from: { offset: 3 }, to: { url: 'http://else.ns/' }, delivery });
    await world.clock.advance(3000);
    expect(await world.events.replays()).toMatchObject([{ delivered: 20, isOver: false }]);
    return new EventsWorld(world.kept);
  }

  test('goes on where it was, and only what had no end is sent again', async () => {
    const world = await diedHalfway();
    world.at('http://else.ns/', { status: 200 });
    await world.events.setStream('ns/b', { ...rule, consumers: {} });
    await world.clock.advance(3000);
    expect(new Set(world.idsAt('http://else.ns/')).size).toBe(20);
    expect(await world.events.replays()).toMatchObject([{ position: 43, delivered: 40, failed: 0, isOver: true }]);
  });

  test('is still told once it is over, and gone with its stream', async () => {
    const world = await diedHalfway();
    world.at('http://else.ns/', { status: 200 });
    await world.events.setStream('ns/b', { ...rule, consumers: {} });
    await world.clock.advance(3000);
    const next = new EventsWorld(world.kept);
    await next.events.setStream('ns/b', { ...rule, consumers: {} });
    expect(await next.events.replays()).toMatchObject([{ delivered: 40, isOver: true }]);
    await next.events.setStream('ns/b', undefined);
    expect(await next.events.replays()).toEqual([]);
    await next.clock.advance(3000);
    expect([...next.kept.streams.keys()]).toEqual([]);
  });

  test('a process that ends in order leaves it to the next one', async () => {
    const world = await diedHalfway();
    await world.events.setStream('ns/b', { ...rule, consumers: {} });
    await world.events.close(0);
    expect(await world.events.replays()).toMatchObject([{ isOver: false }]);
    const next = new EventsWorld(world.kept);
    next.at('http://else.ns/', { status: 200 });
    await next.events.setStream('ns/b', { ...rule, consumers: {} });
    await next.clock.advance(3000);
    expect(await next.events.replays()).toMatchObject([{ delivered: 40, isOver: true }]);
  });
});

describe('redrive', () => {
  const order = { stream: 'ns/b', offset: 0, consumer: 'bad' };

  test('sends a dead letter again, and the journal tells it', async () => {
    const world = await worldWithThree();
    world.at('http://bad.ns/', { status: 202 });
    expect(await meanwhile(world, world.events.redrive(order))).toEqual({ end: 'delivered', status: 202 });
    const story = await world.events.event('ns/b', 0);
    expect(story?.fates['bad']).toEqual({ state: 'delivered', attempts: 4, status: 202 });
  });

  test('changed', async () => {
    const world = await worldWithThree();
    world.at('http://bad.ns/', { status: 202 });
    const data = Buffer.from('{"mended":true}').toString('base64');
    await meanwhile(world, world.events.redrive({ ...order, attributes: { foo: 'bar', subject: null }, data }));
    expect(world.received.at(-1)).toMatchObject({
      body: '{"mended":true}',
      headers: { 'ce-id': '1', 'ce-foo': 'bar' },
    });
  });

  test('that fails says so, and tries no more', async () => {
    const world = await worldWithThree();
    expect(await meanwhile(world, world.events.redrive(order))).toEqual({ end: 'failed', status: 503, reason: 'no' });
    expect(world.idsAt('http://dead.ns/')).toHaveLength(3);
    const story = await world.events.event('ns/b', 0);
    expect(story?.fates['bad']).toEqual({ state: 'dead-lettered', attempts: 4, status: 503 });
    expect(story?.attempts.at(-1)).toMatchObject({ consumer: 'bad', isRedrive: true });
  });

  test('of what is not there', async () => {
    const world = await worldWithThree();
    await expect(world.events.redrive({ ...order, consumer: 'nobody' })).rejects.toThrow('has no consumer nobody');
    await expect(world.events.redrive({ ...order, offset: 9 })).rejects.toThrow('not kept any more');
  });
});
