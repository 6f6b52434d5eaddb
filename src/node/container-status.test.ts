import { describe, expect, test } from 'vitest';
import type { ContainerStatus } from '#kinds/mod.ts';
import type { ContainerObservation, Phase } from './container-status.ts';
import { containerStatus, exitCodeOf, isHeldUp, terminatedBy, waitingBefore } from './container-status.ts';

const SINCE = Date.UTC(2026, 0, 1);
const NOW = SINCE + 90_000;
const last = { exitCode: 0, reason: 'Completed' };
const runs: Phase<unknown> = { state: 'running', running: {}, since: SINCE };
const ended: Phase<unknown> = { state: 'ended' };

function statusOf(seen: Partial<ContainerObservation>): ContainerStatus {
  return containerStatus({
    container: { name: 'c', image: 'hello' },
    isInit: false,
    phase: { state: 'waiting', reason: 'ContainerCreating' },
    last: undefined,
    run: 0,
    isReady: false,
    isStarted: false,
    imageID: '',
    containerID: '',
    ...seen,
  });
}

test('of one that has not begun', () => {
  expect(statusOf({})).toEqual({
    name: 'c',
    image: 'hello',
    imageID: '',
    ready: false,
    restartCount: 0,
    started: false,
    state: { waiting: { reason: 'ContainerCreating' } },
    lastState: {},
  });
});

test.each<[string, Partial<ContainerObservation>, Partial<ContainerStatus>]>([
  [
    'waits, and why',
    { phase: { state: 'waiting', reason: 'ErrImagePull', message: 'no such image' } },
    { state: { waiting: { reason: 'ErrImagePull', message: 'no such image' } } },
  ],
  [
    'is being started',
    { phase: { state: 'starting', reason: 'PodInitializing' } },
    { state: { waiting: { reason: 'PodInitializing' } } },
  ],
  [
    'runs',
    { phase: runs, isStarted: true, isReady: true, imageID: 'sha256:1', containerID: 'ebb://u/c/0' },
    {
      state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
      started: true,
      ready: true,
      imageID: 'sha256:1',
      containerID: 'ebb://u/c/0',
    },
  ],
  ['runs again', { phase: runs, last, run: 3 }, { restartCount: 3, lastState: { terminated: last } }],
  ['has ended', { phase: ended, last }, { state: { terminated: last }, lastState: {}, ready: false }],
  ['has ended, as an init container should', { phase: ended, last, isInit: true }, { ready: true }],
  ['has ended, as no init container should', { phase: ended, last: { exitCode: 1 }, isInit: true }, { ready: false }],
  ['has ended before it ran', { phase: ended }, { state: { waiting: { reason: 'ContainerCreating' } } }],
])('of one that %s', (_, seen, wanted) => {
  expect(statusOf(seen)).toMatchObject(wanted);
});

test('only one that has ended for good has an exit code', () => {
  expect([exitCodeOf({ phase: ended, last }), exitCodeOf({ phase: runs, last })]).toEqual([0, undefined]);
});

test.each<[string, Phase<unknown>, boolean]>([
  ['creating', { state: 'waiting', reason: 'ContainerCreating' }, false],
  ['creating, with a problem', { state: 'waiting', reason: 'ContainerCreating', message: 'no volume' }, true],
  ['an image that is missing', { state: 'waiting', reason: 'ErrImagePull' }, true],
  ['a start that is under way', { state: 'starting', reason: 'ContainerCreating', message: 'no volume' }, false],
  ['a run', runs, false],
])('held up: %s', (_, phase, wanted) => {
  expect(isHeldUp(phase)).toBe(wanted);
});

test('a start says what the container waited for before it', () => {
  expect(waitingBefore({ state: 'waiting', reason: 'CrashLoopBackOff', message: 'back-off 10s' })).toEqual({
    reason: 'CrashLoopBackOff',
    message: 'back-off 10s',
  });
  expect(waitingBefore(ended)).toEqual({ reason: 'ContainerCreating' });
});

describe('the end of a run', () => {
  const end = (exit: { code: number; oomKilled?: boolean; isUnknown?: boolean }, words = '', containerID = '') =>
    terminatedBy({ exit: { oomKilled: false, ...exit }, since: SINCE, now: NOW, words, containerID });

  test.each([
    ['well', { code: 0 }, 'Completed'],
    ['badly', { code: 3 }, 'Error'],
    ['for want of memory', { code: 137, oomKilled: true }, 'OOMKilled'],
    ['unseen', { code: 137, isUnknown: true }, 'ContainerStatusUnknown'],
  ])('that ends %s', (_, exit, reason) => {
    expect(end(exit)).toMatchObject({ exitCode: exit.code, reason });
  });

  test('has its times, its last words and its id', () => {
    expect(end({ code: 1 }, 'out of luck', 'ebb://u/c/0')).toEqual({
      exitCode: 1,
      reason: 'Error',
      message: 'out of luck',
      startedAt: '2026-01-01T00:00:00Z',
      finishedAt: '2026-01-01T00:01:30Z',
      containerID: 'ebb://u/c/0',
    });
    expect(Object.keys(end({ code: 0 }))).toEqual(['exitCode', 'reason', 'startedAt', 'finishedAt']);
  });

  test('that nobody saw says so, unless the run itself said something', () => {
    expect(end({ code: 137, isUnknown: true }).message).toContain('is not known');
    expect(end({ code: 137, isUnknown: true }, 'bye').message).toBe('bye');
  });
});
