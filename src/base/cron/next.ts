// When a schedule is due next. Days and hours are those that a zone's clocks show: an hour that clocks leap over is not due that
// day, and one that they show twice is due twice, as robfig/cron has it.

import type { CronSchedule } from './schedule.ts';
import type { TimeZone } from './zone.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../time-spans.ts';

/** A schedule that is not due within so many years never is (30 February). */
const YEARS = 5;
const YEAR_MS = 366 * 86_400_000;

/** The first moment after `after` (milliseconds since 1970) at which the schedule is due; undefined where there is none in five years. */
export function nextTick(schedule: CronSchedule, zone: TimeZone, after: number): number | undefined {
  const end = after + YEARS * YEAR_MS;
  let from = (Math.floor(after / SECOND_MS) + 1) * SECOND_MS;
  while (from < end) {
    // As long as the offset stays, local time is UTC shifted.
    const until = Math.min(zone.steadyUntil(from), end);
    const offset = zone.offsetAt(from);
    const local = firstDue(schedule, from + offset, until + offset);
    if (local !== undefined) return local - offset;
    from = until;
  }
  return undefined;
}

/** The last moment after `after`, and not after `until`, at which the schedule was due; undefined where there was none. */
export function lastTick(schedule: CronSchedule, zone: TimeZone, after: number, until: number): number | undefined {
  let found: number | undefined;
  // Looks back further and further, so that a schedule that is often due costs as little as one that seldom is.
  for (let back = SECOND_MS; found === undefined; back *= 2) {
    const from = Math.max(after, until - back);
    for (let next = nextTick(schedule, zone, from); next !== undefined && next <= until; ) {
      found = next;
      next = nextTick(schedule, zone, next);
    }
    if (from === after) break;
  }
  return found;
}

/** The first due moment of [from, until), both local times told as if they were UTC. */
function firstDue(schedule: CronSchedule, from: number, until: number): number | undefined {
  let day = Math.floor(from / DAY_MS) * DAY_MS;
  while (day < until) {
    if (isDueOn(schedule, day)) {
      const time = firstOfDay(schedule, Math.max(0, from - day));
      if (time !== undefined) return day + time < until ? day + time : undefined;
    }
    day = schedule.months.has(new Date(day).getUTCMonth() + 1) ? day + DAY_MS : firstOfNextMonth(day);
  }
  return undefined;
}

function firstOfNextMonth(day: number): number {
  const date = new Date(day);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

function isDueOn({ months, days, weekdays, restricts }: CronSchedule, day: number): boolean {
  const date = new Date(day);
  if (!months.has(date.getUTCMonth() + 1)) return false;
  const [isDay, isWeekday] = [days.has(date.getUTCDate()), weekdays.has(date.getUTCDay())];
  return restricts.days && restricts.weekdays ? isDay || isWeekday : isDay && isWeekday;
}

/** The first time of day at or after `from`, in milliseconds. */
function firstOfDay({ hours, minutes, seconds }: CronSchedule, from: number): number | undefined {
  for (let hour = Math.floor(from / HOUR_MS); hour < 24; hour++) {
    if (!hours.has(hour)) continue;
    const inHour = Math.max(0, from - hour * HOUR_MS);
    for (let minute = Math.floor(inHour / MINUTE_MS); minute < 60; minute++) {
      if (!minutes.has(minute)) continue;
      const inMinute = Math.max(0, inHour - minute * MINUTE_MS);
      for (let second = Math.floor(inMinute / SECOND_MS); second < 60; second++)
        if (seconds.has(second)) return hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS;
    }
  }
  return undefined;
}
