// The data plane as one: what comes in, who gets it, what is done where they fail, and what a crash leaves.

import { describe, expect, test } from 'vitest';
import type { Told } from './events.fixture.ts';
import { BROKER_HOST, broker, EventsWorld, eventHeaders, replyOf, streamOf, trigger } from './events.fixture.ts';

const type = (name: string) => [{ exact: { type: name } }];

async function worldWith(...rule: Parameters<typeof streamOf>): Promise<EventsWorld> {
  const world = new EventsWorld();
  await world.events.setStream('ns/b', streamOf(...rule));
  return world;
}

describe('from a producer to the subscribers', () => {
  test('each consumer whose filters pass gets the event once, as it came', async () => {
    const world = await worldWith({
      a: trigger('a', { filters: type('x') }),
      b: trigger('b'),
      c: trigger('c', { filters: type('y') }),
    });
    for (const name of ['a', 'b', 'c']) world.at(`http://${name}.ns/`, { status: 200 });
    expect(await world.emit('x', '1', { subject: 's', foo: '7' })).toBe(202);
    await world.clock.advance(0);
    expect(['a', 'b', 'c'].map((name) => world.idsAt(`http://${name}.ns/`))).toEqual([['1'], ['1'], []]);
    const [first] = world.received;
    expect(first?.body).toBe('{"n":"1"}');
    expect(first?.headers).toMatchObject({
      'ce-id': '1',
      'ce-type': 'x',
      'ce-subject': 's',
      'ce-foo': '7',
      'ce-specversion': '1.0',
      'content-type': 'application/json',
      prefer: 'reply',
      'kn-namespace': 'ns',
      'ce-knativearrivaltime': '2026-01-01T00:00:00.000Z',
    });
    expect(first?.headers).not.toHaveProperty('ce-knativebrokerttl');
  });

  test('some headers go with it, all others stay behind', async () => {
    const world = await worldWith({ a: trigger('a') });
    world.at('http://a.ns/', { status: 200 });
    const headers = { 'X-Request-Id': 'r', 'Knative-Foo': 'f', 'X-B3-TraceId': 't', Authorization: 'no', Cookie: 'no' };
    await world.post('/ns/b', { ...eventHeaders({}), ...headers });
    await world.clock.advance(0);
    const got = world.received[0]?.headers;
    expect(got).toMatchObject({ 'x-request-id': 'r', 'knative-foo': 'f', 'x-b3-traceid': 't' });
    expect(got).not.toHaveProperty('authorization');
    expect(got).not.toHaveProperty('cookie');
  });

  test('an answer that is neither empty nor an event is a failure whose reason is noted and logged', async () => {
    const world = await worldWith({ a: trigger('a', { delivery: { retry: 0 } }) });
    world.at('http://a.ns/', { status: 200, body: 'Good day' });
    await world.emit('x', '4711');
    await world.clock.advance(0);
    const why = { status: 200, reason: 'the answer is no event' };
    expect(world.attempts).toMatchObject([{ ...why, next: { kind: 'end', end: 'failed' } }]);
    expect(world.warnings).toEqual([
      {
        message: 'an event was not delivered',
        fields: { stream: 'ns/b', offset: 0, events: 1, trigger: 'ns/a', event: '4711', ...why },
      },
    ]);
  });

  test('a Trigger may ask for the JSON format', async () => {
    const world = await worldWith({ a: trigger('a', { delivery: { retry: 0, format: 'json' } }) });
    world.at('http://a.ns/', { status: 200 });
    await world.emit('x', '1');
    await world.clock.advance(0);
    expect(world.received[0]?.headers['content-type']).toBe('application/cloudevents+json');
    expect(JSON.parse(world.received[0]?.body ?? '')).toMatchObject({ id: '1', type: 'x', data: { n: '1' } });
  });
});

