import { describe, expect, test } from 'vitest';
import type { CronSchedule } from './schedule.ts';
import { parseCron } from './schedule.ts';

function read(text: string): CronSchedule {
  const parsed = parseCron(text, { seconds: true });
  if ('fault' in parsed) throw new Error(parsed.fault);
  return parsed.schedule;
}

const upTo = (low: number, high: number) => Array.from({ length: high - low + 1 }, (_none, index) => low + index);

test.each<[string, Partial<Record<'seconds' | 'minutes' | 'hours' | 'days' | 'months' | 'weekdays', number[]>>]>([
  ['* * * * *', { seconds: [0], minutes: upTo(0, 59), weekdays: upTo(0, 6) }],
  ['10 0/1 * * * ?', { seconds: [10], minutes: upTo(0, 59), days: upTo(1, 31) }],
  [
    '*/15 3-5,9 1,15 JAN-mar Sun',
    { minutes: [0, 15, 30, 45], hours: [3, 4, 5, 9], days: [1, 15], months: [1, 2, 3], weekdays: [0] },
  ],
  ['5/20 * * * *', { minutes: [5, 25, 45] }],
  ['10-20/5 * * * *', { minutes: [10, 15, 20] }],
  ['@hourly', { seconds: [0], minutes: [0], hours: upTo(0, 23) }],
  ['@weekly', { minutes: [0], hours: [0], weekdays: [0] }],
  ['@yearly', { days: [1], months: [1] }],
])('%s', (text, expected) => {
  const schedule = read(text);
  for (const [field, values] of Object.entries(expected))
    expect([...schedule[field as 'seconds']].sort((a, b) => a - b)).toEqual(values);
});

describe('what is no schedule is told in words', () => {
  test.each([
    ['', 'empty spec string'],
    ['* * * *', 'expected 5 to 6 fields, found 4: [* * * *]'],
    ['* * * * * * *', 'expected 5 to 6 fields, found 7: [* * * * * * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['* * * * 7', 'end of range (7) above maximum (6): 7'],
    ['5-3 * * * *', 'beginning of range (5) beyond end of range (3): 5-3'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    [
      '99999999999999999999 * * * *',
      'failed to parse int from 99999999999999999999: strconv.Atoi: parsing "99999999999999999999": value out of range',
    ],
    ['-1 * * * *', 'failed to parse int from : strconv.Atoi: parsing "": invalid syntax'],
    ['@sometimes', 'unrecognized descriptor: @sometimes'],
    ['@every 1s', 'unrecognized descriptor: @every 1s'],
  ])('%s', (text, fault) => {
    expect(parseCron(text, { seconds: true })).toEqual({ fault });
  });

  test('six fields, where there are no seconds', () => {
    expect(parseCron('0 * * * * *')).toEqual({ fault: 'expected exactly 5 fields, found 6: [0 * * * * *]' });
  });
});
