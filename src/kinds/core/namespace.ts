// A Namespace: where objects with a namespace live.

import type { ObjectOf } from '#machinery/mod.ts';
import { age, defineKind, field, list, object, text } from '#machinery/mod.ts';
import { StandardConditionsSchema } from './references.ts';

/** The finalizer in `spec.finalizers` that is let go once everything in the namespace is gone. */
export const NAMESPACE_FINALIZER = 'kubernetes';

/** On a namespace, with the value `allowed`: its Pods may mount folders of the machine. */
export const HOST_PATH_LABEL = 'ebb.dev/host-path';

export const Namespace = defineKind({
  apiVersion: 'v1',
  kind: 'Namespace',
  names: { plural: 'namespaces', short: ['ns'] },
  scope: 'Cluster',
  doc: 'Namespace provides a scope for names.',
  spec: object({ finalizers: list(text()) }),
  status: object({ phase: text(), conditions: StandardConditionsSchema }),
  columns: { Status: field('status.phase'), Age: age },
  selectableFields: ['status.phase', 'spec.finalizers'],
  defaults(namespace, { operation }) {
    const { metadata } = namespace;
    metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
    if (operation !== 'CREATE') return;
    namespace.spec ??= {};
    namespace.spec.finalizers ??= [NAMESPACE_FINALIZER];
    namespace.status = { phase: 'Active', ...namespace.status };
  },
});
export type Namespace = ObjectOf<typeof Namespace>;
