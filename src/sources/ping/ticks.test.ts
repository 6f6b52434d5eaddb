import { expect, test } from 'vitest';
import { parseCron, timeZone, UTC } from '#base/mod.ts';
import { planTicks } from './ticks.ts';

const at = (time: string): number => Date.parse(`2026-01-01T${time}Z`);

function plan(schedule: string, mark: string | undefined, now: string, catchUp = false) {
  const parsed = parseCron(schedule, { seconds: true });
  if ('fault' in parsed) throw new Error(parsed.fault);
  const facts = { schedule: parsed.schedule, zone: timeZone('UTC') ?? UTC };
  const planned = planTicks({ ...facts, mark: mark === undefined ? undefined : at(mark), now: at(now), catchUp });
  const told = (time: number) => new Date(time).toISOString().slice(11, 19);
  return { mark: told(planned.mark), due: planned.due.map(told), nextMs: planned.nextMs };
}

test.each([
  ['a new source waits for its first tick', '* * * * *', undefined, '12:00:20', false, ['12:00:20', [], 40_000]],
  [
    'a tick is due when its time has come',
    '* * * * *',
    '12:00:20',
    '12:01:00',
    false,
    ['12:01:00', ['12:01:00'], 60_000],
  ],
  ['and is not due again', '* * * * *', '12:01:00', '12:01:00', false, ['12:01:00', [], 60_000]],
  ['a little late is not too late', '* * * * *', '12:00:20', '12:01:04', false, ['12:01:00', ['12:01:00'], 56_000]],
  ['what was missed stays missed', '* * * * *', '12:00:20', '12:05:30', false, ['12:00:20', [], 30_000]],
  [
    'but the latest where that is asked for',
    '* * * * *',
    '12:00:20',
    '12:05:30',
    true,
    ['12:05:00', ['12:05:00'], 30_000],
  ],
  ['once', '* * * * *', '12:05:00', '12:05:31', true, ['12:05:00', [], 29_000]],
  [
    'ticks of a moment of haste all come',
    '* * * * * *',
    '12:00:00',
    '12:00:03',
    false,
    ['12:00:03', ['12:00:01', '12:00:02', '12:00:03'], 1000],
  ],
  ['a clock that was set back a little waits', '* * * * *', '12:05:00', '12:03:00', false, ['12:05:00', [], 180_000]],
  ['one that was set back far begins anew', '* * * * *', '12:05:00', '10:03:00', true, ['10:03:00', [], 60_000]],
])('%s', (_, schedule, mark, now, catchUp, [newMark, due, nextMs]) => {
  expect(plan(schedule, mark, now, catchUp)).toEqual({ mark: newMark, due, nextMs });
});