describe('replies', () => {
  test('come back to the broker with one hop less, and end after 255 of them', async () => {
    const world = await worldWith({ a: trigger('a') });
    world.at('http://a.ns/', (_, nth) => replyOf({ id: `r${nth}` }));
    await world.emit('x', '1');
    await world.clock.advance(1000);
    expect(world.idsAt('http://a.ns/')).toHaveLength(255);
  });

  test('of a plain subscription go where it says, and what is no event is nothing', async () => {
    const world = await worldWith({
      a: trigger('a', { kind: 'subscription', reply: { url: 'http://next.ns/' } }),
      b: trigger('b', { kind: 'subscription', reply: { url: 'http://next.ns/' } }),
    });
    world.at('http://a.ns/', replyOf({ id: 'r' }));
    world.at('http://b.ns/', { status: 200, body: 'OK' });
    world.at('http://next.ns/', { status: 202 });
    await world.emit('x', '1');
    await world.clock.advance(0);
    expect(world.idsAt('http://next.ns/')).toEqual(['r']);
    expect(world.received.at(-1)?.headers).not.toHaveProperty('prefer');
  });

  test('that nobody takes make the event itself a dead letter', async () => {
    const world = await worldWith({
      a: trigger('a', {
        kind: 'subscription',
        reply: { url: 'http://next.ns/' },
        deadLetter: { url: 'http://dead.ns/' },
      }),
    });
    world.at('http://a.ns/', replyOf({ id: 'r' }));
    world.at('http://next.ns/', { status: 400, body: 'no' });
    world.at('http://dead.ns/', { status: 200 });
    await world.emit('x', '1');
    await world.clock.advance(0);
    expect(world.idsAt('http://dead.ns/')).toEqual(['1']);
    expect(world.received.at(-1)?.headers).toMatchObject({
      'ce-knativeerrordest': 'http://next.ns/',
      'ce-knativeerrorcode': '400',
      'ce-knativeerrordata': 'bm8=',
    });
  });
});

describe('failures', () => {
  test('are tried again with exponential back-off, then become dead letters', async () => {
    const world = await worldWith({
      a: trigger('a', {
        deadLetter: { url: 'http://dead.ns/' },
        delivery: { retry: 3, backoffPolicy: 'exponential', backoffDelayMs: 200 },
      }),
    });
    world.at('http://a.ns/', { status: 500, body: 'boom' });
    world.at('http://dead.ns/', { status: 200 });
    await world.emit('x', '1');
    await world.clock.advance(5000);
    expect(world.received.filter(({ url }) => url === 'http://a.ns/').map(({ at }) => at)).toEqual([0, 200, 600, 1400]);
    expect(world.received.at(-1)?.headers).toMatchObject({
      'ce-knativeerrordest': 'http://a.ns/',
      'ce-knativeerrorcode': '500',
      'ce-knativeerrordata': Buffer.from('boom').toString('base64'),
      'ce-knativebrokerttl': '255',
    });
    expect(world.received.at(-1)?.headers).not.toHaveProperty('prefer');
  });

  test('that cannot mend themselves are dead letters at once', async () => {
    const world = await worldWith({
      a: trigger('a', { deadLetter: { url: 'http://dead.ns/' }, delivery: { retry: 5 } }),
    });
    world.at('http://a.ns/', { status: 422 });
    world.at('http://dead.ns/', { status: 200 });
    await world.emit('x', '1');
    await world.clock.advance(0);
    expect(world.received.map(({ url }) => url)).toEqual(['http://a.ns/', 'http://dead.ns/']);
  });

  test('an answer of a Trigger that is neither empty nor an event is one (502)', async () => {
    const world = await worldWith({ a: trigger('a', { deadLetter: { url: 'http://dead.ns/' } }) });
    world.at('http://a.ns/', { status: 200, body: 'OK' });
    world.at('http://dead.ns/', { status: 200 });
    await world.emit('x', '1');
    await world.clock.advance(0);
    expect(world.received.at(-1)?.headers).toMatchObject({ 'ce-knativeerrorcode': '502' });
  });

  test('a subscriber that does not answer in time has failed', async () => {
    const world = await worldWith({
      a: trigger('a', { deadLetter: { url: 'http://dead.ns/' }, delivery: { retry: 0, timeoutMs: 500 } }),
    });
    world.at('http://a.ns/', () => new Promise(() => {}));
    world.at('http://dead.ns/', { status: 200 });
    await world.emit('x', '1');
    await world.clock.advance(500);
    expect(world.received.at(-1)).toMatchObject({ url: 'http://dead.ns/', at: 500 });
  });

  test('a dead letter sink that is away for a while gets its letters', async () => {
    const world = await worldWith({ a: trigger('a', { deadLetter: { url: 'http://dead.ns/' } }) });
    world.at('http://a.ns/', { status: 500 });
    await world.emit('x', '1');
    await world.clock.advance(60_000);
    world.at('http://dead.ns/', { status: 200 });
    await world.clock.advance(120_000);
    expect(world.idsAt('http://dead.ns/')).toEqual(['1']);
  });
});

