import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Deployment, ReplicaSet } from '#kinds/mod.ts';
import { boundsOf, planRollout } from './rollout.ts';

interface Size {
  readonly spec: number;
  readonly available: number;
}

function deployment(replicas: number, spec: Partial<Deployment['spec']> = {}): Deployment {
  const template = { spec: { containers: [] } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: { replicas, selector: {}, template, ...spec },
  };
}

function set(name: string, { spec, available }: Size, age = 0): ReplicaSet {
  const creationTimestamp = new Date(Date.UTC(2026, 0, 1) - age * 1000).toISOString();
  const metadata = { name, uid: name, creationTimestamp };
  const template = { spec: { containers: [] } };
  const status = { replicas: spec, availableReplicas: available };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata,
    spec: { replicas: spec, selector: {}, template },
    status,
  };
}

const rolling = (maxSurge: number | string, maxUnavailable: number | string): Partial<Deployment['spec']> => ({
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
});

const plan = (wanted: Deployment, current: ReplicaSet, ...old: ReplicaSet[]): Record<string, number> =>
  Object.fromEntries(
    planRollout(wanted, current, old).map(({ set: { metadata }, replicas }) => [metadata.name, replicas]),
  );

describe('bounds of a rolling update', () => {
  test.each([
    ['25%', '25%', 10, { surge: 3, unavailable: 2 }],
    ['25%', '25%', 1, { surge: 1, unavailable: 0 }],
    [0, 0, 3, { surge: 0, unavailable: 1 }],
    [0, '10%', 3, { surge: 0, unavailable: 1 }],
    [2, 5, 3, { surge: 2, unavailable: 3 }],
  ])('surge %s, unavailable %s of %d', (surge, unavailable, wanted, expected) => {
    expect(boundsOf(deployment(wanted, rolling(surge, unavailable)))).toEqual(expected);
  });
});

describe('what is scaled next', () => {
  const cases: readonly [string, Deployment, ReplicaSet, ReplicaSet[], Record<string, number>][] = [
    ['a first set goes to its full size', deployment(3), set('new', { spec: 0, available: 0 }), [], { new: 3 }],
    ['nothing where all is as wanted', deployment(3), set('new', { spec: 3, available: 3 }), [], {}],
    ['to zero', deployment(0), set('new', { spec: 3, available: 3 }), [], { new: 0 }],
    [
      'grows by the surge first',
      deployment(4, rolling(1, 0)),
      set('new', { spec: 0, available: 0 }),
      [set('old', { spec: 4, available: 4 })],
      { new: 1 },
    ],
    [
      'waits for the new one to answer',
      deployment(4, rolling(1, 0)),
      set('new', { spec: 1, available: 0 }),
      [set('old', { spec: 4, available: 4 })],
      {},
    ],
    [
      'then one old one goes',
      deployment(4, rolling(1, 0)),
      set('new', { spec: 1, available: 1 }),
      [set('old', { spec: 4, available: 4 })],
      { old: 3 },
    ],
    [
      'old ones that do not answer go at once',
      deployment(3, rolling(1, 0)),
      set('new', { spec: 1, available: 0 }),
      [set('old', { spec: 3, available: 2 })],
      {},
    ],
    [
      'the oldest template goes first',
      deployment(2, rolling(1, 1)),
      set('new', { spec: 1, available: 1 }),
      [set('a', { spec: 1, available: 1 }, 9), set('b', { spec: 1, available: 1 }, 5)],
      { a: 0, b: 0 },
    ],
    [
      'recreate stops all old ones first',
      deployment(2, { strategy: { type: 'Recreate' } }),
      set('new', { spec: 0, available: 0 }),
      [set('old', { spec: 2, available: 2 })],
      { old: 0 },
    ],
    [
      'recreate waits for the last old Pod',
      deployment(2, { strategy: { type: 'Recreate' } }),
      set('new', { spec: 0, available: 0 }),
      [{ ...set('old', { spec: 0, available: 0 }), status: { replicas: 1 } }],
      {},
    ],
    [
      'paused rolls nothing out',
      deployment(2, { paused: true }),
      set('new', { spec: 0, available: 0 }),
      [set('old', { spec: 2, available: 2 })],
      {},
    ],
    [
      'paused can be scaled',
      deployment(5, { paused: true }),
      set('new', { spec: 0, available: 0 }),
      [set('old', { spec: 2, available: 2 })],
      { old: 5 },
    ],
  ];
  test.each(cases)('%s', (_why, wanted, current, old, expected) => {
    expect(plan(wanted, current, ...old)).toEqual(expected);
  });
});

test('a roll-out ends, and on its way there are never too many Pods and never too few that answer', () => {
  const size = fc.integer({ min: 1, max: 12 });
  const bound = fc.integer({ min: 0, max: 5 });
  fc.assert(
    fc.property(size, bound, bound, (wanted, surge, unavailable) => {
      const target = deployment(wanted, rolling(surge, unavailable));
      const bounds = boundsOf(target);
      let current = set('new', { spec: 0, available: 0 });
      let old = set('old', { spec: wanted, available: wanted }, 9);
      for (let step = 0; step < 200; step++) {
        const next = plan(target, current, old);
        if (Object.keys(next).length === 0 && current.status?.availableReplicas === current.spec.replicas) break;
        const [newSize = 0, oldSize = 0] = [next['new'] ?? current.spec.replicas, next['old'] ?? old.spec.replicas];
        const answering =
          Math.min(newSize, current.status?.availableReplicas ?? 0) +
          Math.min(oldSize, old.status?.availableReplicas ?? 0);
        expect(newSize + oldSize).toBeLessThanOrEqual(Math.max(wanted + bounds.surge, wanted));
        expect(answering).toBeGreaterThanOrEqual(wanted - bounds.unavailable);
        // One more of the new ones answers after each step.
        current = set('new', {
          spec: newSize,
          available: Math.min(newSize, (current.status?.availableReplicas ?? 0) + 1),
        });
        old = set('old', { spec: oldSize, available: oldSize }, 9);
      }
      expect([current.spec.replicas, old.spec.replicas]).toEqual([wanted, 0]);
    }),
  );
});
