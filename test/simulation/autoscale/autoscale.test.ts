// The population follows its figures, time runs in order, and a replay says what must be so of the simplest applications.

import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { seededRandom } from '#base/mod.ts';
import type { Application } from './applications.ts';
import { arrivalsOf, drawApplications, ofDay, rateAt } from './applications.ts';
import { QueueClock } from './queue-clock.ts';
import { replay } from './replay.ts';
import { table } from './report.ts';
import { percentiles } from './tally.ts';
import { variants } from './variants.ts';

const ALL = variants({ ownMs: 50, knativeMs: 1800 });
const settingsOf = (name: string) => {
  const found = ALL.find((one) => one.name === name);
  if (!found) throw new Error(`there is no variant ${name}`);
  return found.settings;
};

describe('the population', () => {
  it.each([
    [0.45, 1],
    [0.81, 60],
    [1, 3600],
  ])('share %d is invoked at most %d times an hour', (share, perHour) => expect(rateAt(share)).toBeCloseTo(perHour, 6));

  it('comes near to the published shares, and is the same for the same seed', () => {
    const many = drawApplications(seededRandom(7), 20_000);
    const share = (test: (one: Application) => boolean) => many.filter(test).length / many.length;
    expect(share(({ perHour }) => perHour <= 1)).toBeCloseTo(0.45, 1);
    expect(share(({ arrivals }) => arrivals === 'timer')).toBeCloseTo(0.16, 1);
    expect(share(({ durationMs }) => durationMs < 1000)).toBeCloseTo(0.56, 1);
    expect(drawApplications(seededRandom(7), 20)).toEqual(many.slice(0, 20));
  });

  it.each(['timer', 'steady', 'bursty'] as const)('%s arrivals keep their rate over a day, in order', (arrivals) => {
    const application: Application = { perHour: 60, arrivals, durationMs: 1, seed: 1 };
    const counts = Array.from({ length: 40 }, (_, seed) => {
      const times = [...arrivalsOf(application, 24, seededRandom(seed))];
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      return times.length;
    });
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    expect(mean / 24).toBeGreaterThan(55);
    expect(mean / 24).toBeLessThan(65);
  });

  it('swings over the day around its mean', () => {
    const hours = Array.from({ length: 24 }, (_, hour) => ofDay(hour * 3_600_000));
    expect(hours.reduce((sum, one) => sum + one, 0) / 24).toBeCloseTo(1, 6);
    expect([Math.min(...hours), Math.max(...hours)]).toEqual([0.5, 1.5]);
  });
});

test('timers run in the order of their time, then of their making, and never when cancelled', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ ms: fc.nat(50), cancelled: fc.boolean() })), (timers) => {
      const clock = new QueueClock();
      const ran: [at: number, index: number][] = [];
      timers.forEach(({ ms, cancelled }, index) => {
        const timer = clock.after(ms, () => ran.push([clock.now(), index]));
        if (cancelled) timer.cancel();
      });
      clock.runUntil(100);
      const wanted = timers.flatMap(({ ms, cancelled }, index) => (cancelled ? [] : [[ms, index] as [number, number]]));
      expect(ran).toEqual(wanted.sort((a, b) => a[0] - b[0] || a[1] - b[1]));
    }),
  );
});

describe('a replay', () => {
  const hourly: Application = { perHour: 1, arrivals: 'timer', durationMs: 1000, seed: 3 };
  const busy: Application = { perHour: 3600, arrivals: 'timer', durationMs: 100, seed: 4 };

  it('meets an hourly application cold each time, and keeps its instance for a window after that', () => {
    const { requests, coldRequests, instancesStarted, instanceHours, waitMs } = replay(
      [hourly],
      12,
      settingsOf('Knative: defaults'),
    );
    expect([requests, coldRequests, instancesStarted]).toEqual([12, 12, 12]);
    expect(waitMs.p50).toBeGreaterThan(1400);
    expect(waitMs.max).toBeLessThan(2200);
    const secondsEach = (instanceHours * 3600) / 12;
    expect(secondsEach).toBeGreaterThan(60);
    expect(secondsEach).toBeLessThan(75);
  });

  it('never lets a busy one go cold', () => {
    const { coldRequests, instancesStarted, instanceHours } = replay([busy], 2, settingsOf('Ebb: defaults'));
    expect(coldRequests).toBeLessThanOrEqual(1);
    expect(instancesStarted).toBeLessThanOrEqual(1);
    expect(instanceHours).toBeCloseTo(2, 1);
  });

  it('has no cold request where one instance is kept, and pays for it', () => {
    const { coldRequests, instanceHours } = replay([hourly], 6, settingsOf('Ebb: min-scale 1'));
    expect([coldRequests, instanceHours]).toEqual([0, 6]);
  });

  it('is the same for the same seed, and every variant sees the same requests', () => {
    const applications = drawApplications(seededRandom(5), 12);
    const rows = ALL.map(({ name, settings }) => ({ name, ...replay(applications, 2, settings) }));
    expect(new Set(rows.map(({ requests }) => requests)).size).toBe(1);
    expect(replay(applications, 2, settingsOf('Ebb: defaults'))).toEqual(
      replay(applications, 2, settingsOf('Ebb: defaults')),
    );
    expect(rows.every(({ refused, wastedHours, instanceHours }) => refused === 0 && wastedHours <= instanceHours)).toBe(
      true,
    );
    expect(table({ apps: 12, hours: 2, seed: 5 }, rows).split('\n')).toHaveLength(ALL.length + 3);
  });
});

test('percentiles are values that occur', () => {
  expect(percentiles([])).toEqual({ p50: 0, p95: 0, p99: 0, p999: 0, max: 0 });
  expect(percentiles(Array.from({ length: 100 }, (_, i) => i + 1))).toEqual({
    p50: 50,
    p95: 95,
    p99: 99,
    p999: 100,
    max: 100,
  });
});
