// The bounds of what may be asked of attempts.

import { expect, test } from 'vitest';
import { readAttemptTimeout, readBackoff, readMaxAge, readRetries } from './attempts.ts';

const HOURS = 3_600_000;

test.each([
  [readRetries, '0', 0],
  [readRetries, '20', 20],
  [readBackoff, '0', 0],
  [readBackoff, '1h', HOURS],
  [readAttemptTimeout, '1s', 1000],
  [readAttemptTimeout, '24h', 24 * HOURS],
  [readMaxAge, '90m', 1.5 * HOURS],
])('%o takes %s', (read, text, value) => {
  expect(read(text)).toEqual({ value });
});

test.each([
  [readRetries, '21', 'expected a number from 0 to 20'],
  [readRetries, '-1', 'expected a number from 0 to 20'],
  [readRetries, '2.5', 'expected a number from 0 to 20'],
  [readBackoff, '1h1s', 'expected a duration from 0s to 1h, such as "30s"'],
  [readBackoff, '-1s', 'expected a duration from 0s to 1h, such as "30s"'],
  [readAttemptTimeout, '999ms', 'expected a duration from 1s to 24h, such as "30s"'],
  [readMaxAge, '25h', 'expected a duration from 1s to 24h, such as "30s"'],
  [readMaxAge, 'soon', 'expected a duration from 1s to 24h, such as "30s"'],
])('%o refuses %s', (read, text, fault) => {
  expect(read(text)).toEqual({ fault });
});
