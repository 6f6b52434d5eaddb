import { expect, test } from 'vitest';
import type { Pod } from '#kinds/mod.ts';
import { nextLookMs, timeLeftMs } from './pod-limits.ts';

const NOW = Date.UTC(2026, 0, 1);

test.each<[string, Partial<Pod['spec']>, Pod['status'], number | undefined]>([
  ['without a bound', {}, undefined, undefined],
  ['before its first start', { activeDeadlineSeconds: 60 }, undefined, 60_000],
  ['since its first start', { activeDeadlineSeconds: 60 }, { startTime: '2025-12-31T23:59:30Z' }, 30_000],
  ['when it is over already', { activeDeadlineSeconds: 60 }, { startTime: '2025-12-31T23:58:00Z' }, -60_000],
])('the time of a Pod %s', (_, spec, status, wanted) => {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: [], ...spec },
    ...(status ? { status } : {}),
  };
  expect(timeLeftMs(pod, NOW)).toBe(wanted);
});

test.each([
  [0, 10_000],
  [500, 10_000],
  [4000, 20_000],
])('what a Pod has on disk is looked at again: a look took %i ms, the next is in %i', (tookMs, wanted) => {
  expect(nextLookMs(tookMs)).toBe(wanted);
});
