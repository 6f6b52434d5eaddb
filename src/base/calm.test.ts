import { expect, test } from 'vitest';
import { afterCalm } from './calm.ts';
import type { Clock } from './clock.ts';
import { VirtualClock } from './virtual-clock.ts';

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
  afterCalm(late, ms, () => runs.push(clock.monotonic()));
  await clock.advance(2000);
  expect(runs).toEqual(at);
});

test('what is cancelled does not run, however late its timers were', async () => {
  const { clock, late } = lateClock(1000);
  let ran = false;
  const timer = afterCalm(late, 5, () => (ran = true));
  await clock.advance(100);
  timer.cancel();
  await clock.advance(2000);
  expect(ran).toBe(false);
});
