// Windows and policies, as tables of what was recommended and done before.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HpaBehavior } from '#kinds/mod.ts';
import type { HpaMemory, StabilizeFacts } from './stabilize.ts';
import { initialMemory, noteRescale, stabilize } from './stabilize.ts';

const NOW = 1_000_000;
const empty: HpaMemory = { recommendations: [], ups: [], downs: [] };
const usual: StabilizeFacts = {
  nowMs: NOW,
  current: 4,
  wanted: 4,
  min: 1,
  max: 20,
  behavior: undefined,
  memory: empty,
};
/** Recommendations, seconds ago. */
const before = (...entries: [secondsAgo: number, replicas: number][]) => ({
  memory: {
    ...empty,
    recommendations: entries.map(([ago, replicas]) => ({ atMs: NOW - ago * 1000, replicas })),
  },
});

describe('without a behavior', () => {
  it.each<[string, Partial<StabilizeFacts>, number, able: string, limit: string, isLimited: boolean]>([
    ['as it is', {}, 4, 'ReadyForNewScale', 'DesiredWithinRange', false],
    ['up', { wanted: 6 }, 6, 'ReadyForNewScale', 'DesiredWithinRange', false],
    ['up, at most doubled', { wanted: 9 }, 8, 'ReadyForNewScale', 'ScaleUpLimit', true],
    ['up, at least to four', { current: 1, wanted: 9 }, 4, 'ReadyForNewScale', 'ScaleUpLimit', true],
    ['up, to the most', { wanted: 9, max: 6 }, 6, 'ReadyForNewScale', 'TooManyReplicas', true],
    ['down', { wanted: 2 }, 2, 'ReadyForNewScale', 'DesiredWithinRange', false],
    ['down, to the least', { wanted: 2, min: 3 }, 3, 'ReadyForNewScale', 'TooFewReplicas', true],
    [
      'down, after five minutes',
      { wanted: 2, ...before([301, 4]) },
      2,
      'ReadyForNewScale',
      'DesiredWithinRange',
      false,
    ],
    ['down, not before', { wanted: 2, ...before([299, 4]) }, 4, 'ScaleDownStabilized', 'DesiredWithinRange', false],
    [
      'down, to the highest of five minutes',
      { wanted: 1, ...before([200, 3], [100, 2]) },
      3,
      'ScaleDownStabilized',
      'DesiredWithinRange',
      false,
    ],
  ])('%s', (_, change, replicas, able, limit, isLimited) => {
    const calm = stabilize({ ...usual, ...change });
    expect([calm.replicas, calm.able.reason, calm.limited.reason, calm.limited.isLimited]).toEqual([
      replicas,
      able,
      limit,
      isLimited,
    ]);
  });
});

const rules = (
  stabilizationWindowSeconds: number,
  selectPolicy: string,
  ...policies: [type: string, value: number, periodSeconds: number][]
) => ({
  stabilizationWindowSeconds,
  selectPolicy,
  policies: policies.map(([type, value, periodSeconds]) => ({ type, value, periodSeconds })),
});
const free = rules(0, 'Max', ['Percent', 1000, 15]);
const up = (...of: Parameters<typeof rules>): HpaBehavior => ({ scaleUp: rules(...of), scaleDown: free });
const down = (...of: Parameters<typeof rules>): HpaBehavior => ({ scaleUp: free, scaleDown: rules(...of) });
/** Replicas that were added or taken away, seconds ago. */
const done = (key: 'ups' | 'downs', ...entries: [secondsAgo: number, change: number][]) => ({
  memory: { ...empty, [key]: entries.map(([ago, change]) => ({ atMs: NOW - ago * 1000, change })) },
});

