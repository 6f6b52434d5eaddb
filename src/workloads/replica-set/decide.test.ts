import { describe, expect, test } from 'vitest';
import type { Pod, ReplicaSet } from '#kinds/mod.ts';
import { planReplicas, replicaStatus, untilNextAvailable } from './decide.ts';

const NOW = Date.UTC(2026, 0, 2);
const elapsedSince = (stamp: string) => NOW - Date.parse(stamp);
const facts = { now: NOW, elapsedSince };

interface Sketch {
  readonly node?: string;
  readonly phase?: string;
  readonly readySince?: string;
  readonly made?: string;
  readonly going?: boolean;
  readonly restarts?: number;
  readonly cost?: string;
}

function pod(
  name: string,
  { node = 'n', phase = 'Running', readySince, made = '2026-01-01T00:00:00Z', going, restarts = 0, cost }: Sketch = {},
): Pod {
  const conditions = readySince ? [{ type: 'Ready', status: 'True', lastTransitionTime: readySince }] : [];
  const status = { name: 'c', ready: Boolean(readySince), restartCount: restarts, image: '', imageID: '' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      creationTimestamp: made,
      labels: { app: 'a' },
      ...(cost ? { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } } : {}),
      ...(going ? { deletionTimestamp: made } : {}),
    },
    spec: { containers: [], nodeName: node },
    status: { phase, conditions, containerStatuses: [status] },
  };
}

const ready = '2026-01-01T12:00:00Z';

describe('which Pods are made or given up', () => {
  const cases: readonly [string, number, Pod[], number, string[]][] = [
    ['as many as are missing', 3, [pod('a')], 2, []],
    ['one that is going or over does not count', 2, [pod('a', { going: true }), pod('b', { phase: 'Failed' })], 2, []],
    ['none where all are there', 1, [pod('a')], 0, []],
    [
      'one without a node goes first',
      1,
      [pod('a', { readySince: ready }), pod('b', { node: '', phase: 'Pending' })],
      0,
      ['b'],
    ],
    ['pending before running', 1, [pod('a'), pod('b', { phase: 'Pending' })], 0, ['b']],
    ['not ready before ready', 1, [pod('a', { readySince: ready }), pod('b')], 0, ['b']],
    ['the cheaper one first', 1, [pod('a', { cost: '10' }), pod('b', { cost: '-1' })], 0, ['b']],
    [
      'ready for a shorter time first',
      1,
      [pod('a', { readySince: ready }), pod('b', { readySince: '2026-01-01T13:00:00Z' })],
      0,
      ['b'],
    ],
    ['more restarts first', 1, [pod('a'), pod('b', { restarts: 3 })], 0, ['b']],
    ['the youngest first', 1, [pod('a'), pod('b', { made: '2026-01-01T01:00:00Z' })], 0, ['b']],
  ];
  test.each(cases)('%s', (_why, wanted, pods, create, remove) => {
    const plan = planReplicas(wanted, pods);
    expect([plan.create, plan.remove.map(({ metadata }) => metadata.name)]).toEqual([create, remove]);
  });
});

function set(minReadySeconds?: number): ReplicaSet {
  const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [] } };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 's', generation: 3 },
    spec: { replicas: 2, selector: {}, template, ...(minReadySeconds ? { minReadySeconds } : {}) },
  };
}

describe('what it says of itself', () => {
  test('counts', () => {
    const pods = [pod('a', { readySince: ready }), pod('b'), pod('c', { going: true })];
    expect(replicaStatus(set(), pods, facts)).toEqual({
      observedGeneration: 3,
      replicas: 2,
      fullyLabeledReplicas: 2,
      readyReplicas: 1,
      availableReplicas: 1,
    });
  });

  test('ready counts as available after its time', () => {
    const pods = [pod('a', { readySince: '2026-01-01T23:59:50Z' })];
    expect(replicaStatus(set(30), pods, facts).availableReplicas).toBeUndefined();
    expect(untilNextAvailable(set(30), pods, elapsedSince)).toBe(20_000);
  });

  test('a refusal shows as ReplicaFailure until it is over', () => {
    const failed = replicaStatus(set(), [], { ...facts, failure: { reason: 'FailedCreate', message: 'no' } });
    expect(failed.conditions).toEqual([
      {
        type: 'ReplicaFailure',
        status: 'True',
        lastTransitionTime: '2026-01-02T00:00:00Z',
        reason: 'FailedCreate',
        message: 'no',
      },
    ]);
    expect(replicaStatus({ ...set(), status: failed }, [], facts).conditions).toBeUndefined();
  });

  test('the same refusal in other words changes nothing, so that the next try keeps its distance', () => {
    const refused = (message: string, reason: 'FailedCreate' | 'FailedDelete' = 'FailedCreate', now = NOW + 5000) => ({
      now,
      elapsedSince,
      failure: { reason, message },
    });
    const first = replicaStatus(set(), [], refused('pods "a-1" is forbidden', 'FailedCreate', NOW));
    const failed = { ...set(), status: first };
    const again = replicaStatus(failed, [], refused('pods "a-2" is forbidden'));
    expect(again).toEqual(first);
    const other = replicaStatus(failed, [], refused('no', 'FailedDelete'));
    expect(other.conditions).toMatchObject([{ reason: 'FailedDelete', lastTransitionTime: '2026-01-02T00:00:00Z' }]);
  });
});