describe('a consumer that does not keep up', () => {
  test('reads on by itself, and nobody else waits for it', async () => {
    const world = await worldWith({ slow: trigger('slow', { parallelism: 2 }), fast: trigger('fast') });
    world.at('http://slow.ns/', async () => {
      await new Promise<void>((resolve) => world.clock.after(10, resolve));
      return { status: 200 };
    });
    world.at('http://fast.ns/', { status: 200 });
    const ids = Array.from({ length: 1000 }, (_, i) => String(i));
    for (const id of ids) await world.emit('x', id);
    await world.clock.advance(1);
    expect(world.idsAt('http://fast.ns/')).toEqual(ids);
    expect(world.idsAt('http://slow.ns/').length).toBeLessThan(10);
    await world.clock.advance(6000);
    expect(world.idsAt('http://slow.ns/')).toEqual(ids);
  });

  test('waits while it is paused', async () => {
    const world = await worldWith({ a: trigger('a', { paused: true }) });
    world.at('http://a.ns/', { status: 200 });
    await world.emit('x', '1');
    await world.clock.advance(1000);
    expect(world.received).toEqual([]);
    await world.events.setStream('ns/b', streamOf({ a: trigger('a') }));
    await world.clock.advance(0);
    expect(world.idsAt('http://a.ns/')).toEqual(['1']);
  });

  test('producers are held back where a bound is set', async () => {
    const world = await worldWith({ a: trigger('a', { paused: true }) }, { maxBacklog: { records: 3 } });
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push(await world.emit('x', String(i)));
    expect(statuses).toEqual([202, 202, 202, 429, 429]);
    world.at('http://a.ns/', { status: 200 });
    await world.events.setStream('ns/b', streamOf({ a: trigger('a') }, { maxBacklog: { records: 3 } }));
    await world.clock.advance(1000);
    expect(await world.emit('x', '6')).toBe(202);
  });
});

describe('order', () => {
  const flaky = (world: EventsWorld, url: string) =>
    world.at(url, ({ event }) => ({
      status: event.attributes.get('id') === '1' && world.idsAt(url).filter((id) => id === '1').length < 3 ? 500 : 200,
    }));

  test.each([
    ['unordered', ['1', '2', '3', '1', '1']],
    ['ordered', ['1', '1', '1', '2', '3']],
    // 1 and 3 are of one key, 2 is of another.
    ['key', ['1', '2', '1', '1', '3']],
  ] as const)('%s', async (order, ids) => {
    const world = await worldWith({
      a: trigger('a', { order, delivery: { retry: 5, backoffPolicy: 'exponential', backoffDelayMs: 100 } }),
    });
    flaky(world, 'http://a.ns/');
    for (const [id, partitionkey] of [
      ['1', 'k'],
      ['2', 'l'],
      ['3', 'k'],
    ] as const)
      await world.emit('x', id, { partitionkey });
    await world.clock.advance(10_000);
    expect(world.idsAt('http://a.ns/')).toEqual(ids);
  });
});

describe('where a consumer begins', () => {
  test.each([
    ['latest', 'latest', ['4']],
    ['earliest', 'earliest', ['1', '2', '3', '4']],
    ['a time', { time: Date.UTC(2026, 0, 1) + 2000 }, ['3', '4']],
    ['an offset', { offset: 1 }, ['2', '3', '4']],
  ] as const)('%s', async (_, start, ids) => {
    const retention = { ms: 3_600_000 };
    const world = await worldWith({}, { retention });
    for (const id of ['1', '2', '3']) {
      await world.emit('x', id);
      await world.clock.advance(1000);
    }
    world.at('http://a.ns/', { status: 200 });
    await world.events.setStream('ns/b', streamOf({ a: trigger('a', { start }) }, { retention }));
    await world.emit('x', '4');
    await world.clock.advance(1000);
    expect(world.idsAt('http://a.ns/')).toEqual(ids);
  });
});

