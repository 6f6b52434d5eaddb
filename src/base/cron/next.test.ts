import { assert, constant, constantFrom, integer, oneof, property, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lastTick, nextTick } from './next.ts';
import type { CronSchedule } from './schedule.ts';
import { parseCron } from './schedule.ts';
import type { TimeZone } from './zone.ts';
import { timeZone } from './zone.ts';

function read(text: string): CronSchedule {
  const parsed = parseCron(text, { seconds: true });
  if ('fault' in parsed) throw new Error(parsed.fault);
  return parsed.schedule;
}

function zone(name: string): TimeZone {
  const found = timeZone(name);
  if (!found) throw new Error(`no zone ${name}`);
  return found;
}

/** The next `count` ticks, in UTC. */
function ticks(schedule: string, after: string, count = 1, zoneName = 'UTC'): (string | undefined)[] {
  const out: (string | undefined)[] = [];
  let last: number | undefined = Date.parse(after);
  for (let i = 0; i < count && last !== undefined; i++) {
    last = nextTick(read(schedule), zone(zoneName), last);
    out.push(last === undefined ? undefined : new Date(last).toISOString().replace('.000Z', 'Z'));
  }
  return out;
}

test.each<[string, string, string | undefined]>([
  ['* * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z'],
  ['* * * * *', '2026-01-01T00:00:59.999Z', '2026-01-01T00:01:00Z'],
  ['* * * * * *', '2026-01-01T00:00:00.001Z', '2026-01-01T00:00:01Z'],
  ['10 0/1 * * * ?', '2026-01-01T00:00:10Z', '2026-01-01T00:01:10Z'],
  ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00Z'],
  ['0 0 30 2 *', '2026-01-01T00:00:00Z', undefined],
  ['0 0 31 * *', '2026-01-31T00:00:00Z', '2026-03-31T00:00:00Z'],
  ['59 23 31 12 *', '2026-12-31T23:59:00Z', '2027-12-31T23:59:00Z'],
  // Both days are restricted: one of them is enough.
  ['0 0 13 * 5', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
  ['0 0 13 * 5', '2026-01-09T00:00:00Z', '2026-01-13T00:00:00Z'],
  // A star with a step is a restriction; one with the step of 1 is none.
  ['0 0 */31 * 5', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
  ['0 0 */1 * 5', '2026-01-02T00:00:00Z', '2026-01-09T00:00:00Z'],
])('%s after %s', (schedule, after, expected) => {
  expect(ticks(schedule, after)).toEqual([expected]);
});

describe('clocks that change', () => {
  test('an hour that is leapt over is not due that day', () => {
    expect(ticks('30 2 * * *', '2026-03-07T00:00:00Z', 2, 'America/New_York')).toEqual([
      '2026-03-07T07:30:00Z',
      '2026-03-09T06:30:00Z',
    ]);
  });

  test('an hour that comes twice is due twice', () => {
    expect(ticks('0 1 * * *', '2026-11-01T00:00:00Z', 3, 'America/New_York')).toEqual([
      '2026-11-01T05:00:00Z',
      '2026-11-01T06:00:00Z',
      '2026-11-02T06:00:00Z',
    ]);
  });

  test('every hour is every hour', () => {
    const spring = ticks('@hourly', '2026-03-29T00:30:00Z', 3, 'Europe/Berlin');
    expect(spring).toEqual(['2026-03-29T01:00:00Z', '2026-03-29T02:00:00Z', '2026-03-29T03:00:00Z']);
    const autumn = ticks('0 * * * *', '2026-10-24T23:30:00Z', 3, 'Europe/Berlin');
    expect(autumn).toEqual(['2026-10-25T00:00:00Z', '2026-10-25T01:00:00Z', '2026-10-25T02:00:00Z']);
  });

  test('a day without a midnight has none', () => {
    expect(ticks('0 0 * * *', '2018-11-03T12:00:00Z', 1, 'America/Sao_Paulo')).toEqual(['2018-11-05T02:00:00Z']);
  });

  test('clocks that change by half an hour', () => {
    expect(ticks('15 2 * * *', '2026-10-02T20:00:00Z', 2, 'Australia/Lord_Howe')).toEqual([
      '2026-10-04T15:15:00Z',
      '2026-10-05T15:15:00Z',
    ]);
  });

  test('an offset that is no whole hour', () => {
    expect(ticks('0 9 * * *', '2026-01-01T00:00:00Z', 1, 'Asia/Kathmandu')).toEqual(['2026-01-01T03:15:00Z']);
  });
});

test.each<[string, string, string, string | undefined]>([
  ['* * * * *', '2026-01-01T00:00:30Z', '2026-01-01T00:00:59Z', undefined],
  ['* * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z', '2026-01-01T00:01:00Z'],
  ['* * * * * *', '2020-01-01T00:00:00Z', '2026-01-01T00:01:00.500Z', '2026-01-01T00:01:00Z'],
  ['0 0 29 2 *', '2020-01-01T00:00:00Z', '2026-01-01T00:00:00Z', '2024-02-29T00:00:00Z'],
  ['0 0 30 2 *', '2020-01-01T00:00:00Z', '2026-01-01T00:00:00Z', undefined],
])('%s between %s and %s was last due %s', (schedule, after, until, expected) => {
  const last = lastTick(read(schedule), zone('UTC'), Date.parse(after), Date.parse(until));
  expect(last).toBe(expected === undefined ? undefined : Date.parse(expected));
});

test.each(['Mars/Olympus', '+01:00', '../etc/passwd', ' ', 'UTC '])('%j is no zone', (name) => {
  expect(timeZone(name)).toBeUndefined();
});

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Africa/Casablanca',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
];
const MONTH_MS = 31 * 86_400_000;

/** Whether a moment is due, by what the zone's clocks show. */
function isDue(schedule: CronSchedule, where: TimeZone, time: number): boolean {
  const shown = new Date(time + where.offsetAt(time));
  const [isDay, isWeekday] = [schedule.days.has(shown.getUTCDate()), schedule.weekdays.has(shown.getUTCDay())];
  const either = schedule.restricts.days && schedule.restricts.weekdays;
  return (
    schedule.seconds.has(shown.getUTCSeconds()) &&
    schedule.minutes.has(shown.getUTCMinutes()) &&
    schedule.hours.has(shown.getUTCHours()) &&
    schedule.months.has(shown.getUTCMonth() + 1) &&
    (either ? isDay || isWeekday : isDay && isWeekday)
  );
}

test('the next tick is the first minute that is due, in any zone', () => {
  const field = (low: number, high: number) =>
    oneof(
      constant('*'),
      integer({ min: low, max: high }).map(String),
      integer({ min: 2, max: 20 }).map((n) => `*/${n}`),
    );
  const schedules = tuple(field(0, 59), field(0, 23), field(1, 28), constant('*'), field(0, 6)).map((parts) =>
    parts.join(' '),
  );
  const times = integer({ min: Date.UTC(2026, 0, 1) / 60_000, max: Date.UTC(2028, 0, 1) / 60_000 });
  assert(
    property(schedules, times, constantFrom(...ZONES), (text, minute, name) => {
      const [schedule, where, after] = [read(text), zone(name), minute * 60_000];
      const next = nextTick(schedule, where, after);
      // Looking minute by minute ends after a month, for it takes its time.
      const end = Math.min(next ?? Infinity, after + MONTH_MS / 8);
      for (let time = after + 60_000; time < end; time += 60_000) if (isDue(schedule, where, time)) return false;
      return next === undefined || isDue(schedule, where, next);
    }),
    { numRuns: 25 },
  );
});
