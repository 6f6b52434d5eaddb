import { describe, expect, test } from 'vitest';
import type { Node, Pod } from '#kinds/mod.ts';
import { requestsOf, unfitReasons, unschedulableMessage } from './fit.ts';

const pod = (requests: Record<string, string> = {}, spec: Partial<Pod['spec']> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'c', resources: { requests } }], ...spec },
});

const node = (
  allocatable: Record<string, string> = { cpu: '2', memory: '4Gi', pods: '3' },
  spec: Node['spec'] = {},
): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n', labels: { disk: 'ssd' } },
  spec,
  status: { allocatable },
});

describe('whether a Pod fits', () => {
  const tainted = node(undefined, { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] });
  const cases: readonly [string, Pod, Node, Pod[], string[]][] = [
    ['there is room', pod({ cpu: '500m' }), node(), [], []],
    ['cpu to the last core', pod({ cpu: '500m' }), node(), [pod({ cpu: '1500m' })], []],
    ['too little cpu', pod({ cpu: '501m' }), node(), [pod({ cpu: '1500m' })], ['Insufficient cpu']],
    ['too little of both', pod({ cpu: '3', memory: '5Gi' }), node(), [], ['Insufficient cpu', 'Insufficient memory']],
    [
      'what is over takes no room',
      pod({ cpu: '2' }),
      node(),
      [{ ...pod({ cpu: '2' }), status: { phase: 'Succeeded' } }],
      [],
    ],
    ['too many', pod(), node(), [pod(), pod(), pod()], ['Too many pods']],
    ['cordoned', pod(), node(undefined, { unschedulable: true }), [], ['node(s) were unschedulable']],
    [
      'another node is meant',
      pod({}, { nodeSelector: { disk: 'hdd' } }),
      node(),
      [],
      ["node(s) didn't match Pod's node affinity/selector"],
    ],
    ['a taint', pod(), tainted, [], ['node(s) had untolerated taint {gpu: yes}']],
    ['a taint that it tolerates', pod({}, { tolerations: [{ key: 'gpu', operator: 'Exists' }] }), tainted, [], []],
    ['an amount nobody has', pod({ 'nvidia.com/gpu': '1' }), node(), [], ['Insufficient nvidia.com/gpu']],
  ];
  test.each(cases)('%s', (_why, wanted, where, there, expected) => {
    expect(unfitReasons(wanted, where, there)).toEqual(expected);
  });
});

test('init containers count by the hungriest, sidecars with the rest', () => {
  const init = (cpu: string, restartPolicy?: string) => ({
    name: cpu,
    resources: { requests: { cpu } },
    ...(restartPolicy ? { restartPolicy } : {}),
  });
  expect(requestsOf(pod({ cpu: '1' }, { initContainers: [init('3'), init('500m', 'Always')] }))).toEqual({
    pods: 1,
    cpu: 3.5,
  });
});

const NO_VICTIMS = 'No preemption victims found for incoming pod';
const NO_HELP = 'Preemption is not helpful for scheduling';
const far = "node(s) didn't match pod anti-affinity rules";
const near = "node(s) didn't match pod affinity rules";
const uneven = "node(s) didn't match pod topology spread constraints";

test.each<[string[][], string, string]>([
  [[['Insufficient cpu']], '1 Insufficient cpu', `1 ${NO_VICTIMS}`],
  [[[far]], `1 ${far}`, `1 ${NO_VICTIMS}`],
  [[[uneven]], `1 ${uneven}`, `1 ${NO_VICTIMS}`],
  [[[near]], `1 ${near}`, `1 ${NO_HELP}`],
  [[[`${uneven} (missing required label)`]], `1 ${uneven} (missing required label)`, `1 ${NO_HELP}`],
  [
    [["node(s) didn't match Pod's node affinity/selector"]],
    "1 node(s) didn't match Pod's node affinity/selector",
    `1 ${NO_HELP}`,
  ],
  [[['node(s) had untolerated taint {gpu: yes}']], '1 node(s) had untolerated taint {gpu: yes}', `1 ${NO_HELP}`],
  [
    [['node(s) were unschedulable'], ['Insufficient cpu'], ['Insufficient cpu', 'Too many pods']],
    '1 Too many pods, 1 node(s) were unschedulable, 2 Insufficient cpu',
    `1 ${NO_HELP}, 2 ${NO_VICTIMS}`,
  ],
])('what is told of %j', (unfit, why, help) => {
  const none = `0/${unfit.length} nodes are available:`;
  expect(unschedulableMessage(unfit)).toBe(`${none} ${why}. preemption: ${none} ${help}.`);
});

test('what is told where there is no node', () => {
  expect(unschedulableMessage([])).toBe('no nodes available to schedule pods');
});
