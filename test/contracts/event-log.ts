// What every home of the event log owes producers and consumers.

import * as fc from 'fast-check';
import { expect } from 'vitest';
import type { Clock } from '#base/mod.ts';
import type { EventLog, LogRecord } from '#events/mod.ts';
import { LogClosedError, LogFullError, retain } from '#events/mod.ts';
import type { Exceptions } from './promises.ts';
import { promises } from './promises.ts';

export interface LogPlace {
  /** Gives a log over what an earlier one of the same place left. */
  open(bounds?: { readonly maxStreamBytes?: number }): Promise<EventLog>;
  /** The clock by which records get their time; undefined where it cannot be set. */
  readonly clock?: Clock & { advance(ms: number): Promise<void> };
  /** Distinguishes the streams of this place from those of others at the same server; empty unless told. */
  readonly prefix?: string;
}

const ALL = { records: 1_000_000, bytes: 1e9 };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined => value && new TextDecoder().decode(value);
const seen = (records: readonly LogRecord[]) =>
  records.map(({ offset, key, payload }) => [offset, key, text(payload)] as const);
const marksOf = async (log: EventLog, stream: string) =>
  Object.fromEntries([...(await log.loadMarks(stream))].map(([name, value]) => [name, text(value)]));

/** `place` begins a place with nothing in it. */
export function eventLogContract(place: () => LogPlace | Promise<LogPlace>, exceptions: Exceptions = {}): void {
  const promise = promises(exceptions);

  /** A log at a new place, and the names of its streams. */
  async function opened(bounds?: { readonly maxStreamBytes?: number }) {
    const here = await place();
    const log = await here.open(bounds);
    return { here, log, name: (short: string) => `${here.prefix ?? ''}${short}` };
  }

  promise('a stream that does not exist is empty, and looking makes none', async () => {
    const { log, name } = await opened();
    const stream = name('none');
    expect(await log.read(stream, 0, ALL)).toEqual([]);
    expect(await log.bounds(stream)).toEqual({ first: 0, next: 0, bytes: 0 });
    expect(await log.offsetAt(stream, 0)).toBe(0);
    expect(await log.offsetWithin(stream, 10)).toBe(0);
    expect(await log.loadMarks(stream)).toEqual(new Map());
    await log.trim(stream, 10);
    await log.drop(stream);
    expect((await log.streams()).filter((one) => one === stream)).toEqual([]);
    await log.close();
  });

  promise('records have the order of their appends, offsets that rise by one, and each stream its own', async () => {
    const { log, name } = await opened();
    const offsets = await Promise.all([
      log.append(name('a'), { payload: bytes('one') }),
      log.append(name('b'), { payload: bytes('other'), key: 'k' }),
      log.append(name('a'), { payload: bytes('two'), key: '' }),
      log.appendAll(name('a'), [{ payload: bytes('three'), key: 'ü' }, { payload: bytes('') }]),
      log.append(name('a'), { payload: bytes('five') }),
    ]);
    expect(offsets).toEqual([0, 0, 1, 2, 4]);
    expect(seen(await log.read(name('a'), 0, ALL))).toEqual([
      [0, undefined, 'one'],
      [1, '', 'two'],
      [2, 'ü', 'three'],
      [3, undefined, ''],
      [4, undefined, 'five'],
    ]);
    expect(seen(await log.read(name('b'), 0, ALL))).toEqual([[0, 'k', 'other']]);
    const { first, next } = await log.bounds(name('a'));
    expect([first, next]).toEqual([0, 5]);
    expect([...(await log.streams())].filter((one) => [name('a'), name('b')].includes(one)).sort()).toEqual([
      name('a'),
      name('b'),
    ]);
    await log.close();
  });

  promise('a buffer may be used again as soon as append has returned', async () => {
    const { log, name } = await opened();
    const buffer = bytes('first');
    const one = log.append(name('s'), { payload: buffer });
    buffer.set(bytes('other'));
    const two = log.append(name('s'), { payload: buffer });
    buffer.fill(0);
    expect(await Promise.all([one, two])).toEqual([0, 1]);
    const records = await log.read(name('s'), 0, ALL);
    expect(seen(records).map(([, , payload]) => payload)).toEqual(['first', 'other']);
    for (const { payload } of records) payload.fill(0);
    expect(seen(await log.read(name('s'), 0, ALL)).map(([, , payload]) => payload)).toEqual(['first', 'other']);
    await log.close();
  });

  promise('a read is bounded by records and by bytes, and gives at least one', async () => {
    const { log, name } = await opened();
    const stream = name('s');
    await log.appendAll(
      stream,
      ['a', 'bb', 'ccc', 'dddd'].map((word) => ({ payload: bytes(word.repeat(10)) })),
    );
    const offsets = async (from: number, limit: { records: number; bytes: number }) =>
      (await log.read(stream, from, limit)).map(({ offset }) => offset);
    expect(await offsets(0, { records: 2, bytes: 1e6 })).toEqual([0, 1]);
    expect(await offsets(0, { records: 9, bytes: 30 })).toEqual([0, 1]);
    expect(await offsets(0, { records: 9, bytes: 59 })).toEqual([0, 1]);
    expect(await offsets(2, { records: 9, bytes: 1 })).toEqual([2]);
    expect(await offsets(3, ALL)).toEqual([3]);
    expect(await offsets(4, ALL)).toEqual([]);
    expect(await offsets(400, ALL)).toEqual([]);
    await log.close();
  });

  promise('records large and small go through unchanged', async () => {
    const { here, log, name } = await opened();
    const sizes = [0, 1, 4095, 65_536, 700_000];
    const payloads = sizes.map((size) => Uint8Array.from({ length: size }, (_, at) => (at * 31 + size) & 0xff));
    await Promise.all(payloads.map((payload) => log.append(name('s'), { payload })));
    const there = async (from: EventLog) => {
      for (const [offset, payload] of payloads.entries()) {
        const [record] = await from.read(name('s'), offset, { records: 1, bytes: 0 });
        expect(record?.offset).toBe(offset);
        expect(Buffer.compare(record?.payload ?? new Uint8Array(1), payload)).toBe(0);
      }
    };
    await there(log);
    await log.close();
    const again = await here.open();
    await there(again);
    await again.close();
  });

  promise('what was acknowledged is there after a reopening, and offsets go on', async () => {
    const { here, log, name } = await opened();
    await log.append(name('a'), { payload: bytes('one'), key: 'k' });
    await log.append(name('a'), { payload: bytes('two') });
    await log.saveMarks(name('b'), new Map([['only marks', bytes('x')]]));
    await log.close();
    const again = await here.open();
    expect(await again.append(name('a'), { payload: bytes('three') })).toBe(2);
    expect(seen(await again.read(name('a'), 0, ALL))).toEqual([
      [0, 'k', 'one'],
      [1, undefined, 'two'],
      [2, undefined, 'three'],
    ]);
    expect(await marksOf(again, name('b'))).toEqual({ 'only marks': 'x' });
    expect([...(await again.streams())].filter((one) => [name('a'), name('b')].includes(one)).sort()).toEqual([
      name('a'),
      name('b'),
    ]);
    await again.close();
  });

  promise('an append that the close finds under way is finished, and after it all is refused', async () => {
    const { here, log, name } = await opened();
    const under = log.append(name('s'), { payload: bytes('x') });
    await log.close();
    expect(await under).toBe(0);
    await log.close();
    const none = new Map<string, Uint8Array>();
    const refused = [
      () => log.append(name('s'), { payload: bytes('y') }),
      () => log.appendAll(name('s'), [{ payload: bytes('y') }]),
      () => log.read(name('s'), 0, ALL),
      () => log.bounds(name('s')),
      () => log.offsetAt(name('s'), 0),
      () => log.offsetWithin(name('s'), 0),
      () => log.trim(name('s'), 1),
      () => log.drop(name('s')),
      () => log.saveMarks(name('s'), none),
      () => log.loadMarks(name('s')),
      () => log.streams(),
    ];
    for (const call of refused) await expect(call()).rejects.toThrow(LogClosedError);
    const again = await here.open();
    expect(seen(await again.read(name('s'), 0, ALL))).toEqual([[0, undefined, 'x']]);
    await again.close();
  });

  promise('what was trimmed is gone for good, and no more than that', async () => {
    const { here, log, name } = await opened();
    const stream = name('s');
    await log.appendAll(
      stream,
      ['a', 'b', 'c', 'd', 'e'].map((word) => ({ payload: bytes(word) })),
    );
    await log.trim(stream, 2);
    await log.trim(stream, 1);
    const holds = async (from: EventLog, words: string[], next: number) => {
      const { first, next: end } = await from.bounds(stream);
      expect([first, end]).toEqual([next - words.length, next]);
      expect((await from.read(stream, 0, ALL)).map(({ payload }) => text(payload))).toEqual(words);
    };
    await holds(log, ['c', 'd', 'e'], 5);
    await log.close();
    const again = await here.open();
    await holds(again, ['c', 'd', 'e'], 5);
    await again.trim(stream, 99);
    await holds(again, [], 5);
    expect(await again.append(stream, { payload: bytes('f') })).toBe(5);
    await holds(again, ['f'], 6);
    await again.close();
    const third = await here.open();
    await holds(third, ['f'], 6);
    await third.close();
  });

  promise('a stream that was dropped is gone with its marks, and begins anew at 0', async () => {
    const { here, log, name } = await opened();
    await log.append(name('s'), { payload: bytes('old') });
    await log.append(name('s2'), { payload: bytes('neighbour') });
    await log.saveMarks(name('s'), new Map([['m', bytes('1')]]));
    await log.drop(name('s'));
    expect(await log.bounds(name('s'))).toEqual({ first: 0, next: 0, bytes: 0 });
    expect(await marksOf(log, name('s'))).toEqual({});
    expect((await log.streams()).includes(name('s'))).toBe(false);
    expect(await log.append(name('s'), { payload: bytes('new') })).toBe(0);
    await log.close();
    const again = await here.open();
    expect(seen(await again.read(name('s'), 0, ALL))).toEqual([[0, undefined, 'new']]);
    expect(seen(await again.read(name('s2'), 0, ALL))).toEqual([[0, undefined, 'neighbour']]);
    await again.drop(name('s'));
    await again.close();
    const third = await here.open();
    expect((await third.streams()).filter((one) => one.startsWith(name('s')))).toEqual([name('s2')]);
    await third.close();
  });

  promise('marks are set, replaced, forgotten and kept by name', async () => {
    const { here, log, name } = await opened();
    const stream = name('s');
    const first = bytes('1');
    const saved = log.saveMarks(
      stream,
      new Map([
        ['a', first],
        ['b', bytes('2')],
        ['', bytes('')],
        ['dot.ted name/with *', bytes('3')],
      ]),
    );
    first.fill(0);
    await saved;
    await log.append(stream, { payload: bytes('between') });
    await log.saveMarks(
      stream,
      new Map([
        ['b', undefined],
        ['never there', undefined],
        ['c', bytes('4')],
      ]),
    );
    const expected = { a: '1', '': '', c: '4', 'dot.ted name/with *': '3' };
    expect(await marksOf(log, stream)).toEqual(expected);
    await log.trim(stream, 1);
    await log.close();
    const again = await here.open();
    expect(await marksOf(again, stream)).toEqual(expected);
    expect(seen(await again.read(stream, 0, ALL))).toEqual([]);
    await again.close();
  });

  promise('listeners hear of what is durable, of their stream alone, until they stop', async () => {
    const { log, name } = await opened();
    const heard: number[] = [];
    let others = 0;
    let wake = () => {};
    const stop = log.onAppended(name('s'), () => {
      void log.bounds(name('s')).then(({ next }) => {
        heard.push(next);
        wake();
      });
    });
    const stopOther = log.onAppended(name('other'), () => others++);
    const told = (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => ((heard.at(-1) ?? 0) >= count ? resolve() : undefined);
        wake = look;
        look();
      });
    await log.append(name('s'), { payload: bytes('1') });
    await told(1);
    await Promise.all([1, 2, 3].map(() => log.append(name('s'), { payload: bytes('n') })));
    await told(4);
    stop();
    stop();
    const before = heard.length;
    await log.append(name('s'), { payload: bytes('5') });
    await log.bounds(name('s'));
    expect([heard.length, others]).toEqual([before, 0]);
    stopOther();
    await log.close();
  });

  promise('a stream at its bound refuses, keeps nothing of what it refused, and takes again after a trim', async () => {
    const { log, name } = await opened({ maxStreamBytes: 4096 });
    const payload = new Uint8Array(1000);
    const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => log.append(name('s'), { payload })));
    const refusals = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    expect(refusals.length).toBeGreaterThan(0);
    for (const reason of refusals) {
      expect(reason).toBeInstanceOf(LogFullError);
      expect((reason as LogFullError).bound).toBe('stream');
    }
    const { next } = await log.bounds(name('s'));
    expect(next).toBe(12 - refusals.length);
    await log.trim(name('s'), next);
    expect(await log.append(name('s'), { payload })).toBe(next);
    await log.close();
  });

  promise('records have the time of their append, which never falls, and are found by it', async () => {
    const { here, log, name } = await opened();
    const stream = name('s');
    if (!here.clock) throw new Error('this home has no clock that could be set');
    const times: number[] = [];
    for (let n = 0; n < 6; n++) {
      times.push(here.clock.now());
      await log.append(stream, { payload: bytes(String(n)) });
      await here.clock.advance(n === 3 ? 0 : 1000);
    }
    const records = await log.read(stream, 0, ALL);
    expect(records.map(({ appendedAt }) => appendedAt)).toEqual(times);
    const [zero = 0] = times;
    for (const time of [0, zero, zero + 1, zero + 1000, zero + 3000, zero + 3001, zero + 4000, zero + 99_000]) {
      const expected = records.find(({ appendedAt }) => appendedAt >= time)?.offset ?? 6;
      expect(await log.offsetAt(stream, time)).toBe(expected);
    }
    await log.trim(stream, 3);
    expect(await log.offsetAt(stream, 0)).toBe(3);
    await log.close();
  });

  promise('retention by time and by size forgets no record that is still wanted', async () => {
    const { here, log, name } = await opened();
    const stream = name('s');
    if (!here.clock) throw new Error('this home has no clock that could be set');
    for (let n = 0; n < 10; n++) {
      await log.append(stream, { payload: new Uint8Array(1000) });
      await here.clock.advance(1000);
    }
    const first = async () => (await log.bounds(stream)).first;
    const now = here.clock.now();
    await retain(log, stream, { ms: 8000 }, { now, keep: 1 });
    expect(await first()).toBe(1);
    await retain(log, stream, { ms: 8000 }, { now, keep: 10 });
    expect(await first()).toBe(2);
    await retain(log, stream, {}, { now, keep: 10 });
    expect(await first()).toBe(2);
    await retain(log, stream, { bytes: 0 }, { now, keep: 4 });
    expect(await first()).toBe(4);
    await retain(log, stream, { bytes: 1e9 }, { now, keep: 10 });
    expect(await first()).toBe(4);
    await log.close();
  });

  promise('whatever is done, a log is what an array and a map would be', async () => {
    const act = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          append: fc.array(fc.string({ maxLength: 30 }), { minLength: 1, maxLength: 4 }),
          key: fc.option(fc.string({ maxLength: 3 }), { nil: undefined }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ trim: fc.nat(30) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          mark: fc.constantFrom('a', 'b', 'c'),
          value: fc.option(fc.string({ maxLength: 5 }), { nil: undefined }),
        }),
      },
      { weight: 1, arbitrary: fc.constant({ reopen: true } as const) },
      { weight: 1, arbitrary: fc.constant({ drop: true } as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom('x', 'y'), act), { maxLength: 30 }), async (acts) => {
        const { here, log: first, name } = await opened();
        let log = first;
        const model = new Map<string, Model>();
        for (const [short, one] of acts) {
          const stream = name(short);
          const expected: Model = model.get(stream) ?? { first: 0, records: [], marks: new Map() };
          model.set(stream, expected);
          if ('append' in one) {
            const records = one.append.map((word) => ({ payload: bytes(word), key: one.key }));
            expect(await log.appendAll(stream, records)).toBe(expected.first + expected.records.length);
            expected.records.push(...one.append.map((word) => [one.key, word] as const));
          } else if ('trim' in one) {
            await log.trim(stream, one.trim);
            const gone = expected.records.splice(0, Math.max(0, one.trim - expected.first));
            expected.first += gone.length;
          } else if ('mark' in one) {
            await log.saveMarks(stream, new Map([[one.mark, one.value === undefined ? undefined : bytes(one.value)]]));
            if (one.value === undefined) expected.marks.delete(one.mark);
            else expected.marks.set(one.mark, one.value);
          } else if ('drop' in one) {
            await log.drop(stream);
            model.delete(stream);
          } else {
            await log.close();
            log = await here.open();
          }
        }
        for (const [stream, expected] of model) {
          const { first, next } = await log.bounds(stream);
          expect([first, next]).toEqual([expected.first, expected.first + expected.records.length]);
          expect(seen(await log.read(stream, 0, ALL))).toEqual(
            expected.records.map(([key, word], index) => [expected.first + index, key, word]),
          );
          expect(await marksOf(log, stream)).toEqual(Object.fromEntries(expected.marks));
        }
        await log.close();
      }),
      { numRuns: 40, seed: 11 },
    );
  });
}

interface Model {
  first: number;
  readonly records: (readonly [string | undefined, string])[];
  readonly marks: Map<string, string>;
}
