// PersistentVolume: storage that outlives Pods, as it is there for claims.

import type { JsonObject } from '#base/mod.ts';
import type { KubeObject, ObjectOf, TypeOf } from '#machinery/mod.ts';
import {
  age,
  any,
  computed,
  defineKind,
  flag,
  list,
  map,
  object,
  openObject,
  quantity,
  text,
  time,
  wide,
} from '#machinery/mod.ts';
import { accessModesText } from './access-modes.ts';
import { ObjectReferenceSchema } from './references.ts';

/** Keeps a volume while a claim is bound to it. */
export const VOLUME_PROTECTION = 'kubernetes.io/pv-protection';

const VolumeSpecSchema = openObject({
  capacity: map(quantity()),
  accessModes: list(text()),
  claimRef: ObjectReferenceSchema,
  persistentVolumeReclaimPolicy: text(),
  storageClassName: text(),
  mountOptions: list(text()),
  volumeMode: text(),
  nodeAffinity: any<JsonObject>(),
  volumeAttributesClassName: text(),
  hostPath: object({ path: text().required(), type: text() }),
  local: object({ path: text().required(), fsType: text() }),
  csi: openObject({
    driver: text().required(),
    volumeHandle: text().required(),
    readOnly: flag(),
    fsType: text(),
    volumeAttributes: map(text()),
  }),
});
const VolumeStatusSchema = object({
  phase: text(),
  message: text(),
  reason: text(),
  lastPhaseTransitionTime: time(),
});
type VolumeParts = KubeObject & {
  spec: TypeOf<typeof VolumeSpecSchema>;
  status?: TypeOf<typeof VolumeStatusSchema> | undefined;
};

function claimText({ spec: { claimRef } }: VolumeParts): string {
  return claimRef ? `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` : '';
}

export const PersistentVolume = defineKind({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  names: { plural: 'persistentvolumes', short: ['pv'] },
  scope: 'Cluster',
  doc: 'PersistentVolume is a storage resource provisioned by an administrator.',
  spec: VolumeSpecSchema,
  status: VolumeStatusSchema,
  columns: {
    Capacity: computed(({ spec }: VolumeParts) => spec.capacity?.['storage'] ?? ''),
    'Access Modes': computed(({ spec }: VolumeParts) => accessModesText(spec.accessModes)),
    'Reclaim Policy': computed(({ spec }: VolumeParts) => spec.persistentVolumeReclaimPolicy ?? ''),
    Status: computed(({ metadata, status }: VolumeParts) =>
      metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''),
    ),
    Claim: computed((volume: VolumeParts) => claimText(volume)),
    StorageClass: computed(({ spec }: VolumeParts) => spec.storageClassName ?? ''),
    VolumeAttributesClass: computed(({ spec }: VolumeParts) => spec.volumeAttributesClassName ?? '<unset>'),
    Reason: computed(({ status }: VolumeParts) => status?.reason ?? ''),
    Age: age,
    VolumeMode: wide(computed(({ spec }: VolumeParts) => spec.volumeMode ?? '<unset>')),
  },
  defaults(volume, { operation }) {
    volume.spec.persistentVolumeReclaimPolicy ||= 'Retain';
    volume.spec.volumeMode ??= 'Filesystem';
    if (operation !== 'CREATE') return;
    volume.status = { phase: 'Pending', ...volume.status };
    const { finalizers = [] } = volume.metadata;
    if (!finalizers.includes(VOLUME_PROTECTION)) volume.metadata.finalizers = [...finalizers, VOLUME_PROTECTION];
  },
  validate({ spec }, problems) {
    const under = problems.under('spec');
    if (!spec.accessModes?.length) under.required('accessModes');
    if (!spec.capacity?.['storage']) under.required('capacity');
  },
});
export type PersistentVolume = ObjectOf<typeof PersistentVolume>;
