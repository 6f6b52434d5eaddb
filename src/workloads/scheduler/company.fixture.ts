// Nodes and Pods for cases of where a Pod may be.

import type { Node, Pod } from '#kinds/mod.ts';
import type { Company, Placed } from './company.ts';
import type { Labels } from './rules.ts';

export const nodeOf = (name: string, labels: Labels = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
  spec: {},
});

export const podOf = (labels: Labels, spec: Partial<Pod['spec']> = {}, namespace = 'default'): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace, labels },
  spec: { containers: [{ name: 'c' }], ...spec },
});

/** Pods on nodes, by the nodes' names; the namespace `other` has the label `team: red`. */
export function companyOf(nodes: readonly Node[], there: readonly (readonly [string, Pod])[]): Company {
  const placed = there.flatMap(([name, pod]): Placed[] => {
    const node = nodes.find(({ metadata }) => metadata.name === name);
    return node ? [{ pod, node }] : [];
  });
  return { nodes, placed, labelsOfNamespace: (name) => (name === 'other' ? { team: 'red' } : undefined) };
}
