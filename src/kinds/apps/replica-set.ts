// A ReplicaSet: a number of equal Pods.

import type { ObjectOf, TypeOf } from '#machinery/mod.ts';
import { age, computed, defineKind, int32, int64, object } from '#machinery/mod.ts';
import { defaultPodTemplate } from '../core/pod-defaults.ts';
import { PodTemplateSpecSchema } from '../core/pod-spec.ts';
import { LabelSelectorSchema, StandardConditionsSchema } from '../core/references.ts';
import { checkFromZero, checkSelectorKept, checkStamping } from './check-workload.ts';
import { workloadColumns } from './columns.ts';
import { replicasScale } from './scale.ts';
import type { Parts } from '../object-parts.ts';

export const ReplicaSetSpecSchema = object({
  replicas: int32(),
  minReadySeconds: int32(),
  selector: LabelSelectorSchema.required(),
  template: PodTemplateSpecSchema.required(),
});
export type ReplicaSetSpec = TypeOf<typeof ReplicaSetSpecSchema>;

const ReplicaSetStatusSchema = object({
  replicas: int32().required(),
  fullyLabeledReplicas: int32(),
  readyReplicas: int32(),
  availableReplicas: int32(),
  terminatingReplicas: int32(),
  observedGeneration: int64(),
  conditions: StandardConditionsSchema,
});
type Whole = Parts<ReplicaSetSpec, TypeOf<typeof ReplicaSetStatusSchema>>;

export const ReplicaSet = defineKind({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  names: { plural: 'replicasets', short: ['rs'], categories: ['all'] },
  scope: 'Namespaced',
  doc: 'ReplicaSet ensures that a specified number of pod replicas are running at any given time.',
  spec: ReplicaSetSpecSchema,
  status: ReplicaSetStatusSchema,
  columns: {
    Desired: computed(({ spec }: Whole) => spec.replicas ?? 1),
    Current: computed(({ status }: Whole) => status?.replicas ?? 0),
    Ready: computed(({ status }: Whole) => status?.readyReplicas ?? 0),
    Age: age,
    ...workloadColumns,
  },
  defaults({ spec }) {
    spec.replicas ??= 1;
    defaultPodTemplate(spec.template);
  },
  validate({ spec }, problems, { subresource }, before) {
    if (subresource === 'status') return;
    const place = problems.under('spec');
    checkFromZero(place, { replicas: spec.replicas, minReadySeconds: spec.minReadySeconds });
    const isSame = spec.template === before?.spec.template && spec.selector === before.spec.selector;
    if (!isSame) checkStamping(place, spec, 'deployment', 'ReplicaSet');
    checkSelectorKept(place, spec, before?.spec);
  },
  scale: replicasScale,
  selectableFields: ['status.replicas'],
});
export type ReplicaSet = ObjectOf<typeof ReplicaSet>;
