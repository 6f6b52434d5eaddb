// A DaemonSet: one Pod on every node.

import type { ObjectOf, TypeOf } from '#machinery/mod.ts';
import { age, computed, defineKind, int32, int64, intOrString, map, object, text } from '#machinery/mod.ts';
import { defaultPodTemplate } from '../core/pod-defaults.ts';
import { PodTemplateSpecSchema } from '../core/pod-spec.ts';
import { LabelSelectorSchema, StandardConditionsSchema } from '../core/references.ts';
import { selectorText } from '../core/service.ts';
import { checkFromZero, checkStamping } from './check-workload.ts';
import { workloadColumns } from './columns.ts';
import type { Parts } from '../object-parts.ts';

const DaemonSetSpecSchema = object({
  selector: LabelSelectorSchema.required(),
  template: PodTemplateSpecSchema.required(),
  updateStrategy: object({
    type: text(),
    rollingUpdate: object({ maxUnavailable: intOrString(), maxSurge: intOrString() }),
  }),
  minReadySeconds: int32(),
  revisionHistoryLimit: int32(),
});
const DaemonSetStatusSchema = object({
  currentNumberScheduled: int32(),
  numberMisscheduled: int32(),
  desiredNumberScheduled: int32(),
  numberReady: int32(),
  observedGeneration: int64(),
  updatedNumberScheduled: int32(),
  numberAvailable: int32(),
  numberUnavailable: int32(),
  collisionCount: int32(),
  conditions: StandardConditionsSchema,
  nodeSelector: map(text()),
});
type Whole = Parts<TypeOf<typeof DaemonSetSpecSchema>, TypeOf<typeof DaemonSetStatusSchema>>;

export const DaemonSet = defineKind({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  names: { plural: 'daemonsets', short: ['ds'], categories: ['all'] },
  scope: 'Namespaced',
  doc: 'DaemonSet represents the configuration of a daemon set.',
  spec: DaemonSetSpecSchema,
  status: DaemonSetStatusSchema,
  columns: {
    Desired: computed(({ status }: Whole) => status?.desiredNumberScheduled ?? 0),
    Current: computed(({ status }: Whole) => status?.currentNumberScheduled ?? 0),
    Ready: computed(({ status }: Whole) => status?.numberReady ?? 0),
    'Up-to-date': computed(({ status }: Whole) => status?.updatedNumberScheduled ?? 0),
    Available: computed(({ status }: Whole) => status?.numberAvailable ?? 0),
    'Node Selector': computed(({ spec }: Whole) => selectorText(spec.template.spec.nodeSelector)),
    Age: age,
    ...workloadColumns,
  },
  defaults({ spec }) {
    const rollingUpdate = { maxUnavailable: 1, maxSurge: 0, ...spec.updateStrategy?.rollingUpdate };
    const type = spec.updateStrategy?.type || 'RollingUpdate';
    spec.updateStrategy = type === 'RollingUpdate' ? { type, rollingUpdate } : { ...spec.updateStrategy, type };
    spec.revisionHistoryLimit ??= 10;
    defaultPodTemplate(spec.template);
  },
  validate({ spec }, problems, { subresource }) {
    if (subresource === 'status') return;
    const place = problems.under('spec');
    checkFromZero(place, { minReadySeconds: spec.minReadySeconds });
    checkStamping(place, spec, 'daemonset', 'DaemonSet');
  },
});
export type DaemonSet = ObjectOf<typeof DaemonSet>;
