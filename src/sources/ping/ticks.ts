// Which ticks of a PingSource are due. Pure: each tick is sent once, a little late at most, and what was missed is made up for
// only where that is asked for, by the latest one.

import type { CronSchedule, TimeZone } from '#base/mod.ts';
import { lastTick, nextTick } from '#base/mod.ts';

export interface TickFacts {
  readonly schedule: CronSchedule;
  readonly zone: TimeZone;
  /** Up to when ticks are dealt with, in milliseconds since 1970; undefined for a source or schedule that is new. */
  readonly mark: number | undefined;
  readonly now: number;
  /** Whether the latest tick that was missed is made up for. */
  readonly catchUp: boolean;
}

export interface TickPlan {
  /** Up to when ticks are dealt with, once those that are due are sent. */
  readonly mark: number;
  /** In order. */
  readonly due: readonly number[];
  /** Milliseconds until the next tick; undefined where there is none. */
  readonly nextMs: number | undefined;
}

/** A tick that is later than this counts as missed: the platform was down, or the machine asleep. */
export const LATE_MS = 5000;
/** A clock that was set back further than this begins anew; until then no tick comes twice. */
export const SET_BACK_MS = 3_600_000;

export function planTicks({ schedule, zone, mark, now, catchUp }: TickFacts): TickPlan {
  if (mark === undefined || mark > now + SET_BACK_MS)
    return { mark: now, due: [], nextMs: untilNext(schedule, zone, now, now) };
  const recent = ticksBetween(schedule, zone, Math.max(mark, now - LATE_MS), now);
  const missed = recent.length === 0 && catchUp ? lastTick(schedule, zone, mark, now) : undefined;
  const due = missed === undefined ? recent : [missed];
  return { mark: due.at(-1) ?? mark, due, nextMs: untilNext(schedule, zone, Math.max(mark, now), now) };
}

function untilNext(schedule: CronSchedule, zone: TimeZone, after: number, now: number): number | undefined {
  const next = nextTick(schedule, zone, after);
  return next === undefined ? undefined : next - now;
}

function ticksBetween(schedule: CronSchedule, zone: TimeZone, after: number, until: number): number[] {
  const ticks: number[] = [];
  for (let tick = nextTick(schedule, zone, after); tick !== undefined && tick <= until; ) {
    ticks.push(tick);
    tick = nextTick(schedule, zone, tick);
  }
  return ticks;
}
