// Waiting that gives way: on a machine that is busy, what nobody waits for leaves the time to what somebody does.

import type { Clock, Timer } from './clock.ts';

/** Timers that come later than this tell of a machine that is busy. */
const LATE_MS = 4;
/** How long a busy machine is let be before it is asked again, and how long at most. */
const REST_MS = 20;
const MOST_MS = 300;

/**
 * Runs `run` once after `ms`, or later while timers come late: once the machine has a moment, or within a third of a second. On a
 * clock whose timers are never late it is `clock.after`.
 */
export function afterCalm(clock: Clock, ms: number, run: () => void): Timer {
  const latest = clock.monotonic() + Math.max(ms, MOST_MS);
  let timer: Timer;
  const wait = (waitMs: number) => {
    const due = clock.monotonic() + waitMs;
    timer = clock.after(waitMs, () => {
      const now = clock.monotonic();
      if (now - due > LATE_MS && now + REST_MS < latest) wait(REST_MS);
      else run();
    });
  };
  wait(ms);
  return { cancel: () => timer.cancel() };
}
