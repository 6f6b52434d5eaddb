// When a failed delivery is tried again, if at all. Pure.

import type { Delivery } from '../control.ts';
import type { Failure } from './verdict-of-answer.ts';

/** Longer than this no timer runs; what doubles often enough would wait for ever. */
export const MAX_WAIT_MS = 2 ** 31 - 1;

/**
 * Milliseconds to wait before the next attempt after `failures` (1 and more) of them; undefined where there is none any more.
 * Exponential: the delay, doubled after each failure. Linear: the delay times the failures before this one, so that the
 * first retry follows at once. Without a policy or a delay there is no wait.
 */
export function nextAttempt(delivery: Delivery, failures: number, failure: Failure): number | undefined {
  if (!failure.isRetryable || failures > delivery.retry) return undefined;
  return Math.min(MAX_WAIT_MS, Math.max(backoff(delivery, failures), asked(delivery, failure)));
}

function backoff({ backoffPolicy, backoffDelayMs = 0 }: Delivery, failures: number): number {
  if (backoffPolicy === 'exponential') return backoffDelayMs * Math.min(2 ** (failures - 1), Number.MAX_VALUE);
  return backoffPolicy === 'linear' ? backoffDelayMs * (failures - 1) : 0;
}

/** A subscriber is heard only where a bound is set for what it may ask. */
function asked({ retryAfterMaxMs = 0 }: Delivery, { retryAfterMs = 0 }: Failure): number {
  return Math.min(retryAfterMs, retryAfterMaxMs);
}

/**
 * The same for a dead letter: once its retries are used up it is tried on, at most a minute apart, for an hour, for whatever is
 * given up then is lost. It is attempts that are counted: the wall's time may jump. What its sink will never take goes at once.
 */
export function nextDeadLetterAttempt(delivery: Delivery, failures: number, failure: Failure): number | undefined {
  const wait = nextAttempt(delivery, failures, failure);
  if (wait !== undefined || !failure.isRetryable) return wait;
  const beyond = failures - delivery.retry - 1;
  return beyond < MORE_ATTEMPTS ? Math.min(SLOWEST_MS, 1000 * 2 ** beyond) : undefined;
}

const SLOWEST_MS = 60_000;
/** The first six within a minute, then one a minute. */
const MORE_ATTEMPTS = 65;