describe('after a crash', () => {
  test('what was not done is done, what was done long enough ago is not done again', async () => {
    const rule = streamOf({
      a: trigger('a', { delivery: { retry: 10, backoffPolicy: 'exponential', backoffDelayMs: 60_000 } }),
    });
    const before = new EventsWorld();
    await before.events.setStream('ns/b', rule);
    before.at('http://a.ns/', ({ event }) => ({ status: event.attributes.get('id') === '2' ? 503 : 200 }));
    for (const id of ['1', '2', '3']) await before.emit('x', id);
    await before.clock.advance(1000);

    const after = new EventsWorld(before.kept, before.clock);
    after.at('http://a.ns/', { status: 200 });
    await after.events.setStream('ns/b', rule);
    await after.clock.advance(1000);
    expect(after.idsAt('http://a.ns/')).toEqual(['2']);
    await after.clock.advance(1000);
    expect(await after.events.status()).toMatchObject([{ first: 3, next: 3, consumers: { a: { unfinished: 0 } } }]);
  });

  test('dead letters go on as dead letters', async () => {
    const rule = streamOf({ a: trigger('a', { deadLetter: { url: 'http://dead.ns/' } }) });
    const before = new EventsWorld();
    await before.events.setStream('ns/b', rule);
    before.at('http://a.ns/', { status: 418, body: 'why' });
    await before.emit('x', '1');
    await before.clock.advance(1000);

    const after = new EventsWorld(before.kept, before.clock);
    after.at('http://a.ns/', { status: 200 });
    after.at('http://dead.ns/', { status: 200 });
    await after.events.setStream('ns/b', rule);
    await after.clock.advance(1000);
    expect(after.received.map(({ url, headers }) => [url, headers['ce-knativeerrorcode']])).toEqual([
      ['http://dead.ns/', '418'],
    ]);
  });
});

describe('a platform that stops', () => {
  const rule = streamOf({ a: trigger('a', { order: 'ordered', delivery: { retry: 0 } }) });

  test.each([
    { ends: 'well', status: 200, again: [] },
    { ends: 'for the subscriber is stopped, which is no attempt', status: 502, again: ['1'] },
    { ends: 'for the subscriber will not have it', status: 400, again: [] },
  ])('begins no delivery; one that is under way ends $ends', async ({ status, again }) => {
    const before = new EventsWorld();
    await before.events.setStream('ns/b', rule);
    const answers: ((told: Told) => void)[] = [];
    before.at('http://a.ns/', () => new Promise((resolve) => void answers.push(resolve)));
    for (const id of ['1', '2']) await before.emit('x', id);
    before.events.rest();
    await before.emit('x', '3');
    await before.clock.advance(1000);
    answers[0]?.({ status });
    await before.clock.advance(5000);
    expect(before.idsAt('http://a.ns/')).toEqual(['1']);
    expect(before.attempts).toHaveLength(again.length === 0 ? 1 : 0);
    const closed = before.events.close(1000);
    await before.clock.advance(1000);
    await closed;

    const after = new EventsWorld(before.kept, before.clock);
    after.at('http://a.ns/', { status: 200 });
    await after.events.setStream('ns/b', rule);
    await after.clock.advance(1000);
    expect(after.idsAt('http://a.ns/')).toEqual([...again, '2', '3']);
  });

  test('and is killed before: deliveries go on under the next one', async () => {
    const world = new EventsWorld();
    await world.events.setStream('ns/b', rule);
    world.at('http://a.ns/', { status: 200 });
    world.events.rest();
    for (const id of ['1', '2']) await world.emit('x', id);
    await world.clock.advance(1000);
    expect(world.received).toEqual([]);
    world.events.goOn();
    await world.clock.advance(1000);
    expect(world.idsAt('http://a.ns/')).toEqual(['1', '2']);
  });
});

test('an address is where the stream is, and moves with it', async () => {
  const world = await worldWith({});
  expect(await world.emit('x', '1')).toBe(202);
  await world.events.setStream('ns/b', undefined);
  expect(await world.emit('x', '1')).toBe(503);
  world.events.told();
  expect(await world.emit('x', '1')).toBe(404);
  const moved = { ...broker, hosts: ['other.ns.svc.cluster.local'], path: '/', kind: 'channel' as const };
  await world.events.setStream('ns/b', { addresses: [moved], consumers: {} });
  const [host] = moved.hosts;
  expect((await world.request({ host: host ?? '', target: '/', headers: eventHeaders({}) })).status).toBe(202);
  expect((await world.request({ host: BROKER_HOST, target: '/ns/b', headers: eventHeaders({}) })).status).toBe(404);
});
