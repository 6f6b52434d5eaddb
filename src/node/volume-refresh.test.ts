import { expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import type { Refreshable } from './volume-refresh.ts';
import { VolumeRefresh } from './volume-refresh.ts';

function scene() {
  const clock = new VirtualClock();
  const refreshed: string[] = [];
  const warnings: string[] = [];
  const pod = (namespace: string, outcome = () => Promise.resolve()): Refreshable => ({
    namespace,
    refresh() {
      refreshed.push(namespace);
      return outcome();
    },
  });
  const pods = [pod('a'), pod('b'), pod('c')];
  const refresh = new VolumeRefresh({
    clock,
    pods: () => pods,
    warn: (message, fields) => warnings.push(`${message} ${JSON.stringify(fields)}`),
  });
  return { clock, refreshed, warnings, pods, pod, refresh };
}

test('many changes in a second are one refresh of the Pods that they concern', async () => {
  const { clock, refresh, refreshed } = scene();
  refresh.soon('a');
  await clock.advance(500);
  refresh.soon('c');
  refresh.soon('a');
  await clock.advance(499);
  expect(refreshed).toEqual([]);
  await clock.advance(1);
  expect(refreshed).toEqual(['a', 'c']);
  await clock.advance(10_000);
  expect(refreshed).toEqual(['a', 'c']);
  refresh.soon('b');
  await clock.advance(1000);
  expect(refreshed).toEqual(['a', 'c', 'b']);
});

test('all at once, where all are concerned', async () => {
  const { clock, refresh, refreshed } = scene();
  refresh.allSoon();
  await clock.advance(1000);
  expect(refreshed).toEqual(['a', 'b', 'c']);
});

test('one that fails is told of and keeps no other back', async () => {
  const { clock, refresh, refreshed, warnings, pods, pod } = scene();
  pods.unshift(pod('a', () => Promise.reject(new Error('no space left'))));
  refresh.soon('a');
  await clock.advance(1000);
  expect(refreshed).toEqual(['a', 'a']);
  expect(warnings).toEqual(['volumes could not be brought up to date {"error":"no space left"}']);
});

test('none after the stop', async () => {
  const { clock, refresh, refreshed } = scene();
  refresh.soon('a');
  refresh.stop();
  await clock.advance(10_000);
  expect([refreshed, clock.nextDue]).toEqual([[], undefined]);
});
