// Waits in lines, in virtual time.

import type { Timer } from '#base/mod.ts';
import { VirtualClock } from '#base/mod.ts';
import type { Arbitrary } from 'fast-check';
import { array, assert, asyncProperty, constantFrom, nat, option, record } from 'fast-check';
import { expect, it } from 'vitest';
import { Alarms } from './alarms.ts';

it('those of one length ring in their order, each at its time, by one timer', async () => {
  const clock = new VirtualClock(0);
  const alarms = new Alarms(clock);
  const rung: [string, number][] = [];
  const set = (name: string, ms: number) =>
    alarms.after(clock.monotonic(), ms, () => rung.push([name, clock.monotonic()]));
  set('a', 100);
  await clock.advance(10);
  set('b', 100);
  const called = set('c', 100);
  set('d', 30);
  expect(alarms.lines).toBe(2);
  called.cancel();
  called.cancel();
  await clock.advance(500);
  expect(rung).toEqual([
    ['d', 40],
    ['a', 100],
    ['b', 110],
  ]);
  expect([alarms.lines, clock.nextDue]).toEqual([0, undefined]);
});

it('one that is set or called off while another rings', async () => {
  const clock = new VirtualClock(0);
  const alarms = new Alarms(clock);
  const rung: string[] = [];
  alarms.after(0, 10, () => {
    rung.push('first');
    second.cancel();
    alarms.after(clock.monotonic(), 10, () => rung.push('third'));
  });
  const second = alarms.after(0, 10, () => rung.push('second'));
  await clock.advance(100);
  expect(rung).toEqual(['first', 'third']);
});

it('whatever is set and called off, what is left rings at its time and nothing else does', async () => {
  interface Step {
    readonly ms: number;
    readonly wait: number;
    /** Which of those before is called off. */
    readonly off: number | null;
  }
  const step: Arbitrary<Step> = record({
    ms: constantFrom(5, 20, 50),
    wait: nat(15),
    off: option(nat(30)),
  });
  await assert(
    asyncProperty(array(step, { maxLength: 40 }), async (steps: Step[]) => {
      const clock = new VirtualClock(0);
      const alarms = new Alarms(clock);
      const timers: Timer[] = [];
      const [due, rung]: [(number | undefined)[], (number | undefined)[]] = [[], []];
      for (const { ms, wait, off } of steps) {
        const i = timers.length;
        due.push(clock.monotonic() + ms);
        rung.push(undefined);
        timers.push(alarms.after(clock.monotonic(), ms, () => (rung[i] = clock.monotonic())));
        if (off !== null && off <= i && rung[off] === undefined) {
          timers[off]?.cancel();
          due[off] = undefined;
        }
        await clock.advance(wait);
      }
      await clock.advance(1000);
      expect(rung).toEqual(due);
      expect([alarms.lines, clock.nextDue]).toEqual([0, undefined]);
    }),
  );
});
