import { expect, test } from 'vitest';
import type { Pod } from '#kinds/mod.ts';
import { deletionGraceMs, killGraceMs, LEAST_GRACE_MS, signalGraceMs } from './grace.ts';

test.each([
  ['nothing is said', undefined, undefined, 30_000],
  ['the Pod says so', 5, undefined, 5000],
  ['whoever deletes it says so', 5, 60, 60_000],
  ['whoever deletes it gives none', 5, 0, 0],
])('a Pod that is deleted, where %s', (_, terminationGracePeriodSeconds, deletionGracePeriodSeconds, wanted) => {
  const spec: Pod['spec'] = {
    containers: [],
    ...(terminationGracePeriodSeconds === undefined ? {} : { terminationGracePeriodSeconds }),
  };
  const metadata = { name: 'p', ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }) };
  expect(deletionGraceMs({ metadata, spec })).toBe(wanted);
});

test.each([
  ['what is left of it', 20_000, 15_000, 15_000],
  ['the least, where the last requests have used it up', 20_000, 0, LEAST_GRACE_MS],
  ['the least, where little was given', 1000, 1000, LEAST_GRACE_MS],
  ['nothing, where none was given', 0, 0, 0],
])('between the signals: %s', (_, graceMs, leftMs, wanted) => {
  expect(signalGraceMs(graceMs, leftMs)).toBe(wanted);
});

test.each([
  ['without a hook', false, 5000, 5000],
  ['with a hook', true, 5000, 5000 + LEAST_GRACE_MS],
  ['with a hook and no grace', true, 0, 0],
])('to the kill, %s', (_, hasHook, graceMs, wanted) => {
  const lifecycle = hasHook ? { lifecycle: { preStop: { exec: { command: ['drain'] } } } } : {};
  expect(killGraceMs({ name: 'c', image: 'i', ...lifecycle }, graceMs)).toBe(wanted);
});
