import { expect, test } from 'vitest';
import type { Step } from './next-step.ts';
import { nextStep } from './next-step.ts';
import type { Outcome } from './words.ts';

const HOUR = 3_600_000;
const settings = { retries: 3, backoffMs: 1000, maxAgeMs: 6 * HOUR };
const body = new Uint8Array(0);
const status = (code: number, headers: string[] = []): Outcome => ({ status: code, headers, body });
const again = (ms: number): Step => ({ kind: 'again', ms });
const well: Step = { kind: 'over', ending: 'succeeded' };
const failed = (why: string): Step => ({ kind: 'over', ending: 'failed', why });

test.each<[what: string, outcome: Outcome, attempts: number, step: Step]>([
  ['200', status(200), 1, well],
  ['a redirection is an answer', status(302), 1, well],
  ['what the client did wrong stays wrong', status(400), 1, failed('status 400 is not tried again')],
  ['not there', status(404), 1, failed('status 404 is not tried again')],
  ['a service that has no route yet', status(404, ['Ebb-Refusal', 'no-route']), 1, again(1000)],
  ['too slow', status(408), 1, again(1000)],
  ['too early', status(425), 1, again(1000)],
  ['too many', status(429), 1, again(1000)],
  ['too many, with a time', status(429, ['Retry-After', '30']), 1, again(30_000)],
  ['a shorter time than the back-off', status(503, ['retry-after', '1']), 3, again(4000)],
  ['a time beyond all bounds', status(503, ['Retry-After', '100000']), 1, again(HOUR)],
  ['500', status(500), 1, again(1000)],
  ['500 again', status(500), 2, again(2000)],
  ['500 once more', status(500), 3, again(4000)],
  ['500 for the last time', status(500), 4, failed('all 4 attempts failed')],
  ['501', status(501), 1, failed('status 501 is not tried again')],
  ['508', status(508), 1, failed('status 508 is not tried again')],
  ['504', status(504), 1, again(1000)],
  ['no answer', { error: 'refused' }, 1, again(1000)],
  ['an answer that is too long', { error: 'too long', isFinal: true }, 1, failed('too long')],
])('%s', (_, outcome, attempts, step) => {
  expect(nextStep({ settings, ageMs: 5000, now: 5000, attempts, outcome })).toEqual(step);
});

test('without retries the first failure is the last', () => {
  const facts = { settings: { ...settings, retries: 0 }, ageMs: 0, now: 0, attempts: 1, outcome: status(500) };
  expect(nextStep(facts)).toEqual(failed('the only attempt failed'));
});

test('no wait leads beyond the age that an invocation may have', () => {
  const facts = { settings, now: 0, attempts: 2, outcome: status(500) };
  expect(nextStep({ ...facts, ageMs: 6 * HOUR - 2000 })).toEqual(again(2000));
  expect(nextStep({ ...facts, ageMs: 6 * HOUR - 1999 })).toEqual(
    failed('no attempt may begin more than 6h0m0s after the acceptance'),
  );
});

test('many failures wait no longer than an hour', () => {
  const facts = { settings: { retries: 20, backoffMs: HOUR, maxAgeMs: 24 * HOUR }, ageMs: 0, now: 0 };
  expect(nextStep({ ...facts, attempts: 9, outcome: status(500) })).toEqual(again(HOUR));
});
