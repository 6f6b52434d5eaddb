import { expect, test } from 'vitest';
import { nextRun, startAgainMs } from './container-restart.ts';

test.each([
  ['Always', false, 0, true],
  ['Always', false, 1, true],
  ['Always', true, 0, false],
  ['Always', true, 1, true],
  ['OnFailure', false, 0, false],
  ['OnFailure', false, 1, true],
  ['OnFailure', true, 0, false],
  ['OnFailure', true, 1, true],
  ['Never', false, 1, false],
  ['Never', true, 1, false],
])('restartPolicy %s, init container %s, code %i: runs again %s', (restartPolicy, isInit, exitCode, wanted) => {
  expect(nextRun({ restartPolicy, isInit, exitCode, ranMs: 0, failures: 0 }) !== undefined).toBe(wanted);
});

const MINUTE = 60_000;

test.each([
  ['the first failure', 0, 0, { failures: 1, waitMs: 0 }],
  ['the second', 1, 0, { failures: 2, waitMs: 10_000 }],
  ['the third', 2, 0, { failures: 3, waitMs: 20_000 }],
  ['the sixth', 5, 0, { failures: 6, waitMs: 160_000 }],
  ['the seventh and all after', 6, 0, { failures: 7, waitMs: 300_000 }],
  ['one after ten minutes', 6, 10 * MINUTE, { failures: 7, waitMs: 300_000 }],
  ['one after more than that', 6, 10 * MINUTE + 1, { failures: 1, waitMs: 0 }],
])('back-off: %s', (_, failures, ranMs, wanted) => {
  expect(nextRun({ restartPolicy: 'Always', isInit: false, exitCode: 1, ranMs, failures })).toEqual(wanted);
});

test('a start that cannot be is tried again after a second, then ever less often', () => {
  expect([1, 2, 3, 9, 10, 99].map(startAgainMs)).toEqual([1000, 2000, 4000, 256_000, 300_000, 300_000]);
});
