import { describe, expect, test } from 'vitest';
import { calmOf } from './calm.ts';
import type { Clock } from './clock.ts';
import { settle, VirtualClock } from './virtual-clock.ts';

/** Until `busyMs` its timers come 60 ms late. */
function lateClock(busyMs: number) {
  const clock = new VirtualClock(0);
  const late: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (ms, run) => clock.after(clock.monotonic() < busyMs ? ms + 60 : ms, run),
  };
  return { clock, late };
}

test.each([
  ['in time', 0, 5, [5]],
  ['late for a while', 60, 5, [85]],
  ['late for good', 1000, 5, [305]],
  ['longer than it lets any machine be', 1000, 400, [460]],
])('%s', async (_, busyMs, ms, at) => {
  const { clock, late } = lateClock(busyMs);
  const runs: number[] = [];
  calmOf(late).after(ms, () => runs.push(clock.monotonic()));
  await clock.advance(2000);
  expect(runs).toEqual(at);
});

test('what is cancelled does not run, however late its timers were', async () => {
  const { clock, late } = lateClock(1000);
  let ran = false;
  const timer = calmOf(late).after(5, () => (ran = true));
  await clock.advance(100);
  timer.cancel();
  await clock.advance(2000);
  expect(ran).toBe(false);
});

describe('while a crowd of programs starts', () => {
  /** As many programs as this begin to start on a machine of one core; the first is up after `upMs`. */
  async function crowdOf(programs: number, upMs?: number) {
    const clock = new VirtualClock(0);
    const calm = calmOf(clock, 1);
    const [isUp] = Array.from({ length: programs }, () => calm.starts());
    if (upMs !== undefined) clock.after(upMs, () => isUp?.());
    const runs: number[] = [];
    calm.after(5, () => runs.push(clock.monotonic()));
    const { isCrowded } = calm;
    await clock.advance(11_000);
    return { isCrowded, wasCrowdedAtLast: calm.isCrowded, runs };
  }

  test.each([
    ['four for each core are none', 4, undefined, false, [5]],
    ['five are, until the first of them is up', 5, 130, true, [130]],
    ['five are, but nothing waits for more than ten seconds', 5, undefined, true, [10_000]],
  ])('%s', async (_, programs, upMs, isCrowded, runs) => {
    expect(await crowdOf(programs, upMs)).toEqual({ isCrowded, wasCrowdedAtLast: false, runs });
  });

  test('those who waited are let go eight at a time, and whoever is cancelled meanwhile does not run', async () => {
    const clock = new VirtualClock(0);
    const calm = calmOf(clock, 0.25);
    const [isUp] = [calm.starts(), calm.starts()];
    const runs: number[] = [];
    const timers = Array.from({ length: 20 }, (_, index) => calm.after(5, () => runs.push(index)));
    await clock.advance(100);
    isUp();
    expect(runs).toHaveLength(8);
    timers[9]?.cancel();
    await clock.advance(0);
    expect(runs).toHaveLength(19);
    expect(runs).not.toContain(9);
  });

  test('whoever has waited for one crowd does not wait for the next', async () => {
    const clock = new VirtualClock(0);
    const calm = calmOf(clock, 0.25);
    const first = [calm.starts(), calm.starts()];
    const runs: number[] = [];
    calm.after(5, () => runs.push(clock.monotonic()));
    await clock.advance(20);
    for (const isUp of first) isUp();
    calm.starts();
    calm.starts();
    expect(calm.isCrowded).toBe(true);
    await clock.advance(1000);
    expect(runs).toEqual([20]);
  });

  test('what holds the loop up goes eight at a time, and without a crowd at once', async () => {
    const clock = new VirtualClock(0);
    const calm = calmOf(clock, 0.25);
    const begun: number[] = [];
    const begin = () => void calm.turn().then(() => begun.push(begun.length));
    for (let i = 0; i < 6; i++) begin();
    await settle();
    expect(begun).toHaveLength(6);
    calm.starts();
    calm.starts();
    for (let i = 0; i < 10; i++) begin();
    await settle();
    expect(begun).toHaveLength(6 + 8);
    await clock.advance(0);
    expect(begun).toHaveLength(6 + 10);
  });

  test('a program that is up twice is one', () => {
    const calm = calmOf(new VirtualClock(0), 0.25);
    const isUp = calm.starts();
    calm.starts();
    calm.starts();
    isUp();
    isUp();
    expect(calm.isCrowded).toBe(true);
  });
});
