// What an accepted request is owed, over each home of the log.

import { beforeEach, describe, expect, test } from 'vitest';
import { answerOf, headerOf, InvocationsWorld, logHomes, SERVICE } from './invocations.fixture.ts';
import { isOver } from './ledger.ts';
import { statusOfOpen } from './status.ts';
import type { Invocation } from './ledger.ts';
import type { Outcome } from './words.ts';

const HOUR = 3_600_000;

describe.each(logHomes)('on a log in %s', (_, make) => {
  let world: InvocationsWorld;
  beforeEach(async () => {
    world = new InvocationsWorld(make);
    await world.start();
  });

  const ended = async (invocation: Invocation) => (await world.settled(world.invocations.finished(invocation)))?.entry;

  test('a request is carried out once, and its answer kept', async () => {
    const invocation = await world.accept();
    await world.pass(10);
    expect(invocation.id).toMatch(/^[0-9a-f]{32}$/);
    expect(world.requests).toHaveLength(1);
    const [request] = world.requests;
    expect(request).toMatchObject({
      method: 'POST',
      target: '/x',
      authority: 'hello.test',
      remoteAddress: '192.0.2.1',
    });
    expect(Buffer.from(request?.body ?? []).toString()).toBe('body');
    expect(request && headerOf(request, 'ebb-invocation-id')).toBe(invocation.id);
    expect(request && headerOf(request, 'ebb-attempt')).toBe('1');
    const found = await world.settled(world.invocations.finished(invocation));
    expect(found?.entry).toMatchObject({ ending: 'succeeded', answer: { status: 200 }, attempts: [{ status: 200 }] });
    expect(Buffer.from(found?.body ?? []).toString()).toBe('well');
    await world.pass(24 * HOUR - 20_000);
    expect(world.requests).toHaveLength(1);
  });

  test('a failure is tried again, with the back-off, until it succeeds', async () => {
    world.answer = (_request, nth) => (nth < 3 ? answerOf(503) : answerOf(200));
    const invocation = await world.accept();
    await world.pass(0);
    expect(invocation).toMatchObject({ state: 'queued', attempts: [{ status: 503 }] });
    await world.pass(999);
    expect(world.requests).toHaveLength(1);
    await world.pass(1);
    expect(world.requests).toHaveLength(2);
    await world.pass(2000);
    expect(world.requests.map((one) => headerOf(one, 'ebb-attempt'))).toEqual(['1', '2', '3']);
    expect(await ended(invocation)).toMatchObject({
      ending: 'succeeded',
      attempts: [{ status: 503 }, { status: 503 }, { status: 200 }],
    });
  });

  test('the last failure ends it, with what was answered', async () => {
    world.answer = () => answerOf(500, 'no', ['ebb-refusal', 'upstream']);
    const invocation = await world.accept({ settings: { retries: 1 } });
    await world.pass(5000);
    expect(await ended(invocation)).toMatchObject({
      ending: 'failed',
      why: 'all 2 attempts failed',
      answer: { status: 500 },
      attempts: [{ status: 500, refusal: 'upstream' }, { status: 500 }],
    });
  });

  test('an attempt that takes too long is broken off and tried again', async () => {
    world.answer = (_request, nth) => (nth === 1 ? new Promise<Outcome>(() => {}) : answerOf(200));
    const invocation = await world.accept({ settings: { timeoutMs: 3000 } });
    await world.pass(0);
    expect(statusOfOpen(invocation)).toMatchObject({
      state: 'running',
      attempts: [{ startedAt: '2026-01-01T00:00:00.000Z' }],
    });
    await world.pass(3000);
    expect(statusOfOpen(invocation)).toMatchObject({
      state: 'queued',
      attempts: [{ startedAt: '2026-01-01T00:00:00.000Z', error: 'no answer within 3000 ms', tookMs: 3000 }],
      nextAttemptAt: '2026-01-01T00:00:04.000Z',
    });
    await world.pass(1000);
    expect(await ended(invocation)).toMatchObject({
      ending: 'succeeded',
      attempts: [{ error: 'no answer within 3000 ms', tookMs: 3000 }, { status: 200 }],
    });
  });

  test('nothing begins once it is too old', async () => {
    world.answer = () => answerOf(503, '', ['Retry-After', '1900']);
    const invocation = await world.accept({ settings: { maxAgeMs: HOUR, retries: 20 } });
    await world.pass(2 * HOUR);
    expect(world.requests).toHaveLength(2);
    expect(await ended(invocation)).toMatchObject({
      ending: 'failed',
      why: expect.stringContaining('1h0m0s') as string,
    });
  });

  test('only so many of one service are under way, and others are not held up', async () => {
    world.answer = ({ target }) => (target === '/slow' ? new Promise<Outcome>(() => {}) : answerOf(200));
    for (let i = 0; i < 3; i++) await world.accept({ target: '/slow', settings: { parallelism: 2 } });
    const other = await world.accept({ service: 'default/other' });
    await world.pass(0);
    expect(world.requests.filter(({ target }) => target === '/slow')).toHaveLength(2);
    expect(isOver(other)).toBe(true);
  });

  describe('with an idempotency key', () => {
    test('the same request is the same invocation, before and after its end', async () => {
      const first = await world.accept({ key: 'k' });
      expect(await world.taken({ key: 'k' })).toMatchObject({ invocation: first, isReplayed: true });
      await world.pass(10);
      expect(await world.taken({ key: 'k' })).toMatchObject({ invocation: first, isReplayed: true });
      await world.pass(10);
      expect(world.requests).toHaveLength(1);
    });

    test('two that come at once are one', async () => {
      const both = [
        world.invocations.accept(world.order({ key: 'k' })),
        world.invocations.accept(world.order({ key: 'k' })),
      ];
      const [one, two] = await world.settled(Promise.all(both));
      if (!one || !two || 'refusal' in one || 'refusal' in two) throw new Error('one was refused');
      expect(two.invocation).toBe(one.invocation);
      expect([one.isReplayed, two.isReplayed]).toEqual([false, true]);
      await world.pass(10);
      expect(world.requests).toHaveLength(1);
    });

    test('another request is refused, of another service it is another key', async () => {
      await world.accept({ key: 'k' });
      expect(await world.taken({ key: 'k', body: 'other' })).toMatchObject({ refusal: 'async-key-reused' });
      expect(await world.taken({ key: 'k', target: '/y' })).toMatchObject({ refusal: 'async-key-reused' });
      expect(await world.taken({ key: 'k', service: 'default/other' })).toMatchObject({ isReplayed: false });
    });

    test('it holds after a crash', async () => {
      const { id } = await world.accept({ key: 'k' });
      await world.kill();
      await world.start();
      expect(await world.taken({ key: 'k' })).toMatchObject({ invocation: { id }, isReplayed: true });
      expect(await world.taken({ key: 'k', body: 'other' })).toMatchObject({ refusal: 'async-key-reused' });
    });
  });

  describe('cancelled', () => {
    test('while it waits, it never runs', async () => {
      world.answer = () => new Promise(() => {});
      await world.accept({ settings: { parallelism: 1 } });
      const waiting = await world.accept({ settings: { parallelism: 1 } });
      expect(await world.settled(world.invocations.cancel(waiting))).toBe(true);
      expect(await world.settled(world.invocations.cancel(waiting))).toBe(false);
      await world.pass(HOUR);
      expect(world.requests).toHaveLength(1);
      expect(await ended(waiting)).toMatchObject({ ending: 'cancelled', attempts: [] });
    });

    test('while it runs, it is broken off', async () => {
      let broken = false;
      world.answer = (_request, _nth, signal) => {
        signal.addEventListener('abort', () => (broken = true));
        return new Promise(() => {});
      };
      const invocation = await world.accept({ settings: { callback: 'https://hooks.test/' } });
      await world.pass(10);
      expect(await world.settled(world.invocations.cancel(invocation))).toBe(true);
      await world.pass(HOUR);
      expect([broken, world.requests.length, world.calls.length]).toEqual([true, 1, 0]);
      expect(await ended(invocation)).toMatchObject({ ending: 'cancelled' });
    });

    test('once it is over, it is over', async () => {
      const invocation = await world.accept();
      await world.pass(10);
      expect(await world.settled(world.invocations.cancel(invocation))).toBe(false);
      expect(invocation.state).toBe('succeeded');
    });

    test('stays so after a crash', async () => {
      world.answer = () => new Promise(() => {});
      const { id } = await world.accept();
      await world.pass(10);
      const found = world.invocations.find(SERVICE, id);
      if (found) await world.settled(world.invocations.cancel(found));
      await world.kill();
      await world.start();
      await world.pass(HOUR);
      expect(world.requests).toHaveLength(1);
      expect(world.invocations.find(SERVICE, id)?.state).toBe('cancelled');
    });
  });

  describe('after a crash', () => {
    test('what waited runs, and what was under way runs again', async () => {
      world.answer = () => new Promise(() => {});
      const ids = [await world.accept({ settings: { parallelism: 1 } }), await world.accept()].map(({ id }) => id);
      await world.pass(10);
      await world.kill();
      world.answer = () => answerOf(201);
      await world.start();
      await world.pass(10);
      for (const id of ids) expect(world.invocations.find(SERVICE, id)?.state).toBe('succeeded');
    });

    test('attempts that failed are known, and the next one waits as long as it was to', async () => {
      world.answer = () => answerOf(500);
      const { id } = await world.accept({ settings: { backoffMs: 60_000 } });
      await world.pass(10);
      await world.kill();
      await world.start();
      await world.pass(59_000);
      expect(world.requests).toHaveLength(1);
      await world.pass(1000);
      expect(world.requests.map((one) => headerOf(one, 'ebb-attempt'))).toEqual(['1', '2']);
      expect(world.invocations.find(SERVICE, id)?.attempts).toHaveLength(2);
    });

    test('results are there', async () => {
      const { id } = await world.accept();
      await world.pass(10);
      await world.kill();
      await world.start();
      const found = world.invocations.find(SERVICE, id);
      expect(found && (await ended(found))).toMatchObject({ ending: 'succeeded', answer: { status: 200 } });
      expect(world.requests).toHaveLength(1);
    });

    test('nothing runs before routes are known', async () => {
      world.answer = () => new Promise(() => {});
      await world.accept();
      await world.kill();
      await world.start(false);
      await world.pass(10_000);
      expect(world.requests).toHaveLength(1);
      world.invocations.begin();
      await world.pass(0);
      expect(world.requests).toHaveLength(2);
    });
  });

  describe('while the disk is full', () => {
    let invocation: Invocation;
    beforeEach(async () => {
      let finish: (outcome: Outcome) => void = () => {};
      world.answer = () => new Promise((resolve) => (finish = resolve));
      invocation = await world.accept();
      await world.pass(10);
      world.isFull = true;
      world.answer = () => answerOf(200);
      finish(answerOf(201));
      await world.pass(10);
      expect(isOver(invocation)).toBe(false);
      expect(await world.taken()).toEqual({ refusal: 'async-disk-full' });
    });

    test('an end waits until there is room', async () => {
      world.isFull = false;
      await world.pass(1000);
      expect(await ended(invocation)).toMatchObject({ ending: 'succeeded', answer: { status: 201 } });
      expect(world.requests).toHaveLength(1);
    });

    test('a stop does not wait for that, and the next run carries it out again', async () => {
      await world.stop(2000);
      world.isFull = false;
      await world.start();
      await world.pass(10);
      expect(world.invocations.find(SERVICE, invocation.id)?.state).toBe('succeeded');
      expect(world.requests).toHaveLength(2);
    });
  });

  test('a stop waits for what is under way, and the next run does the rest', async () => {
    let finish: (outcome: Outcome) => void = () => {};
    world.answer = (_request, nth) => (nth === 1 ? new Promise((resolve) => (finish = resolve)) : answerOf(200));
    const settings = { parallelism: 1 };
    const ids = [await world.accept({ settings }), await world.accept({ settings })].map(({ id }) => id);
    await world.pass(10);
    const stopped = world.stop(5000);
    finish(answerOf(202));
    await world.settled(stopped);
    expect(world.requests).toHaveLength(1);
    await world.start();
    await world.pass(10);
    for (const id of ids) expect(world.invocations.find(SERVICE, id)?.state).toBe('succeeded');
    expect(world.requests).toHaveLength(2);
  });

  test.each([
    { outcome: answerOf(502), attempts: 2 },
    { outcome: answerOf(404), attempts: 2 },
    { outcome: { error: 'the connection was reset' }, attempts: 2 },
    { outcome: answerOf(400), attempts: 1 },
  ])('a platform that stops begins nothing, and what fails then was no attempt: $outcome', async (one) => {
    let finish: (outcome: Outcome) => void = () => {};
    world.answer = (_request, nth) => (nth === 1 ? new Promise((resolve) => (finish = resolve)) : answerOf(200));
    const settings = { parallelism: 1, retries: 0 };
    const [first, second] = [await world.accept({ settings }), await world.accept({ settings })];
    await world.pass(10);
    world.invocations.rest();
    finish(one.outcome);
    await world.pass(5000);
    expect(world.requests).toHaveLength(1);
    expect(world.invocations.find(SERVICE, second.id)?.state).toBe('queued');
    await world.stop();
    await world.start();
    await world.pass(10);
    const isAgain = one.attempts === 2;
    expect(world.invocations.find(SERVICE, first.id)?.state).toBe(isAgain ? 'succeeded' : 'failed');
    expect(world.invocations.find(SERVICE, second.id)?.state).toBe('succeeded');
    expect(world.requests).toHaveLength(1 + one.attempts);
  });

  test('a platform that was killed while it stopped goes on under the next one', async () => {
    world.invocations.rest();
    const { id } = await world.accept();
    await world.pass(1000);
    expect(world.requests).toEqual([]);
    world.invocations.begin();
    await world.pass(10);
    expect(world.invocations.find(SERVICE, id)?.state).toBe('succeeded');
  });

  describe('a callback', () => {
    const settings = { callback: 'https://hooks.test/done' };

    test('gets the result', async () => {
      world.answer = () => answerOf(201, '{"a":1}', ['Content-Type', 'application/json', 'X-Other', '1']);
      const invocation = await world.accept({ settings });
      await world.pass(10);
      const [call] = world.calls;
      expect(call).toMatchObject({ url: settings.callback, callbacks: 'public', door: 'external' });
      expect(Buffer.from(call?.body ?? []).toString()).toBe('{"a":1}');
      const told = [
        ['Content-Type', 'application/json'],
        ['Ebb-Invocation-Id', invocation.id],
        ['Ebb-Invocation-Service', SERVICE],
        ['Ebb-Invocation-State', 'succeeded'],
        ['Ebb-Invocation-Attempts', '1'],
        ['Ebb-Invocation-Status', '201'],
      ];
      expect(call?.headers).toEqual(told.flat());
      expect(invocation.callback).toEqual({ state: 'delivered', attempts: 1, status: 204 });
    });

    test('hears of a failure', async () => {
      world.answer = () => ({ error: 'connection refused é' });
      await world.accept({ settings: { ...settings, retries: 0 } });
      await world.pass(10);
      expect(world.calls[0] && headerOf(world.calls[0], 'ebb-invocation-state')).toBe('failed');
      expect(world.calls[0] && headerOf(world.calls[0], 'ebb-invocation-error')).toBe('the only attempt failed');
    });

    test('is tried again, and given up in the end', async () => {
      world.receive = () => answerOf(500);
      const invocation = await world.accept({ settings });
      await world.pass(10);
      expect(invocation.callback).toEqual({ state: 'pending', attempts: 1, status: 500 });
      await world.pass(HOUR);
      expect(world.calls).toHaveLength(8);
      expect(invocation.callback).toEqual({ state: 'failed', attempts: 8, status: 500 });
    });

    test('that did not get it before a crash gets it after', async () => {
      world.receive = () => answerOf(503);
      const { id } = await world.accept({ settings });
      await world.pass(10);
      await world.kill();
      world.receive = () => answerOf(200);
      await world.start();
      await world.pass(10);
      expect(world.calls).toHaveLength(2);
      expect(world.requests).toHaveLength(1);
      await world.kill();
      await world.start();
      await world.pass(HOUR);
      expect(world.calls).toHaveLength(2);
      expect(world.invocations.find(SERVICE, id)?.callback?.state).toBe('delivered');
    });
  });

  test('whoever waits for the end hears of it, at the latest after the time', async () => {
    let finish: (outcome: Outcome) => void = () => {};
    world.answer = () => new Promise((resolve) => (finish = resolve));
    const invocation = await world.accept();
    await world.pass(0);
    const { signal } = new AbortController();
    let heard = 0;
    const wait = (ms: number) => void world.invocations.overWithin(invocation, ms, signal).then(() => heard++);
    wait(1000);
    wait(10_000);
    await world.pass(1000);
    expect(heard).toBe(1);
    finish(answerOf(200));
    await world.pass(0);
    expect(heard).toBe(2);
    wait(1000);
    await world.pass(0);
    expect(heard).toBe(3);
  });
});

