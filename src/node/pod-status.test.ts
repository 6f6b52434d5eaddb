import { describe, expect, test } from 'vitest';
import type { ContainerState, ContainerStatus, Pod, PodCondition } from '#kinds/mod.ts';
import { podStatus } from './pod-status.ts';
import type { PodObservation } from './pod-status.ts';

const NOW = Date.UTC(2026, 0, 1);
const LATER = NOW + 60_000;

const waits = (reason = 'ContainerCreating', restartCount = 0) => status({ waiting: { reason } }, false, restartCount);
const runs = (ready = true) => status({ running: { startedAt: '2026-01-01T00:00:00Z' } }, ready);
const ended = (exitCode: number, restartCount = 0) => status({ terminated: { exitCode } }, false, restartCount);

function status(state: ContainerState, ready: boolean, restartCount = 0): Omit<ContainerStatus, 'name'> {
  return { image: 'i', imageID: '', ready, restartCount, started: state.running !== undefined, state, lastState: {} };
}

interface Given extends Partial<Omit<PodObservation, 'init' | 'main' | 'pod'>> {
  readonly init?: readonly Omit<ContainerStatus, 'name'>[];
  readonly main?: readonly Omit<ContainerStatus, 'name'>[];
  readonly pod?: Partial<Pod>;
}

function seen({ init = [], main = [], pod = {}, ...rest }: Given) {
  const named = (prefix: string, list: readonly Omit<ContainerStatus, 'name'>[]) =>
    list.map((one, at): ContainerStatus => ({ ...one, name: `${prefix}${at}` }));
  const whole: Pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [] }, ...pod };
  const sandbox = { podUid: 'u', address: '10.0.0.2', hostPorts: {} };
  return podStatus({
    pod: whole,
    sandbox,
    hostIP: '127.0.0.1',
    isStopping: false,
    now: NOW,
    ...rest,
    init: named('i', init),
    main: named('c', main),
  });
}

function conditions(given: Given): Record<string, string> {
  return Object.fromEntries(
    (seen(given).conditions ?? []).map(({ type, status: is, reason }) => [type, reason ? `${is} ${reason}` : is]),
  );
}

const oneSidecar: Partial<Pod> = {
  spec: { containers: [], initContainers: [{ name: 'i0', image: 'i', restartPolicy: 'Always' }] },
};

const cases: [string, Given, string, string][] = [
  ['nothing has begun', { main: [waits()] }, 'Pending', 'False ContainersNotReady'],
  ['an image is missing', { main: [waits('ImagePullBackOff')] }, 'Pending', 'False ContainersNotReady'],
  [
    'an init container runs',
    { init: [runs(false)], main: [waits('PodInitializing')] },
    'Pending',
    'False ContainersNotReady',
  ],
  [
    'an init container has failed for good',
    { init: [ended(1)], main: [waits('PodInitializing')] },
    'Failed',
    'False PodFailed',
  ],
  [
    'an init container waits for its next try',
    { init: [waits('CrashLoopBackOff', 2)], main: [waits('PodInitializing')] },
    'Pending',
    'False ContainersNotReady',
  ],
  ['all run', { init: [ended(0)], main: [runs(), runs()] }, 'Running', 'True'],
  ['one is not ready', { main: [runs(), runs(false)] }, 'Running', 'False ContainersNotReady'],
  [
    'one waits for its next run',
    { main: [runs(), waits('CrashLoopBackOff', 3)] },
    'Running',
    'False ContainersNotReady',
  ],
  [
    'the only one waits for its next run',
    { main: [waits('CrashLoopBackOff', 1)] },
    'Running',
    'False ContainersNotReady',
  ],
  [
    'it once ran, and waits now',
    { main: [waits()], pod: { status: { phase: 'Running' } } },
    'Running',
    'False ContainersNotReady',
  ],
  ['one of two has ended', { main: [runs(), ended(0)] }, 'Running', 'False ContainersNotReady'],
  ['all have ended well', { main: [ended(0), ended(0)] }, 'Succeeded', 'False PodCompleted'],
  ['all have ended, one badly', { main: [ended(0), ended(3)] }, 'Failed', 'False PodFailed'],
  ['all have ended badly after tries', { main: [ended(3, 4)] }, 'Failed', 'False PodFailed'],
  ['it stops', { main: [runs()], isStopping: true }, 'Running', 'False ContainersNotReady'],
  ['a sidecar runs beside', { pod: oneSidecar, init: [runs()], main: [runs()] }, 'Running', 'True'],
  [
    'a sidecar is not ready',
    { pod: oneSidecar, init: [runs(false)], main: [runs()] },
    'Running',
    'False ContainersNotReady',
  ],
  [
    'a sidecar was ended after all others',
    { pod: oneSidecar, init: [ended(137)], main: [ended(0)] },
    'Succeeded',
    'False PodCompleted',
  ],
  [
    'its time was over',
    { main: [ended(0)], failure: { reason: 'DeadlineExceeded', message: 'too long' } },
    'Failed',
    'False PodFailed',
  ],
];

