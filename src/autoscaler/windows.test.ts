// Averages over time, as tables of what was recorded at which second.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Aggregation } from './windows.ts';
import { Window } from './windows.ts';

type Row = [
  why: string,
  seconds: number,
  records: [second: number, value: number][],
  at: number,
  how: Aggregation,
  average: number,
];

const rows: Row[] = [
  ['nothing recorded', 6, [], 10, 'linear', 0],
  ['one second', 6, [[10, 4]], 10, 'linear', 4],
  [
    'values of one second add up',
    6,
    [
      [10, 4],
      [10, 2],
    ],
    10,
    'linear',
    6,
  ],
  [
    'a young window is divided by its life',
    6,
    [
      [10, 4],
      [11, 2],
    ],
    11,
    'linear',
    3,
  ],
  [
    'gaps inside are zeros',
    6,
    [
      [10, 4],
      [13, 4],
    ],
    13,
    'linear',
    2,
  ],
  [
    'a full window',
    3,
    [
      [10, 9],
      [11, 1],
      [12, 2],
      [13, 3],
    ],
    13,
    'linear',
    2,
  ],
  [
    'what fell silent is divided by what is left',
    4,
    [
      [10, 4],
      [11, 4],
      [12, 4],
      [13, 8],
    ],
    15,
    'linear',
    6,
  ],
  ['silent for a whole window', 4, [[10, 4]], 14, 'linear', 0],
  [
    'begins anew after a whole silent window',
    4,
    [
      [10, 4],
      [20, 6],
    ],
    20,
    'linear',
    6,
  ],
  [
    'late, and within the window',
    4,
    [
      [10, 4],
      [9, 2],
    ],
    10,
    'linear',
    3,
  ],
  [
    'too late',
    4,
    [
      [10, 4],
      [6, 100],
    ],
    10,
    'linear',
    4,
  ],
  [
    'to six digits',
    6,
    [
      [10, 1],
      [11, 1],
      [12, 0],
    ],
    12,
    'linear',
    0.666667,
  ],
  ['the newest weighs most', 60, [[10, 5]], 10, 'weighted-exponential', 1],
  [
    'and the one before it less',
    60,
    [
      [10, 5],
      [11, 5],
    ],
    11,
    'weighted-exponential',
    1.8,
  ],
  ['silence weighs too', 60, [[10, 5]], 11, 'weighted-exponential', 0.8],
  [
    'a short window decays faster',
    2,
    [
      [10, 0],
      [11, 1],
    ],
    11,
    'weighted-exponential',
    0.99,
  ],
];

describe('Window', () => {
  it.each(rows)('%s', (_, seconds, records, at, how, average) => {
    const window = new Window(seconds * 1000);
    for (const [second, value] of records) window.record(second * 1000 + 300, value);
    expect(window.average(at * 1000 + 999, how)).toBe(average);
  });

  it('counts silence as zeros when asked, but leaves the open second alone', () => {
    const window = new Window(10_000);
    window.fillSilence(5000);
    expect(window.isEmpty(5000)).toBe(true);
    window.record(10_000, 8);
    window.fillSilence(10_900);
    expect(window.average(10_900, 'linear')).toBe(8);
    window.fillSilence(14_000);
    expect(window.average(14_000, 'linear')).toBe(2);
  });

  it('keeps what fits when it changes its length', () => {
    const window = new Window(4000);
    expect(window.resized(2000).isEmpty(0)).toBe(true);
    for (const second of [10, 11, 12, 13]) window.record(second * 1000, second);
    expect(window.resized(2000).average(13_000, 'linear')).toBe(12.5);
    expect(window.resized(60_000).average(13_000, 'linear')).toBe(11.5);
  });

  it('lies between the least and the greatest of what a full window holds', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 5, maxLength: 40 }), (values) => {
        const window = new Window(5000);
        values.forEach((value, second) => window.record(second * 1000, value));
        const held = values.slice(-5);
        const average = window.average((values.length - 1) * 1000, 'linear');
        expect(average).toBeGreaterThanOrEqual(Math.min(...held) - 1e-6);
        expect(average).toBeLessThanOrEqual(Math.max(...held));
      }),
    );
  });
});

it('a window that was tidied goes on as if it were not', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(5000), fc.constantFrom(0, 0, 1, 2.5))), (steps) => {
      const [plain, tidied] = [new Window(6000), new Window(6000)];
      let nowMs = 1_000_000;
      for (const [passed, value] of steps) {
        nowMs += passed;
        for (const window of [plain, tidied]) {
          window.fillSilence(nowMs);
          window.record(nowMs, value);
        }
        tidied.tidy();
        for (const aggregation of ['linear', 'weighted-exponential'] as const)
          expect(tidied.average(nowMs, aggregation)).toBe(plain.average(nowMs, aggregation));
        expect(tidied.isEmpty(nowMs)).toBe(plain.isEmpty(nowMs));
      }
    }),
  );
});
