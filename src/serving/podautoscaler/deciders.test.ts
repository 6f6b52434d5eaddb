import { beforeEach, expect, test } from 'vitest';
import type { AutoscalerSpec } from '#autoscaler/mod.ts';
import { VirtualClock } from '#base/mod.ts';
import type { TargetReport } from '#gateway/mod.ts';
import { silentGateway } from '../../../test/cases/silent-gateway.ts';
import { Deciders } from './deciders.ts';

const KEY = 'default/a';
const SECOND = 1000;
const SPEC: AutoscalerSpec = {
  metric: 'concurrency',
  aggregation: 'linear',
  stableWindowMs: 60 * SECOND,
  panicWindowPercentage: 10,
  panicThresholdPercentage: 200,
  utilization: 0.7,
  targetBurstCapacity: 200,
  containerConcurrency: 0,
  initialScale: 1,
  minScale: 0,
  maxScale: 0,
  activationScale: 1,
  scaleDownDelayMs: 0,
  maxScaleUpRate: 1000,
  maxScaleDownRate: 2,
  reachability: 'reachable',
};

let clock: VirtualClock;
let deciders: Deciders;
let report: (reports: readonly TargetReport[]) => void;
let wake: (key: string) => void;
let poked: string[];

beforeEach(async () => {
  clock = new VirtualClock(1_000_000 * SECOND);
  deciders = new Deciders(
    {
      ...silentGateway,
      onReport: (listen) => {
        report = listen;
        return () => {};
      },
      onWake: (listen) => {
        wake = listen;
        return () => {};
      },
    },
    clock,
  );
  poked = [];
  deciders.listen((key) => poked.push(key));
  await clock.advance(10 * SECOND);
});

test('one that nobody asks for is looked at no more once that is known', async () => {
  expect(deciders.decide(KEY, SPEC, 0).desired).toBe(0);
  expect(deciders.busy).toBe(1);
  await clock.advance(2 * SECOND);
  expect(deciders.busy).toBe(0);
  expect(poked).toEqual([]);
});

test('a request is looked after until the last second of its window', async () => {
  deciders.decide(KEY, SPEC, 0);
  await clock.advance(2 * SECOND);
  wake(KEY);
  expect(deciders.decide(KEY, SPEC, 0).desired).toBe(1);
  report([{ target: KEY, concurrency: 1, requests: 1, waiting: 0, inFlight: 1 }]);
  deciders.decide(KEY, SPEC, 1);
  await clock.advance(50 * SECOND);
  expect(deciders.busy).toBe(1);
  expect(deciders.last(KEY)?.last.desired).toBe(1);
  await clock.advance(20 * SECOND);
  expect(poked.length).toBeGreaterThan(1);
  expect(deciders.decide(KEY, SPEC, 1).desired).toBe(0);
  await clock.advance(2 * SECOND);
  expect(deciders.busy).toBe(0);
});

test.each([
  { what: 'stands', jump: 0 },
  { what: 'is set forward', jump: 5 * 3600 * SECOND },
  { what: 'is set back', jump: -5 * 3600 * SECOND },
])('the windows are as long where the clock $what', async ({ jump }) => {
  const load = (requests: number) =>
    report([{ target: KEY, concurrency: requests, requests, waiting: 0, inFlight: 0 }]);
  deciders.decide(KEY, SPEC, 1);
  for (let second = 0; second < 60; second++) {
    load(70);
    await clock.advance(SECOND);
  }
  expect(deciders.decide(KEY, SPEC, 1)).toMatchObject({ desired: 1, panicking: false });
  // Three times as much for six seconds is a panic, which lasts for a stable window after.
  for (let second = 0; second < 6; second++) {
    load(210);
    await clock.advance(SECOND);
  }
  expect(deciders.decide(KEY, SPEC, 1)).toMatchObject({ desired: 3, panicking: true });
  clock.jump(jump);
  for (let second = 0; second < 55; second++) {
    load(70);
    await clock.advance(SECOND);
  }
  expect(deciders.decide(KEY, SPEC, 3)).toMatchObject({ desired: 3, panicking: true });
  for (let second = 0; second < 10; second++) {
    load(70);
    await clock.advance(SECOND);
  }
  expect(deciders.decide(KEY, SPEC, 3)).toMatchObject({ desired: 1, panicking: false });
  await clock.advance(50 * SECOND);
  expect(deciders.decide(KEY, SPEC, 1).desired).toBe(1);
  await clock.advance(15 * SECOND);
  expect(deciders.decide(KEY, SPEC, 1).desired).toBe(0);
});