test.each(cases)('%s', (_, given, phase, ready) => {
  expect(seen(given).phase).toBe(phase);
  expect(conditions(given).Ready).toBe(ready);
  expect(conditions(given).ContainersReady).toBe(ready);
});

describe('conditions', () => {
  test.each<[string, Given, string]>([
    ['without init containers', { main: [runs()] }, 'True'],
    ['while one runs', { init: [ended(0), runs(false)], main: [waits()] }, 'False ContainersNotInitialized'],
    ['when all have ended well', { init: [ended(0), ended(0)], main: [waits()] }, 'True'],
    ['when a sidecar has started', { pod: oneSidecar, init: [runs(false)], main: [waits()] }, 'True'],
    ['when all is over', { pod: oneSidecar, init: [ended(137)], main: [ended(0)] }, 'True'],
  ])('Initialized %s', (_, given, wanted) => {
    expect(conditions(given).Initialized).toBe(wanted);
  });

  test('a place in the network is told of', () => {
    expect(conditions({ sandbox: undefined }).PodReadyToStartContainers).toBe('False');
    expect(seen({ main: [runs()] })).toMatchObject({
      podIP: '10.0.0.2',
      podIPs: [{ ip: '10.0.0.2' }],
      hostIP: '127.0.0.1',
      startTime: '2026-01-01T00:00:00Z',
    });
  });

  test('names who is not ready', () => {
    const ready = seen({ main: [runs(false), runs(), waits()] }).conditions?.find(({ type }) => type === 'Ready');
    expect(ready?.message).toBe('containers with unready status: [c0 c2]');
  });

  test('keep their time until they turn, and those of others are kept', () => {
    const first = seen({ main: [runs(false)] });
    const foreign: PodCondition = { type: 'example.com/gate', status: 'True' };
    const pod = { status: { ...first, conditions: [...(first.conditions ?? []), foreign] } };
    const second = seen({ main: [runs()], pod, now: LATER });
    const since = Object.fromEntries(
      (second.conditions ?? []).map(({ type, lastTransitionTime }) => [type, lastTransitionTime]),
    );
    expect(since).toMatchObject({ Ready: '2026-01-01T00:01:00Z', PodScheduled: '2026-01-01T00:00:00Z' });
    expect(second.conditions).toContainEqual(foreign);
    expect(second.startTime).toBe('2026-01-01T00:00:00Z');
  });

  test.each<[PodCondition[], string]>([
    [[], 'False ReadinessGatesNotReady'],
    [[{ type: 'example.com/gate', status: 'False' }], 'False ReadinessGatesNotReady'],
    [[{ type: 'example.com/gate', status: 'True' }], 'True'],
  ])('a gate %j: Ready %s, containers ready all the same', (there, wanted) => {
    const pod: Partial<Pod> = {
      spec: { containers: [], readinessGates: [{ conditionType: 'example.com/gate' }] },
      status: { conditions: there },
    };
    expect(conditions({ main: [runs()], pod })).toMatchObject({ Ready: wanted, ContainersReady: 'True' });
  });
});

test('a failure of the whole Pod is told with its reason', () => {
  expect(seen({ main: [ended(137)], failure: { reason: 'DeadlineExceeded', message: 'too long' } })).toMatchObject({
    phase: 'Failed',
    reason: 'DeadlineExceeded',
    message: 'too long',
  });
});