describe.each(logHomes)('bounds on a log in %s', (_, make) => {
  test('so many wait as may, then there is no room until one is over', async () => {
    const world = new InvocationsWorld(make, { waiting: 2 });
    await world.start();
    let finish: (outcome: Outcome) => void = () => {};
    world.answer = () => new Promise((resolve) => (finish = resolve));
    await world.accept({ settings: { parallelism: 1 } });
    await world.accept({ settings: { parallelism: 1 } });
    await world.pass(0);
    expect(await world.taken()).toEqual({ refusal: 'async-full' });
    finish(answerOf(200));
    await world.pass(10);
    expect(await world.taken()).toMatchObject({ isReplayed: false });
  });

  test('so many bytes wait as may', async () => {
    const world = new InvocationsWorld(make, { waitingBytes: 1500 });
    await world.start();
    world.answer = () => new Promise(() => {});
    await world.accept({ body: 'x'.repeat(600) });
    expect(await world.taken({ body: 'x'.repeat(600) })).toEqual({ refusal: 'async-full' });
    expect(await world.taken({ body: '' })).toMatchObject({ isReplayed: false });
  });

  test('what is over is forgotten after its time', async () => {
    const world = new InvocationsWorld(make, { keptMs: HOUR });
    await world.start();
    const { id } = await world.accept({ key: 'k' });
    await world.pass(HOUR - 5000);
    expect(world.invocations.find(SERVICE, id)).toBeDefined();
    await world.pass(70_000);
    expect(world.invocations.find(SERVICE, id)).toBeUndefined();
    expect(await world.taken({ key: 'k' })).toMatchObject({ isReplayed: false });
    await world.kill();
    await world.start();
    expect(world.invocations.find(SERVICE, id)).toBeUndefined();
  });

  test('only so many are kept', async () => {
    const world = new InvocationsWorld(make, { kept: 2 });
    await world.start();
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) ids.push((await world.accept()).id);
    await world.pass(5000);
    expect(ids.map((id) => world.invocations.find(SERVICE, id) !== undefined)).toEqual([false, false, true, true]);
  });

  test('of many that are kept those that are not over stay, wherever they lie', async () => {
    const world = new InvocationsWorld(make, { kept: 3 });
    await world.start();
    world.answer = ({ target }) => (target === '/old' ? new Promise<Outcome>(() => {}) : answerOf(200));
    const { id } = await world.accept({ target: '/old' });
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) ids.push((await world.accept()).id);
    await world.pass(5000);
    await world.pass(60_000);
    expect(world.invocations.find(SERVICE, id)?.state).toBe('running');
    expect(ids.filter((one) => world.invocations.find(SERVICE, one)).length).toBeLessThanOrEqual(3);
  });

  test('what is not over outlives the bound of bytes, and does not hold up the log', async () => {
    const world = new InvocationsWorld(make, { keptBytes: 20_000 });
    await world.start();
    world.answer = ({ target }) => (target === '/old' ? answerOf(500) : answerOf(200, 'y'.repeat(500)));
    const settings = { backoffMs: HOUR, retries: 2 };
    const { id } = await world.accept({ target: '/old', settings });
    for (let i = 0; i < 60; i++) {
      await world.accept({ body: 'x'.repeat(500) });
      await world.pass(1100);
    }
    const { first, bytes } = await world.log.bounds('@invocations');
    expect(first).toBeGreaterThan(10);
    expect(bytes).toBeLessThan(30_000);
    await world.kill();
    world.answer = () => answerOf(200);
    await world.start();
    expect(world.invocations.find(SERVICE, id)).toMatchObject({ state: 'queued', attempts: [{ status: 500 }] });
    await world.pass(HOUR);
    expect(world.invocations.find(SERVICE, id)?.state).toBe('succeeded');
    expect(world.requests.filter(({ target }) => target === '/old').map((one) => headerOf(one, 'ebb-attempt'))).toEqual(
      ['1', '2'],
    );
  });
});
