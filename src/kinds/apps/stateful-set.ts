// A StatefulSet: Pods with names and storage of their own.

import type { ObjectOf, TypeOf } from '#machinery/mod.ts';
import { age, computed, defineKind, int32, int64, intOrString, list, object, text, wide } from '#machinery/mod.ts';
import { defaultPodTemplate } from '../core/pod-defaults.ts';
import { PodTemplateSpecSchema } from '../core/pod-spec.ts';
import { LabelSelectorSchema, PodTemplateMetaSchema, StandardConditionsSchema } from '../core/references.ts';
import { PersistentVolumeClaimSpecSchema } from '../core/volume.ts';
import { checkFromZero, checkStamping } from './check-workload.ts';
import { workloadColumns } from './columns.ts';
import { replicasScale } from './scale.ts';
import type { Parts } from '../object-parts.ts';

const StatefulSetSpecSchema = object({
  replicas: int32(),
  selector: LabelSelectorSchema.required(),
  template: PodTemplateSpecSchema.required(),
  volumeClaimTemplates: list(
    object({
      apiVersion: text(),
      kind: text(),
      metadata: PodTemplateMetaSchema,
      spec: PersistentVolumeClaimSpecSchema,
      status: object({ phase: text() }),
    }),
  ),
  serviceName: text(),
  podManagementPolicy: text(),
  updateStrategy: object({
    type: text(),
    rollingUpdate: object({ partition: int32(), maxUnavailable: intOrString() }),
  }),
  revisionHistoryLimit: int32(),
  minReadySeconds: int32(),
  persistentVolumeClaimRetentionPolicy: object({ whenDeleted: text(), whenScaled: text() }),
  ordinals: object({ start: int32() }),
});
const StatefulSetStatusSchema = object({
  observedGeneration: int64(),
  replicas: int32(),
  readyReplicas: int32(),
  currentReplicas: int32(),
  updatedReplicas: int32(),
  currentRevision: text(),
  updateRevision: text(),
  collisionCount: int32(),
  conditions: StandardConditionsSchema,
  availableReplicas: int32(),
});
type Whole = Parts<TypeOf<typeof StatefulSetSpecSchema>, TypeOf<typeof StatefulSetStatusSchema>>;

/** The spec as its Pods will see it: each claim template is a volume too. */
function withClaims(spec: Whole['spec']): Whole['spec'] {
  const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name ?? '');
  const volumes = (spec.template.spec.volumes ?? []).filter(({ name }) => !claims.includes(name));
  const claimed = claims.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  const podSpec = { ...spec.template.spec, volumes: [...volumes, ...claimed] };
  return { ...spec, template: { ...spec.template, spec: podSpec } };
}

export const StatefulSet = defineKind({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  names: { plural: 'statefulsets', short: ['sts'], categories: ['all'] },
  scope: 'Namespaced',
  doc: 'StatefulSet represents a set of pods with consistent identities.',
  spec: StatefulSetSpecSchema,
  status: StatefulSetStatusSchema,
  columns: {
    Ready: computed(({ spec, status }: Whole) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`),
    Age: age,
    Containers: wide(workloadColumns['Containers'] ?? age),
    Images: wide(workloadColumns['Images'] ?? age),
  },
  defaults({ spec }) {
    spec.replicas ??= 1;
    spec.podManagementPolicy ||= 'OrderedReady';
    spec.updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 0 }, ...spec.updateStrategy };
    spec.persistentVolumeClaimRetentionPolicy = {
      whenDeleted: 'Retain',
      whenScaled: 'Retain',
      ...spec.persistentVolumeClaimRetentionPolicy,
    };
    spec.revisionHistoryLimit ??= 10;
    defaultPodTemplate(spec.template);
  },
  validate({ spec }, problems, { subresource }) {
    if (subresource === 'status') return;
    const place = problems.under('spec');
    checkFromZero(place, { replicas: spec.replicas, minReadySeconds: spec.minReadySeconds });
    checkStamping(place, withClaims(spec), 'statefulset', 'StatefulSet');
  },
  scale: replicasScale,
});
export type StatefulSet = ObjectOf<typeof StatefulSet>;
