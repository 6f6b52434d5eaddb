import { expect, test } from 'vitest';
import {
  VirtualClock,
  crc32,
  durationFault,
  equal,
  fnv32a,
  formatDuration,
  md5,
  nameSuffix,
  parseDuration,
  parseFloat64,
  parseQuantity,
  seededRandom,
  sleep,
  uuid,
} from './mod.ts';

test.each([
  ['0', 0],
  ['1h2m3.5s', 3_723_500],
  ['300ms', 300],
  ['-1.5s', -1500],
  ['1', undefined],
  ['1d', undefined],
  ['', undefined],
])('parseDuration(%j) is %j', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  ['1', 'time: missing unit in duration "1"'],
  ['1h2d', 'time: unknown unit "d" in duration "1h2d"'],
  ['', 'time: invalid duration ""'],
  ['long', 'time: invalid duration "long"'],
])('durationFault(%j) is %j', (text, fault) => {
  expect(durationFault(text)).toBe(fault);
});

test.each([
  ['1.5e2', 150],
  ['+Inf', Infinity],
  ['-infinity', -Infinity],
  ['nan', NaN],
  ['+nan', undefined],
  ['1e999', undefined],
  ['0x10', undefined],
  [' 1', undefined],
])('parseFloat64(%j) is %j', (text, value) => {
  expect(parseFloat64(text)).toBe(value);
});

test.each([
  [0, '0s'],
  [300, '300ms'],
  [1500, '1.5s'],
  [60_000, '1m0s'],
  [3_600_000, '1h0m0s'],
  [-1500, '-1.5s'],
])('formatDuration(%j) is %j', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test.each([
  ['250m', 0.25],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['2e3', 2000],
  ['350Mi', 350 * 2 ** 20],
  [2, 2],
  ['x', undefined],
  ['1.5.2', undefined],
])('parseQuantity(%j) is %j', (text, value) => {
  expect(parseQuantity(text)).toBe(value);
});

test('equal treats an undefined field as absent', () => {
  expect(equal({ a: 1, b: undefined }, { a: 1 })).toBe(true);
  expect(equal({ a: 1 }, { a: 1, b: undefined })).toBe(true);
  expect(equal({ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] })).toBe(false);
});

test('a virtual clock runs timers at their own moment and settles promises in between', async () => {
  const clock = new VirtualClock(0);
  const seen: number[] = [];
  clock.after(20, () => seen.push(clock.now()));
  clock.after(10, () => void sleep(clock, 5).then(() => seen.push(clock.now())));
  await clock.advance(30);
  expect(seen).toEqual([15, 20]);
  expect(clock.now()).toBe(30);
});

test('a sleep ends at once when its signal does', async () => {
  const clock = new VirtualClock(0);
  const abort = new AbortController();
  const asleep = sleep(clock, 1000, abort.signal);
  abort.abort(new Error('enough'));
  await expect(asleep).rejects.toThrow('enough');
});

test('chance with the same seed makes the same names', () => {
  expect(nameSuffix(seededRandom(7))).toBe(nameSuffix(seededRandom(7)));
  expect(uuid(seededRandom(1))).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('hashes agree with their published check values', () => {
  expect(crc32('123456789')).toBe(0xcbf43926);
  expect(fnv32a('a')).toBe(0xe40c292c);
});

test.each([
  ['', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['abc', '900150983cd24fb0d6963f7d28e17f72'],
  [
    '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
    '57edf4a22be3c955ac49da2e2107b67a',
  ],
])('md5(%j) agrees with RFC 1321', (text, hash) => {
  expect(md5(text)).toBe(hash);
});
