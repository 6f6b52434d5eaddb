// PodMetrics and NodeMetrics: what Pods and nodes use just now. Measured when asked for, never stored.

import { milliQuantity, parseQuantity } from '#base/mod.ts';
import type { KubeObject, ObjectOf } from '#machinery/mod.ts';
import { computed, defineKind, list, map, object, quantity, text, time } from '#machinery/mod.ts';

const UsageSchema = map(quantity());
const measured = {
  timestamp: time().required().doc('When it was measured.'),
  window: text().required().doc('The time that was looked at, up to the timestamp.'),
};
const READ_ONLY = ['get', 'list'];

/** As the columns see either kind. */
interface Shown extends KubeObject {
  readonly window?: string | undefined;
  readonly usage?: Usage | undefined;
  readonly containers?: readonly { readonly usage: Usage }[] | undefined;
}
type Usage = Readonly<Record<string, string | number>>;

const columns = {
  CPU: computed(({ usage, containers = [] }: Shown) => milliQuantity(Math.ceil(1000 * sum('cpu', usage, containers)))),
  Memory: computed(({ usage, containers = [] }: Shown) => `${Math.floor(sum('memory', usage, containers) / 1024)}Ki`),
  Window: computed(({ window }: Shown) => window ?? ''),
};

function sum(resource: string, usage: Usage = {}, containers: readonly { readonly usage: Usage }[]): number {
  const all = [usage, ...containers.map((container) => container.usage)];
  return all.reduce((total, one) => total + (parseQuantity(one[resource] ?? 0) ?? 0), 0);
}

export const PodMetrics = defineKind({
  apiVersion: 'metrics.k8s.io/v1beta1',
  kind: 'PodMetrics',
  names: { plural: 'pods', singular: 'pod' },
  scope: 'Namespaced',
  doc: 'PodMetrics is the use of resources by a pod.',
  fields: {
    ...measured,
    containers: list(object({ name: text().required(), usage: UsageSchema.required() })).required(),
  },
  columns,
  verbs: READ_ONLY,
});
export type PodMetrics = ObjectOf<typeof PodMetrics>;

export const NodeMetrics = defineKind({
  apiVersion: 'metrics.k8s.io/v1beta1',
  kind: 'NodeMetrics',
  names: { plural: 'nodes', singular: 'node' },
  scope: 'Cluster',
  doc: 'NodeMetrics is the use of resources by a node.',
  fields: { ...measured, usage: UsageSchema.required() },
  columns,
  verbs: READ_ONLY,
});
export type NodeMetrics = ObjectOf<typeof NodeMetrics>;
