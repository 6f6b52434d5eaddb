// The formula, by Pods that are ready, unready and without a reading.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Grouped } from './group.ts';
import {
  averageGauge,
  averageOf,
  replicasByPods,
  replicasByShare,
  replicasByValue,
  utilizationGauge,
} from './replicas.ts';

/** Readings of Pods r0, r1 …, and how many are unready (u0 …) and missing (m0 …). */
function grouped(readings: readonly number[], unready = 0, missing = 0): Grouped {
  const names = (letter: string, count: number) => Array.from({ length: count }, (_, i) => `${letter}${i}`);
  return {
    ready: new Map(readings.map((milli, i) => [`r${i}`, milli])),
    unready: names('u', unready),
    missing: names('m', missing),
  };
}

type Row = [why: string, pods: Grouped, current: number, replicas: number | undefined];

describe('by a share of what is requested: 500m of 1 core', () => {
  const names = ['r', 'u', 'm'].flatMap((letter) => Array.from({ length: 10 }, (_, i) => `${letter}${i}`));
  const gauge = utilizationGauge(new Map(names.map((name) => [name, 1000])), 50);
  it.each<Row>([
    ['twice the target', grouped([1000, 1000]), 2, 4],
    ['half the target', grouped([250, 250, 250, 250]), 4, 2],
    ['within the tolerance above', grouped([550, 550]), 2, 2],
    ['just beyond it', grouped([560, 560]), 2, 3],
    ['within the tolerance below', grouped([450, 450]), 2, 2],
    ['uneven Pods count by their sum', grouped([1000, 200]), 2, 3],
    ['up: unready ones count as idle', grouped([1000], 1), 2, 2],
    ['up: unready ones only slow it down', grouped([1000, 1000, 1000], 1), 4, 6],
    ['down: unready ones do not count', grouped([250, 250], 2), 4, 1],
    ['down: missing ones count as fully used', grouped([100, 100], 0, 2), 4, 4],
    ['down: but for enough others', grouped([0, 0, 0, 0, 0, 0], 0, 1), 7, 2],
    ['up: missing ones count as idle', grouped([1000, 1000], 0, 1), 3, 4],
    ['up: the direction never turns', grouped([600], 0, 3), 4, 4],
    ['nothing requested', { ready: new Map([['x', 5]]), unready: [], missing: [] }, 1, undefined],
  ])('%s', (_, pods, current, replicas) => expect(replicasByPods(pods, gauge, current)).toBe(replicas));

  it('takes missing Pods for what a target above all that is requested means', () => {
    const over = utilizationGauge(new Map(names.map((name) => [name, 1000])), 200);
    expect(replicasByPods(grouped([100], 0, 1), over, 2)).toBe(2);
  });
});

describe('by an average of 10', () => {
  const gauge = averageGauge(10_000);
  it.each<Row>([
    ['above', grouped([15_000, 15_000]), 2, 3],
    ['just right', grouped([10_000, 10_000]), 2, 2],
    ['below', grouped([2000, 2000, 2000]), 3, 1],
    ['down: missing ones count as on target', grouped([1000], 0, 1), 2, 2],
    ['up: missing ones count as nothing', grouped([40_000], 0, 1), 2, 4],
    ['just right, with missing ones', grouped([10_000, 10_000], 0, 1), 3, 3],
  ])('%s', (_, pods, current, replicas) => expect(replicasByPods(pods, gauge, current)).toBe(replicas));
});

it.each([
  [30, 10, 2, 2, 6],
  [10.5, 10, 2, 2, 2],
  [5, 10, 4, 4, 2],
  [25, 10, 0, 0, 3],
  [0, 10, 0, 0, 0],
])('a value of %d against %d, at %d with %d ready: %d', (value, target, current, ready, replicas) =>
  expect(replicasByValue(value, target, current, ready)).toBe(replicas),
);

it.each([
  [100, 10, 5, 10],
  [52, 10, 5, 5],
  [0, 10, 5, 0],
  [7, 10, 0, 1],
])('a queue of %d with %d for each, at %d: %d', (value, each, current, replicas) =>
  expect(replicasByShare(value, each, current)).toBe(replicas),
);

it('never goes against the direction of its readings', () => {
  const readings = fc.array(fc.nat(4000), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(readings, fc.nat(5), fc.nat(5), (values, unready, missing) => {
      const pods = grouped(values, unready, missing);
      const current = values.length + unready + missing;
      const replicas = replicasByPods(pods, averageGauge(1000), current) ?? 0;
      const average = averageOf(pods.ready);
      if (average > 1000) expect(replicas).toBeGreaterThanOrEqual(Math.min(current, values.length));
      if (average < 1000) expect(replicas).toBeLessThanOrEqual(current);
    }),
  );
});
