// Asking, telling, and bridging missed answers, over virtual time.

import { expect, test } from 'vitest';
import { settle, VirtualClock } from '#base/mod.ts';
import { Backlogs } from './backlogs.ts';
import type { FetchText } from '#telemetry/mod.ts';

const source = { url: 'http://queue/metrics', metric: undefined, target: 10 };
const KEY = 'ns/rev';

async function made(answer: FetchText, wants = () => true) {
  const clock = new VirtualClock();
  const told: number[] = [];
  const pokes: string[] = [];
  const backlogs = new Backlogs({ clock, fetch: answer, wants, record: (_, copies) => void told.push(copies) });
  const stop = backlogs.listen((key) => pokes.push(key));
  backlogs.follow(KEY, source);
  await settle();
  return { clock, told, pokes, backlogs, stop };
}

test('a number is told each second in instances, until it is zero', async () => {
  let value = '25';
  const { clock, told, backlogs, stop } = await made(() => Promise.resolve(value));
  await clock.advance(3000);
  expect(told).toEqual([2.5, 2.5, 2.5, 2.5]);
  value = '0';
  await clock.advance(5000);
  const before = told.length;
  await clock.advance(20_000);
  expect(told.length).toBe(before);
  backlogs.follow(KEY, undefined);
  await clock.advance(10_000);
  expect(clock.nextDue).toBeUndefined();
  stop();
});

test('the same source goes on, another begins anew, and what nobody reaches is not asked for', async () => {
  let asked = 0;
  let wanted = true;
  const { clock, told, backlogs, stop } = await made(
    () => {
      asked++;
      return Promise.resolve('10');
    },
    () => wanted,
  );
  backlogs.follow(KEY, { ...source });
  await settle();
  expect(asked).toBe(1);
  backlogs.follow(KEY, { ...source, target: 5 });
  await settle();
  expect(asked).toBe(2);
  wanted = false;
  await clock.advance(5000);
  const before = told.length;
  await clock.advance(10_000);
  expect([asked, told.length - before]).toEqual([2, 0]);
  stop();
  await clock.advance(10_000);
  expect(clock.nextDue).toBeUndefined();
});

test('three missed answers are bridged, told, and forgotten with the next good one', async () => {
  let answer: () => Promise<string> = () => Promise.resolve('10');
  const { clock, told, pokes, backlogs, stop } = await made(() => answer());
  answer = () => Promise.reject(new Error('gone'));
  await clock.advance(15_000);
  expect(told.at(-1)).toBe(1);
  expect(backlogs.problemOf(KEY)).toBe('http://queue/metrics: gone');
  const before = told.length;
  await clock.advance(10_000);
  expect(told.length - before).toBeLessThan(6);
  answer = () => Promise.resolve('20');
  await clock.advance(5000);
  expect(backlogs.problemOf(KEY)).toBeUndefined();
  expect(told.at(-1)).toBe(2);
  expect(pokes).toEqual([KEY, KEY]);
  stop();
});

test('an answer that does not come is waited for three seconds', async () => {
  const { clock, backlogs, stop } = await made(
    (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  );
  await clock.advance(3000);
  expect(backlogs.problemOf(KEY)).toBe('http://queue/metrics: no answer within 3 s');
  stop();
});
