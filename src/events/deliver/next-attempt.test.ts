import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Delivery } from '../control.ts';
import { MAX_WAIT_MS, nextAttempt, nextDeadLetterAttempt } from './next-attempt.ts';
import type { Failure } from './verdict-of-answer.ts';

const failed = (more: Partial<Failure> = {}): Failure => ({ status: 503, data: '', isRetryable: true, ...more });

/** Waits before each retry, until there is none. */
function waits(delivery: Delivery, failure = failed()): number[] {
  const out: number[] = [];
  for (let failures = 1; ; failures++) {
    const wait = nextAttempt(delivery, failures, failure);
    if (wait === undefined) return out;
    out.push(wait);
  }
}

describe('back-off', () => {
  test.each<[string, Delivery, number[]]>([
    ['no retry', { retry: 0 }, []],
    ['no policy', { retry: 2, backoffDelayMs: 500 }, [0, 0]],
    ['no delay', { retry: 2, backoffPolicy: 'exponential' }, [0, 0]],
    [
      'linear: the first follows at once',
      { retry: 4, backoffPolicy: 'linear', backoffDelayMs: 500 },
      [0, 500, 1000, 1500],
    ],
    ['exponential', { retry: 4, backoffPolicy: 'exponential', backoffDelayMs: 200 }, [200, 400, 800, 1600]],
  ])('%s', (_, delivery, expected) => {
    expect(waits(delivery)).toEqual(expected);
  });

  test('the defaults of a Broker wait for 204.6 seconds in all', () => {
    const all = waits({ retry: 10, backoffPolicy: 'exponential', backoffDelayMs: 200 });
    expect(all.reduce((sum, ms) => sum + ms, 0)).toBe(204_600);
  });

  test('what cannot mend itself is not tried again', () => {
    expect(waits({ retry: 5 }, failed({ isRetryable: false }))).toEqual([]);
  });

  test('no delay stays none, however often it is doubled', () => {
    const delivery: Delivery = { retry: 10_000, backoffPolicy: 'exponential', backoffDelayMs: 0 };
    expect(nextAttempt(delivery, 5000, failed())).toBe(0);
  });

  test('no wait is longer than a timer runs', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 5000 }),
        fc.constantFrom('linear', 'exponential'),
        (delay, at, policy) => {
          const delivery: Delivery = { retry: 10_000, backoffPolicy: policy, backoffDelayMs: delay };
          const wait = nextAttempt(delivery, at, failed()) ?? NaN;
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(MAX_WAIT_MS);
        },
      ),
    );
  });
});

describe('Retry-After', () => {
  const delivery: Delivery = { retry: 3, backoffPolicy: 'exponential', backoffDelayMs: 1000 };
  test.each([
    ['is not heard without a bound', undefined, 9000, [1000, 2000, 4000]],
    ['nor with none', 0, 9000, [1000, 2000, 4000]],
    ['lengthens what is shorter', 60_000, 3000, [3000, 3000, 4000]],
    ['up to its bound', 2500, 9000, [2500, 2500, 4000]],
  ])('%s', (_, max, asked, expected) => {
    const bounded = max === undefined ? delivery : { ...delivery, retryAfterMaxMs: max };
    expect(waits(bounded, failed({ retryAfterMs: asked }))).toEqual(expected);
  });
});

describe('dead letters', () => {
  test.each([
    ['their retries first', 1, true, 0],
    ['then at growing intervals', 3, true, 1000],
    ['a minute at most', 30, true, 60_000],
    ['for an hour', 68, true, undefined],
    ['what the sink will never take is given up', 3, false, undefined],
  ])('%s', (_, failures, isRetryable, wait) => {
    expect(nextDeadLetterAttempt({ retry: 2 }, failures, failed({ isRetryable }))).toBe(wait);
  });

  test('all the waits together are an hour', () => {
    let all = 0;
    for (let failures = 1; ; failures++) {
      const wait = nextDeadLetterAttempt({ retry: 2 }, failures, failed());
      if (wait === undefined) break;
      all += wait;
    }
    expect(Math.round(all / 60_000)).toBe(60);
  });
});
