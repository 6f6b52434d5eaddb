import { expect, test } from 'vitest';
import type { Containers, RunState } from './pod-progress.ts';
import { afterInit, hasRunOut, isComingUp, isWaitedFor, lastingOf, recordOf } from './pod-progress.ts';

type State = Omit<RunState, 'container'>;

const state = { isReady: false, isStarted: false, isComingUp: false, isOver: false, exitCode: undefined };
const coming: State = { ...state, isComingUp: true };
const heldUp: State = state;
const started: State = { ...state, isStarted: true, isComingUp: true };
const ready: State = { ...started, isReady: true };
const ended = (exitCode?: number): State => ({ ...state, isOver: true, exitCode });

/** Containers by their states: init containers `i0`, `i1`, of which `side` names the sidecars, and `c0`, `c1`. */
function containers(init: readonly State[], main: readonly State[], side: readonly string[] = []): Containers {
  const named = (prefix: string, states: readonly State[]) =>
    states.map((one, at): RunState => ({ ...one, container: { name: `${prefix}${at}` } }));
  return { init: named('i', init), main: named('c', main), sidecars: new Set(side) };
}

test.each<[string, State, boolean, ReturnType<typeof afterInit>]>([
  ['one that is on its way', coming, false, 'wait'],
  ['one that runs', started, false, 'wait'],
  ['one that has ended well', ended(0), false, 'next'],
  ['one that has failed for good', ended(1), false, 'end'],
  ['one that was stopped before it ran', ended(), false, 'end'],
  ['a sidecar that is on its way', coming, true, 'wait'],
  ['a sidecar that has started', started, true, 'next'],
  ['a sidecar that was ended', ended(0), true, 'end'],
])('after an init container: %s', (_, run, isSidecar, wanted) => {
  expect(afterInit(run, isSidecar)).toBe(wanted);
});

test.each<[string, Containers, boolean]>([
  ['all are on their way', containers([], [coming, started]), true],
  ['one is ready, the other on its way', containers([], [ready, coming]), true],
  ['all are ready', containers([], [ready, ready]), false],
  ['one is held up', containers([], [coming, heldUp]), false],
  ['one has ended', containers([], [coming, ended(0)]), false],
  ['there are init containers, whose steps are waited for', containers([coming], [coming]), false],
])('coming up: %s', (_, given, wanted) => {
  expect(isComingUp(given, undefined)).toBe(wanted);
});

test.each([
  [false, true],
  [true, false],
])('coming up again, where ready was told %s before', (wasReady, wanted) => {
  const told = { name: 'c0', image: 'i', imageID: '', ready: wasReady, restartCount: 0 };
  expect(isComingUp(containers([], [coming]), { containerStatuses: [told] })).toBe(wanted);
});

test.each<[string, Containers, boolean]>([
  ['all are on their way', containers([], [coming, started]), true],
  ['one is ready, the other not', containers([], [ready, started]), true],
  ['init containers run', containers([started], [coming]), true],
  ['all are ready', containers([ended(0)], [ready, ready]), false],
  ['all have ended', containers([], [ended(0)]), false],
])('waited for: %s', (_, given, wanted) => {
  expect(isWaitedFor(given)).toBe(wanted);
});

test.each<[string, Containers, boolean]>([
  ['one runs', containers([], [ended(0), started]), false],
  ['all have ended', containers([], [ended(0), ended(1)]), true],
  ['all have ended but a sidecar', containers([started], [ended(0)], ['i0']), true],
  ['an init container has ended well', containers([ended(0)], [heldUp]), false],
  ['an init container has failed for good', containers([ended(2)], [heldUp]), true],
  ['a sidecar has ended, the others run', containers([ended(2)], [started], ['i0']), false],
])('run out: %s', (_, given, wanted) => {
  expect(hasRunOut(given)).toBe(wanted);
});

test('sidecars last, other init containers do not', () => {
  const lasting = lastingOf(containers([ended(0), started], [started, started], ['i1']));
  expect(lasting.map(({ container }) => container.name)).toEqual(['i1', 'c0', 'c1']);
});

test('what runs is noted, and nothing else', () => {
  const sandbox = { podUid: 'u', address: '10.0.0.2', hostPorts: {} };
  const record = { id: 'u/c/2', pid: 7, started: 'then' };
  const runs = { container: { name: 'c' }, running: { record }, run: 2, since: 5 };
  const waits = { container: { name: 'd' }, running: undefined, run: 0, since: undefined };
  expect(recordOf(sandbox, [runs, waits])).toEqual({ sandbox, containers: { c: { record, run: 2, since: 5 } } });
});
