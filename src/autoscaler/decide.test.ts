// Tables for single decisions, properties for what always holds, and a few stories over time.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecisionState } from './decide.ts';
import { decide, initialState } from './decide.ts';
import { Decider } from './decider.ts';
import type { AutoscalerSpec } from './spec.ts';
import { panicWindowMs, targetOf, totalOf } from './spec.ts';

const usual: AutoscalerSpec = {
  metric: 'concurrency',
  aggregation: 'linear',
  stableWindowMs: 60_000,
  panicWindowPercentage: 10,
  panicThresholdPercentage: 200,
  utilization: 0.7,
  targetBurstCapacity: 211,
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
const calm: DecisionState = { panicMs: undefined, maxPanicPods: 0, delayed: [] };

describe('what follows from the settings', () => {
  it.each<[string, Partial<AutoscalerSpec>, number, number]>([
    ['default', {}, 100, 70],
    ['a target', { target: 10 }, 10, 7],
    ['the limit caps the target', { target: 10, containerConcurrency: 4 }, 4, 2.8],
    ['the limit is the total', { containerConcurrency: 20 }, 20, 14],
    ['requests a second', { metric: 'rps' }, 200, 140],
    ['requests a second know no limit', { metric: 'rps', target: 50, containerConcurrency: 4 }, 50, 35],
    ['never below a hundredth', { target: 0.01 }, 0.01, 0.01],
  ])('%s', (_, change, total, target) => {
    expect(totalOf({ ...usual, ...change })).toBe(total);
    expect(targetOf({ ...usual, ...change })).toBeCloseTo(target, 9);
  });

  it.each([
    [60_000, 10, 6000],
    [6000, 10, 1000],
    [30_000, 100, 30_000],
    [12_000, 20, 2000],
    [30_000, 15, 5000],
    [10_000, 33, 3000],
  ])('panic window of %d ms at %d %%', (stableWindowMs, panicWindowPercentage, ms) =>
    expect(panicWindowMs({ ...usual, stableWindowMs, panicWindowPercentage })).toBe(ms),
  );
});

describe('decide', () => {
  type Row = [
    why: string,
    change: Partial<AutoscalerSpec>,
    ready: number,
    stable: number,
    panic: number,
    desired: number,
    ebc: number,
    panicking: boolean,
  ];
  const ten = { target: 10, utilization: 1 };
  it.each<Row>([
    ['no load', {}, 1, 0, 0, 0, -111, false],
    ['some load', ten, 1, 15, 15, 2, -216, true],
    ['load that is not yet twice what is ready', ten, 2, 25, 25, 3, -216, false],
    ['exactly the target', ten, 3, 30, 30, 3, -211, false],
    ['no faster up than the rate', { ...ten, maxScaleUpRate: 2 }, 2, 95, 95, 4, -286, true],
    ['the rate counts from one even at zero', { ...ten, maxScaleUpRate: 2 }, 0, 95, 95, 2, -306, true],
    ['no faster down than the rate', ten, 9, 0, 0, 4, -121, false],
    ['unreachable falls at once', { ...ten, reachability: 'unreachable' }, 9, 0, 0, 0, -121, false],
    ['a rise that only the short window sees', ten, 1, 5, 40, 4, -241, true],
    ['activation scale', { ...ten, activationScale: 5 }, 1, 1, 1, 5, -202, false],
    ['no activation without load', { ...ten, activationScale: 5 }, 1, 0, 0, 0, -201, false],
    [
      'activation scale wins over the rate',
      { ...ten, activationScale: 5, maxScaleUpRate: 2 },
      1,
      15,
      15,
      5,
      -216,
      true,
    ],
    ['no burst capacity', { ...ten, targetBurstCapacity: 0 }, 1, 5, 5, 1, 0, false],
    ['unlimited burst capacity', { ...ten, targetBurstCapacity: -1 }, 1, 5, 5, 1, -1, false],
    ['room to spare', { targetBurstCapacity: 10 }, 1, 35, 35.5, 1, 54, false],
  ])('%s', (_, change, ready, stable, panic, desired, excessBurstCapacity, panicking) => {
    const { decision } = decide({ ...usual, ...change }, calm, { nowMs: 0, ready, stable, panic });
    expect(decision).toMatchObject({ desired, excessBurstCapacity, panicking });
  });

  it.each<[why: string, change: Partial<AutoscalerSpec>, excessBurstCapacity: number]>([
    ['room of the initial scale', {}, -111],
    ['room of a greater initial scale', { initialScale: 4 }, 189],
    ['no burst capacity', { targetBurstCapacity: 0 }, 0],
    ['unlimited burst capacity', { targetBurstCapacity: -1 }, -1],
  ])('says nothing where nothing is known: %s', (_, change, excessBurstCapacity) => {
    const facts = { nowMs: 0, ready: 3, stable: undefined, panic: undefined };
    const { decision, state } = decide({ ...usual, ...change }, calm, facts);
    expect(decision).toMatchObject({ desired: -1, excessBurstCapacity, panicking: false });
    expect(state).toBe(calm);
  });

  it('keeps panicking for a stable window after the last breach, and falls only then', () => {
    let state = calm;
    const at = (nowMs: number, load: number, ready: number) => {
      const step = decide({ ...usual, ...ten }, state, { nowMs, ready, stable: load, panic: load });
      state = step.state;
      return [step.decision.desired, step.decision.panicking];
    };
    expect(at(0, 40, 1)).toEqual([4, true]);
    expect(at(30_000, 20, 4)).toEqual([4, true]);
    expect(at(60_000, 20, 4)).toEqual([4, true]);
    expect(at(60_001, 20, 4)).toEqual([2, false]);
  });

  it('panics on at every breach, by what the stable window wants where that is more', () => {
    let state = calm;
    const at = (nowMs: number, stable: number, panic: number, ready: number) => {
      const step = decide({ ...usual, ...ten }, state, { nowMs, ready, stable, panic });
      state = step.state;
      return [step.decision.desired, step.decision.panicking];
    };
    expect(at(0, 0, 19, 1)).toEqual([2, true]);
    expect(at(50_000, 0, 80, 2)).toEqual([8, true]);
    expect(at(100_000, 95, 10, 8)).toEqual([10, true]);
    expect(at(110_000, 10, 10, 10)).toEqual([10, true]);
    expect(at(110_001, 10, 10, 10)).toEqual([5, false]);
  });

  it('starts in panic where it finds several copies', () => {
    expect(initialState(5, 1)).toEqual(calm);
    const { decision } = decide(usual, initialState(0, 7), { nowMs: 10, ready: 7, stable: 0, panic: 0 });
    expect(decision).toMatchObject({ desired: 7, panicking: true });
  });

  it('holds the greatest scale for the delay, unless nobody reaches it', () => {
    const spec = { ...usual, ...ten, scaleDownDelayMs: 10_000 };
    let state = calm;
    const at = (nowMs: number, load: number, change: Partial<AutoscalerSpec> = {}) => {
      const step = decide({ ...spec, ...change }, state, { nowMs, ready: 3, stable: load, panic: load });
      state = step.state;
      return step.decision.desired;
    };
    expect([at(0, 30), at(2000, 10), at(8000, 10), at(10_000, 10)]).toEqual([3, 3, 3, 1]);
    expect([at(12_000, 30), at(14_000, 10), at(14_000, 10, { reachability: 'unreachable' })]).toEqual([3, 3, 1]);
    expect([at(16_000, 30), at(18_000, 10, { reachability: 'unknown' })]).toEqual([3, 3]);
  });
});

describe('what always holds', () => {
  const load = fc.double({ min: 0, max: 1e4, noNaN: true });
  const steps = fc.array(
    fc.record({ gapMs: fc.integer({ min: 1, max: 90_000 }), ready: fc.nat(50), stable: load, panic: load }),
    { maxLength: 30 },
  );
  const specs = fc.record({
    utilization: fc.double({ min: 0.01, max: 1, noNaN: true }),
    target: fc.double({ min: 0.01, max: 500, noNaN: true }),
    maxScaleUpRate: fc.double({ min: 1.01, max: 1000, noNaN: true }),
    maxScaleDownRate: fc.double({ min: 1.01, max: 10, noNaN: true }),
    scaleDownDelayMs: fc.constantFrom(0, 4000, 60_000),
    reachability: fc.constantFrom('reachable' as const, 'unreachable' as const, 'unknown' as const),
  });

  it('bounded by the rates outside panic and delay, never falling while panicking, equal for equal input', () => {
    fc.assert(
      fc.property(specs, steps, (change, story) => {
        const spec = { ...usual, ...change };
        let state = calm;
        let nowMs = 0;
        let before = { desired: 0, panicking: false };
        for (const { gapMs, ...facts } of story) {
          nowMs += gapMs;
          const { decision, state: next } = decide(spec, state, { nowMs, ...facts });
          expect(decide(spec, state, { nowMs, ...facts })).toEqual({ decision, state: next });
          const ready = Math.max(1, facts.ready);
          if (!decision.panicking && spec.scaleDownDelayMs === 0) {
            expect(decision.desired).toBeLessThanOrEqual(Math.ceil(spec.maxScaleUpRate * ready));
            if (spec.reachability !== 'unreachable')
              expect(decision.desired).toBeGreaterThanOrEqual(Math.floor(ready / spec.maxScaleDownRate));
          }
          if (before.panicking && decision.panicking)
            expect(decision.desired).toBeGreaterThanOrEqual(spec.scaleDownDelayMs === 0 ? before.desired : 0);
          expect(Number.isInteger(decision.desired) && decision.desired >= 0).toBe(true);
          before = decision;
          state = next;
        }
      }),
    );
  });
});

describe('Decider', () => {
  const spec = { ...usual, target: 10, utilization: 1 };

  it('goes from zero to load and back', () => {
    const decider = new Decider(spec);
    expect(decider.last).toMatchObject({ desired: -1, excessBurstCapacity: -201 });
    expect(decider.decide(0, { ready: 0 }).desired).toBe(0);
    decider.wake(1000);
    expect(decider.decide(1000, { ready: 0 }).desired).toBe(1);
    decider.record(1900, { concurrency: 1, requests: 1 });
    expect(decider.decide(2000, { ready: 1 })).toMatchObject({ desired: 1, stable: 1 });
    expect(decider.decide(30_000, { ready: 1 }).desired).toBe(1);
    expect(decider.decide(62_000, { ready: 1 }).desired).toBe(0);
  });

  it('counts a woken request once', () => {
    const decider = new Decider(spec);
    decider.wake(1000);
    decider.wake(1001);
    decider.record(1500, { concurrency: 4, requests: 3 });
    expect(decider.decide(1999, { ready: 1 }).stable).toBe(4);
  });

  it('counts work that waits elsewhere as load, whatever it goes by, and down to zero', () => {
    for (const metric of ['concurrency', 'rps'] as const) {
      const decider = new Decider({ ...spec, metric });
      decider.decide(0, { ready: 0 });
      for (let second = 1; second <= 8; second++) decider.recordBacklog(second * 1000, 2.5);
      expect(decider.decide(8500, { ready: 0 }).desired).toBe(3);
      decider.decide(9000, { ready: 3 });
      expect(decider.decide(200_000, { ready: 1 }).desired).toBe(0);
    }
  });

  it('adds work that waits elsewhere to requests', () => {
    const decider = new Decider(spec);
    for (let second = 1; second <= 8; second++) {
      decider.record(second * 1000, { concurrency: 10, requests: 1 });
      decider.recordBacklog(second * 1000 + 1, 1);
    }
    expect(decider.decide(8500, { ready: 2 })).toMatchObject({ desired: 2, stable: 20 });
  });

  it('decides nothing while it is blind', () => {
    const decider = new Decider(spec);
    expect(decider.decide(0, { ready: 2, blind: true }).desired).toBe(-1);
    decider.record(1000, { concurrency: 25, requests: 0 });
    expect(decider.decide(5000, { ready: 2, blind: true }).desired).toBe(3);
  });

  it('leaves the first copies alone for a tick, unless requests come', () => {
    const decider = new Decider(spec);
    expect(decider.decide(0, { ready: 0 }).desired).toBe(0);
    expect(decider.decide(500, { ready: 3 }).desired).toBe(-1);
    expect(decider.decide(2499, { ready: 3 }).desired).toBe(-1);
    expect(decider.decide(2500, { ready: 3 }).desired).toBe(1);
    const asked = new Decider(spec);
    asked.decide(0, { ready: 0 });
    asked.decide(500, { ready: 1 });
    asked.record(900, { concurrency: 25, requests: 25 });
    expect(asked.decide(1000, { ready: 1 }).desired).toBe(3);
    expect(new Decider(spec).decide(0, { ready: 1 }).desired).toBe(0);
  });

  it('takes requests a second where told, and new settings on the way', () => {
    const decider = new Decider(spec);
    for (let second = 0; second < 20; second++) decider.record(second * 1000, { concurrency: 1, requests: 100 });
    decider.update({ ...spec, metric: 'rps', stableWindowMs: 6000 });
    expect(decider.decide(19_500, { ready: 10 })).toMatchObject({ desired: 10, stable: 100 });
  });
});
