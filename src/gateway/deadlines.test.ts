// The three clocks of a request, in virtual time.

import { VirtualClock } from '#base/mod.ts';
import { describe, expect, it } from 'vitest';
import { Alarms } from './alarms.ts';
import type { Lateness } from './deadlines.ts';
import { Deadlines } from './deadlines.ts';

type Limits = ConstructorParameters<typeof Deadlines>[1];

describe('Deadlines', () => {
  it.each<[string, Limits, writes: number[], [number, Lateness] | undefined]>([
    ['none', { timeoutMs: 0 }, [], undefined],
    ['total', { timeoutMs: 100 }, [], [100, 'total']],
    ['total, whatever is written', { timeoutMs: 100 }, [10, 50, 99], [100, 'total']],
    ['response start', { timeoutMs: 100, responseStartTimeoutMs: 30 }, [], [30, 'response-start']],
    ['response start, met', { timeoutMs: 100, responseStartTimeoutMs: 30 }, [29], [100, 'total']],
    ['idle before the first write counts from arrival', { timeoutMs: 100, idleTimeoutMs: 40 }, [], [40, 'idle']],
    ['idle after the last write', { timeoutMs: 0, idleTimeoutMs: 40 }, [10, 45], [85, 'idle']],
    ['idle, never reached', { timeoutMs: 100, idleTimeoutMs: 40 }, [30, 60, 90], [100, 'total']],
    ['the nearest of all', { timeoutMs: 100, responseStartTimeoutMs: 50, idleTimeoutMs: 40 }, [], [40, 'idle']],
    [
      'start before idle',
      { timeoutMs: 100, responseStartTimeoutMs: 20, idleTimeoutMs: 40 },
      [],
      [20, 'response-start'],
    ],
  ])('%s', async (_, limits, writes, expected) => {
    const clock = new VirtualClock(0);
    let fired: [number, Lateness] | undefined;
    const ports = { clock, alarms: new Alarms(clock) };
    const deadlines = new Deadlines(ports, limits, 0, (kind) => (fired = [clock.monotonic(), kind]));
    for (const at of writes) {
      await clock.advance(at - clock.monotonic());
      if (!fired) deadlines.wrote();
    }
    await clock.advance(1000);
    expect(fired).toEqual(expected);
    expect(clock.nextDue).toBeUndefined();
  });

  it('what is no part of the response puts off idleness, not the start', async () => {
    for (const limits of [{ responseStartTimeoutMs: 30 }, { idleTimeoutMs: 30 }]) {
      const clock = new VirtualClock(0);
      let firedMs: number | undefined;
      const deadlines = new Deadlines(
        { clock, alarms: new Alarms(clock) },
        { timeoutMs: 0, ...limits },
        0,
        () => (firedMs = clock.monotonic()),
      );
      await clock.advance(20);
      deadlines.moved();
      await clock.advance(1000);
      expect(firedMs).toBe('idleTimeoutMs' in limits ? 50 : 30);
    }
  });

  it('stops', async () => {
    const clock = new VirtualClock(0);
    let fired = false;
    const ports = { clock, alarms: new Alarms(clock) };
    new Deadlines(ports, { timeoutMs: 10, idleTimeoutMs: 5 }, 0, () => (fired = true)).stop();
    await clock.advance(100);
    expect(fired).toBe(false);
  });
});
