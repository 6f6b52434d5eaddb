import { expect, test } from 'vitest';
import type { Node, Pod } from '#kinds/mod.ts';
import { companyOf, nodeOf, podOf } from './company.fixture.ts';
import { spreadProblem } from './topology-spread.ts';

const UNEVEN = "node(s) didn't match pod topology spread constraints";
const HOST = 'kubernetes.io/hostname';
type Constraint = NonNullable<Pod['spec']['topologySpreadConstraints']>[number];

const web = (more: Partial<Constraint> = {}, spec: Partial<Pod['spec']> = {}): Pod =>
  podOf(
    { app: 'web', v: '2' },
    {
      ...spec,
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: HOST,
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app: 'web' } },
          ...more,
        },
      ],
    },
  );

const A = nodeOf('a', { zone: 'z' });
const B = nodeOf('b');
const DEDICATED: Node = { ...B, spec: { taints: [{ key: 'gpu', effect: 'NoSchedule' }] } };
const one = podOf({ app: 'web', v: '1' });
const leaving: Pod = { ...one, metadata: { ...one.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };

const cases: readonly [string, Pod, Node[], [string, Pod][], string | undefined][] = [
  ['no constraint', podOf({}), [A], [['a', one]], undefined],
  [
    'the only node is even with itself',
    web(),
    [A],
    [
      ['a', one],
      ['a', one],
    ],
    undefined,
  ],
  ['the other node has fewer', web(), [A, B], [['a', one]], UNEVEN],
  [
    'both have as many',
    web(),
    [A, B],
    [
      ['a', one],
      ['b', one],
    ],
    undefined,
  ],
  ['a skew that may be', web({ maxSkew: 2 }), [A, B], [['a', one]], undefined],
  ['ScheduleAnyway forbids nothing', web({ whenUnsatisfiable: 'ScheduleAnyway' }), [A, B], [['a', one]], undefined],
  ['those of other namespaces do not count', web(), [A, B], [['a', podOf({ app: 'web' }, {}, 'other')]], undefined],
  ['others do not count', web(), [A, B], [['a', podOf({ app: 'db' })]], undefined],
  ['those that leave do not count', web(), [A, B], [['a', leaving]], undefined],
  [
    'one that is not among those counted',
    web({ labelSelector: { matchLabels: { v: '1' } } }),
    [A, B],
    [['a', one]],
    undefined,
  ],
  ['its own version alone', web({ matchLabelKeys: ['v'] }), [A, B], [['a', one]], undefined],
  ['a node without the label', web({ topologyKey: 'rack' }), [A], [], `${UNEVEN} (missing required label)`],
  ['nodes without the label do not count', web({ topologyKey: 'zone' }), [A, B], [['a', one]], undefined],
  ['fewer domains than there should be', web({ minDomains: 2 }), [A], [['a', one]], UNEVEN],
  [
    'as many domains as there should be',
    web({ minDomains: 2 }),
    [A, B],
    [
      ['a', one],
      ['b', one],
    ],
    undefined,
  ],
  ['nodes it does not want do not count', web({}, { nodeSelector: { zone: 'z' } }), [A, B], [['a', one]], undefined],
  [
    'unless all are to',
    web({ nodeAffinityPolicy: 'Ignore' }, { nodeSelector: { zone: 'z' } }),
    [A, B],
    [['a', one]],
    UNEVEN,
  ],
  ['nodes with taints count', web(), [A, DEDICATED], [['a', one]], UNEVEN],
  ['unless taints are to be heeded', web({ nodeTaintsPolicy: 'Honor' }), [A, DEDICATED], [['a', one]], undefined],
];

test.each(cases)('%s', (_why, pod, nodes, there, expected) => {
  expect(spreadProblem(pod, A, companyOf(nodes, there))).toBe(expected);
});
