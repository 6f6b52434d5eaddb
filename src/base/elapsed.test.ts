import { expect, test } from 'vitest';
import { watchJumps } from './clock-jumps.ts';
import { rfc3339 } from './clock.ts';
import { Elapsed } from './elapsed.ts';
import { VirtualClock } from './virtual-clock.ts';

const HOUR = 3_600_000;

test.each([
  { what: 'stands', jump: 0 },
  { what: 'is set forward', jump: HOUR },
  { what: 'is set back', jump: -HOUR },
])('what passed since a stamp is the same where the wall clock $what', async ({ jump }) => {
  const clock = new VirtualClock();
  const elapsed = new Elapsed(clock);
  const stamp = rfc3339(clock.now());
  expect(elapsed.since('a', stamp)).toBe(0);
  await clock.advance(10_000);
  clock.jump(jump);
  await clock.advance(5000);
  expect(elapsed.since('a', stamp)).toBe(15_000);
  // Who is first seen after the jump has only the wall to go by, and nothing was in the future.
  expect(elapsed.since('b', stamp)).toBe(Math.max(0, 15_000 + jump));
});

test('a deadline of progress counts from the start of the process at the earliest', async () => {
  const clock = new VirtualClock();
  const before = rfc3339(clock.now());
  await clock.advance(8 * HOUR);
  const elapsed = new Elapsed(clock);
  await clock.advance(10_000);
  const after = rfc3339(clock.now());
  await clock.advance(5000);
  expect([elapsed.since('a', before), elapsed.whileUp('a', before)]).toEqual([8 * HOUR + 15_000, 15_000]);
  expect(elapsed.whileUp('a', after)).toBe(5000);
  clock.jump(HOUR);
  expect([elapsed.whileUp('a', before), elapsed.whileUp('a', after)]).toEqual([15_000, 5000]);
  expect(elapsed.whileUp('a', '')).toBe(0);
});

test('what is no stamp is no time ago', () => {
  expect(new Elapsed(new VirtualClock()).since('a', '')).toBe(0);
});

test.each([
  { what: 'an hour forward', jump: HOUR, times: 1 },
  { what: 'an hour back', jump: -HOUR, times: 1 },
  { what: 'some milliseconds, as time servers do', jump: 300, times: 0 },
])('a clock that is set by $what is noticed $times times', async ({ jump, times }) => {
  const clock = new VirtualClock();
  let noticed = 0;
  const stop = watchJumps(clock, () => noticed++);
  await clock.advance(60_000);
  clock.jump(jump);
  await clock.advance(60_000);
  expect(noticed).toBe(times);
  stop();
  expect(clock.nextDue).toBeUndefined();
});
