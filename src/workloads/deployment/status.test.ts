import { describe, expect, test } from 'vitest';
import type { Deployment, ReplicaSet, StandardCondition } from '#kinds/mod.ts';
import { deploymentStatus, untilDeadline } from './status.ts';

const NOW = Date.UTC(2026, 0, 2);
const elapsedWhileUp = (stamp: string) => NOW - Date.parse(stamp);
const LONG_AGO = '2026-01-01T00:00:00Z';
const template = { spec: { containers: [] } };

function deployment(conditions: StandardCondition[] = [], spec: Partial<Deployment['spec']> = {}): Deployment {
  const metadata = { name: 'd', generation: 2 };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: { replicas: 2, selector: {}, template, ...spec },
    status: { conditions },
  };
}

function set(replicas: number, available: number): ReplicaSet {
  const status = { replicas, readyReplicas: available, availableReplicas: available };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'd-x' },
    spec: { replicas: 2, selector: {}, template },
    status,
  };
}

const progressing = (status: string, reason: string, since = LONG_AGO): StandardCondition => ({
  type: 'Progressing',
  status,
  reason,
  message: reason,
  lastUpdateTime: since,
  lastTransitionTime: since,
});

const told = (facts: { deployment: Deployment; current: ReplicaSet; isNew?: boolean }) => {
  const { conditions = [], ...counts } = deploymentStatus({
    old: [],
    isNew: false,
    now: NOW,
    elapsedWhileUp,
    ...facts,
  });
  return {
    ...counts,
    ...Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`])),
  };
};

describe('what a Deployment says of itself', () => {
  const cases: readonly [string, Deployment, ReplicaSet, Record<string, unknown>][] = [
    [
      'all there',
      deployment(),
      set(2, 2),
      {
        replicas: 2,
        updatedReplicas: 2,
        readyReplicas: 2,
        availableReplicas: 2,
        Available: 'True MinimumReplicasAvailable',
        Progressing: 'True NewReplicaSetAvailable',
      },
    ],
    [
      'none answers yet',
      deployment(),
      set(2, 0),
      {
        replicas: 2,
        updatedReplicas: 2,
        unavailableReplicas: 2,
        Available: 'False MinimumReplicasUnavailable',
        Progressing: 'True FoundNewReplicaSet',
      },
    ],
    [
      'one more than before',
      deployment([progressing('True', 'FoundNewReplicaSet')]),
      set(2, 1),
      {
        replicas: 2,
        updatedReplicas: 2,
        readyReplicas: 1,
        availableReplicas: 1,
        unavailableReplicas: 1,
        Available: 'False MinimumReplicasUnavailable',
        Progressing: 'True ReplicaSetUpdated',
      },
    ],
    [
      'too late',
      deployment([progressing('True', 'ReplicaSetUpdated')], { progressDeadlineSeconds: 60 }),
      set(0, 0),
      {
        unavailableReplicas: 2,
        Available: 'False MinimumReplicasUnavailable',
        Progressing: 'False ProgressDeadlineExceeded',
      },
    ],
    [
      'once complete, then a Pod was lost',
      deployment([progressing('True', 'NewReplicaSetAvailable')], { progressDeadlineSeconds: 60 }),
      set(0, 0),
      {
        unavailableReplicas: 2,
        Available: 'False MinimumReplicasUnavailable',
        Progressing: 'True NewReplicaSetAvailable',
      },
    ],
  ];
  test.each(cases)('%s', (_why, one, current, expected) => {
    expect(told({ deployment: one, current })).toEqual({ observedGeneration: 2, ...expected });
  });

  test('texts are those that clients wait for', () => {
    const { conditions } = deploymentStatus({
      deployment: deployment(),
      current: set(2, 2),
      old: [],
      isNew: false,
      now: NOW,
      elapsedWhileUp,
    });
    expect(conditions?.map(({ message }) => message)).toEqual([
      'Deployment has minimum availability.',
      'ReplicaSet "d-x" has successfully progressed.',
    ]);
  });

  test('a condition that says the same keeps its times', () => {
    const before = deploymentStatus({
      deployment: deployment(),
      current: set(2, 2),
      old: [],
      isNew: false,
      now: NOW - 60_000,
      elapsedWhileUp,
    });
    const again = deploymentStatus({
      deployment: deployment(before.conditions),
      current: set(2, 2),
      old: [],
      isNew: false,
      now: NOW,
      elapsedWhileUp,
    });
    expect(again.conditions).toEqual(before.conditions);
  });
});

test('the deadline counts from the last step forward', () => {
  const at = (reason: string) =>
    untilDeadline(
      deployment([progressing('True', reason, '2026-01-02T00:00:00Z')], { progressDeadlineSeconds: 60 }),
      (stamp) => elapsedWhileUp(stamp) + 20_000,
    );
  expect([at('ReplicaSetUpdated'), at('NewReplicaSetAvailable')]).toEqual([40_000, undefined]);
});