describe('with a behavior', () => {
  it.each<[string, Partial<StabilizeFacts>, number, able: string, limit: string]>([
    ['up by Pods', { wanted: 20, behavior: up(0, 'Max', ['Pods', 2, 60]) }, 6, 'ReadyForNewScale', 'ScaleUpLimit'],
    [
      'up by percent, rounded up',
      { wanted: 20, behavior: up(0, 'Max', ['Percent', 10, 60]) },
      5,
      'ReadyForNewScale',
      'ScaleUpLimit',
    ],
    [
      'up by whichever is more',
      { wanted: 20, behavior: up(0, 'Max', ['Pods', 2, 60], ['Percent', 100, 60]) },
      8,
      'ReadyForNewScale',
      'ScaleUpLimit',
    ],
    [
      'up by whichever is less',
      { wanted: 20, behavior: up(0, 'Min', ['Pods', 2, 60], ['Percent', 100, 60]) },
      6,
      'ReadyForNewScale',
      'ScaleUpLimit',
    ],
    ['up is off', { wanted: 20, behavior: up(0, 'Disabled', ['Pods', 2, 60]) }, 4, 'ReadyForNewScale', 'ScaleUpLimit'],
    [
      'up, counting what the period has seen',
      { current: 6, wanted: 20, behavior: up(0, 'Max', ['Pods', 3, 60]), ...done('ups', [30, 2], [70, 9]) },
      7,
      'ReadyForNewScale',
      'ScaleUpLimit',
    ],
    [
      'up, used up for this period',
      { current: 6, wanted: 20, behavior: up(0, 'Max', ['Pods', 2, 60]), ...done('ups', [30, 4]) },
      6,
      'ReadyForNewScale',
      'ScaleUpLimit',
    ],
    [
      'up, to the most',
      { wanted: 20, max: 5, behavior: up(0, 'Max', ['Pods', 2, 60]) },
      5,
      'ReadyForNewScale',
      'TooManyReplicas',
    ],
    [
      'up, no sooner than the window',
      { wanted: 9, behavior: up(60, 'Max', ['Percent', 900, 60]), ...before([50, 5]) },
      5,
      'ScaleUpStabilized',
      'DesiredWithinRange',
    ],
    [
      'up, the window is over',
      { wanted: 9, behavior: up(60, 'Max', ['Percent', 900, 60]), ...before([60, 5]) },
      9,
      'ReadyForNewScale',
      'DesiredWithinRange',
    ],
    [
      'up, never down on the way',
      { wanted: 9, behavior: up(60, 'Max', ['Percent', 900, 60]), ...before([50, 1]) },
      4,
      'ScaleUpStabilized',
      'DesiredWithinRange',
    ],
    ['down by Pods', { wanted: 1, behavior: down(0, 'Max', ['Pods', 1, 60]) }, 3, 'ReadyForNewScale', 'ScaleDownLimit'],
    [
      'down by percent',
      { wanted: 1, behavior: down(0, 'Max', ['Percent', 50, 60]) },
      2,
      'ReadyForNewScale',
      'ScaleDownLimit',
    ],
    [
      'down by whichever is less',
      { wanted: 1, behavior: down(0, 'Min', ['Pods', 1, 60], ['Percent', 50, 60]) },
      3,
      'ReadyForNewScale',
      'ScaleDownLimit',
    ],
    [
      'down is off',
      { wanted: 1, behavior: down(0, 'Disabled', ['Pods', 1, 60]) },
      4,
      'ReadyForNewScale',
      'ScaleDownLimit',
    ],
    [
      'down, counting what the period has seen',
      { wanted: 1, behavior: down(0, 'Max', ['Pods', 2, 60]), ...done('downs', [30, 1]) },
      3,
      'ReadyForNewScale',
      'ScaleDownLimit',
    ],
    [
      'down, to the least',
      { wanted: 1, min: 3, behavior: down(0, 'Max', ['Pods', 3, 60]) },
      3,
      'ReadyForNewScale',
      'TooFewReplicas',
    ],
    [
      'down, no sooner than the window',
      { wanted: 1, behavior: down(120, 'Max', ['Pods', 9, 60]), ...before([100, 3]) },
      3,
      'ScaleDownStabilized',
      'DesiredWithinRange',
    ],
    [
      'down, five minutes where no window is told',
      { wanted: 1, behavior: { scaleUp: free, scaleDown: { policies: free.policies } }, ...before([290, 4]) },
      4,
      'ScaleDownStabilized',
      'DesiredWithinRange',
    ],
  ])('%s', (_, change, replicas, able, limit) => {
    const calm = stabilize({ ...usual, ...change });
    expect([calm.replicas, calm.able.reason, calm.limited.reason]).toEqual([replicas, able, limit]);
  });
});

it('stays within its bounds and forgets what no window looks at', () => {
  const steps = fc.array(fc.record({ gapS: fc.integer({ min: 1, max: 400 }), wanted: fc.nat(40) }), { maxLength: 40 });
  const behaviors = fc.constantFrom(undefined, up(30, 'Max', ['Pods', 3, 60]), down(90, 'Min', ['Percent', 50, 30]));
  fc.assert(
    fc.property(steps, behaviors, (story, behavior) => {
      let [nowMs, current, memory] = [NOW, 4, initialMemory(NOW, 4)];
      for (const { gapS, wanted } of story) {
        nowMs += gapS * 1000;
        const calm = stabilize({ nowMs, current, wanted, min: 2, max: 15, behavior, memory });
        expect(calm.replicas).toBeGreaterThanOrEqual(Math.min(2, current));
        expect(calm.replicas).toBeLessThanOrEqual(15);
        memory = noteRescale(calm.memory, { nowMs, behavior, from: current, to: calm.replicas });
        current = calm.replicas;
        expect(memory.recommendations.every(({ atMs }) => atMs >= nowMs - 300_000)).toBe(true);
        expect(memory.ups.length + memory.downs.length).toBeLessThanOrEqual(behavior ? 61 : 0);
      }
    }),
  );
});
