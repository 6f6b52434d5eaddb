// What the binder makes: a volume for a claim, and the claim of a volume that lives as long as its Pod.

import { copy } from '#base/mod.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '#kinds/mod.ts';
import { BOUND_BY_US_ANNOTATION, claimOf, LOCAL_DRIVER } from '#kinds/mod.ts';
import { controllerRef } from '#machinery/mod.ts';
import { PROVISIONED_BY_ANNOTATION } from './decide.ts';

/** The folder behind a volume has its name, so that it is found whatever becomes of the API. */
export function volumeFor(
  claim: PersistentVolumeClaim,
  { metadata, reclaimPolicy, mountOptions }: StorageClass,
): PersistentVolume {
  const name = `pvc-${claim.metadata.uid ?? ''}`;
  const { accessModes, resources, volumeMode } = claim.spec;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations: { [PROVISIONED_BY_ANNOTATION]: LOCAL_DRIVER } },
    spec: {
      capacity: { storage: resources?.requests?.['storage'] ?? '0' },
      ...(accessModes ? { accessModes } : {}),
      claimRef: referenceTo(claim),
      csi: { driver: LOCAL_DRIVER, volumeHandle: name },
      persistentVolumeReclaimPolicy: reclaimPolicy ?? 'Delete',
      storageClassName: metadata.name,
      ...(mountOptions ? { mountOptions } : {}),
      ...(volumeMode ? { volumeMode } : {}),
    },
  };
}

/** A volume that belongs to a claim from now on. */
export function heldFor(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const held = copy(volume);
  if (!held.spec.claimRef)
    held.metadata.annotations = { ...held.metadata.annotations, [BOUND_BY_US_ANNOTATION]: 'yes' };
  held.spec.claimRef = referenceTo(claim);
  return held;
}

function referenceTo({ metadata }: PersistentVolumeClaim): NonNullable<PersistentVolume['spec']['claimRef']> {
  const { namespace = '', name, uid = '' } = metadata;
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid };
}

/** The claims that are to be made for a Pod, each owned by it. */
export function ephemeralClaims(pod: Pod): PersistentVolumeClaim[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => {
    const template = volume.ephemeral?.volumeClaimTemplate;
    if (!template) return [];
    const { labels, annotations } = template.metadata ?? {};
    return {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name: claimOf(pod, volume) ?? '',
        namespace: pod.metadata.namespace,
        ...(labels ? { labels: { ...labels } } : {}),
        ...(annotations ? { annotations: { ...annotations } } : {}),
        ownerReferences: [controllerRef(pod)],
      },
      spec: copy(template.spec),
    };
  });
}
