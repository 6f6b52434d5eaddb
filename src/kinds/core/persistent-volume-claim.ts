// PersistentVolumeClaim: a user's wish for storage that outlives Pods.

import { equal, parseQuantity } from '#base/mod.ts';
import type { KubeObject, ObjectOf, Problems, TypeOf, WriteContext } from '#machinery/mod.ts';
import { age, computed, defineKind, list, map, object, text, wide } from '#machinery/mod.ts';
import type { StorageClass } from '../storage/storage-class.ts';
import { ACCESS_MODES, accessModesText } from './access-modes.ts';
import { ResourceListSchema } from './container.ts';
import { StandardConditionsSchema } from './references.ts';
import type { PersistentVolumeClaimSpec } from './volume.ts';
import { PersistentVolumeClaimSpecSchema } from './volume.ts';

/** Keeps a claim until no Pod uses it any more. */
export const CLAIM_PROTECTION = 'kubernetes.io/pvc-protection';

/** On a claim that has found its volume for good. */
export const BOUND_ANNOTATION = 'pv.kubernetes.io/bind-completed';
/** On a claim and a volume that were brought together by a controller, not by a user. */
export const BOUND_BY_US_ANNOTATION = 'pv.kubernetes.io/bound-by-controller';
export const PROVISIONER_ANNOTATION = 'volume.kubernetes.io/storage-provisioner';
export const SELECTED_NODE_ANNOTATION = 'volume.kubernetes.io/selected-node';
/** What controllers note on a claim, which means something only where its volume is. */
export const GIVEN_CLAIM_ANNOTATIONS: readonly string[] = [
  BOUND_ANNOTATION,
  BOUND_BY_US_ANNOTATION,
  PROVISIONER_ANNOTATION,
  'volume.beta.kubernetes.io/storage-provisioner',
  SELECTED_NODE_ANNOTATION,
];

const ClaimStatusSchema = object({
  phase: text(),
  accessModes: list(text()),
  capacity: ResourceListSchema,
  conditions: StandardConditionsSchema,
  allocatedResources: ResourceListSchema,
  allocatedResourceStatuses: map(text()),
  currentVolumeAttributesClassName: text(),
});
type ClaimParts = KubeObject & {
  spec: TypeOf<typeof PersistentVolumeClaimSpecSchema>;
  status?: TypeOf<typeof ClaimStatusSchema> | undefined;
};

export const PersistentVolumeClaim = defineKind({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  names: { plural: 'persistentvolumeclaims', short: ['pvc'] },
  scope: 'Namespaced',
  doc: "PersistentVolumeClaim is a user's request for and claim to a persistent volume.",
  spec: PersistentVolumeClaimSpecSchema,
  status: ClaimStatusSchema,
  columns: {
    Status: computed(({ metadata, status }: ClaimParts) =>
      metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''),
    ),
    Volume: computed(({ spec }: ClaimParts) => spec.volumeName ?? ''),
    Capacity: computed(({ spec, status }: ClaimParts) =>
      spec.volumeName ? (status?.capacity?.['storage'] ?? '') : '',
    ),
    'Access Modes': computed(({ spec, status }: ClaimParts) =>
      spec.volumeName ? accessModesText(status?.accessModes) : '',
    ),
    StorageClass: computed(({ spec }: ClaimParts) => spec.storageClassName ?? ''),
    VolumeAttributesClass: computed(({ spec }: ClaimParts) => spec.volumeAttributesClassName ?? '<unset>'),
    Age: age,
    VolumeMode: wide(computed(({ spec }: ClaimParts) => spec.volumeMode ?? '<unset>')),
  },
  defaults(claim, { operation }) {
    claim.spec.volumeMode ??= 'Filesystem';
    if (operation !== 'CREATE') return;
    claim.status = { phase: 'Pending', ...claim.status };
    const { finalizers = [] } = claim.metadata;
    if (!finalizers.includes(CLAIM_PROTECTION)) claim.metadata.finalizers = [...finalizers, CLAIM_PROTECTION];
  },
  validate(claim, problems, context, before) {
    if (context.subresource === 'status') return;
    checkClaim(problems.under('spec'), claim.spec, before?.spec);
    if (before) checkSize(problems.under('spec'), claim, before, context);
  },
});
export type PersistentVolumeClaim = ObjectOf<typeof PersistentVolumeClaim>;

const SIZE = 'resources.requests.storage';

function checkClaim(
  problems: Problems,
  spec: PersistentVolumeClaimSpec,
  before: PersistentVolumeClaimSpec | undefined,
): void {
  if (!spec.accessModes?.length) problems.required('accessModes', 'at least 1 access mode is required');
  for (const mode of spec.accessModes ?? []) {
    if (!ACCESS_MODES.includes(mode)) problems.notSupported('accessModes', mode, ACCESS_MODES);
  }
  const size = spec.resources?.requests?.['storage'];
  if (size === undefined) problems.required('resources[storage]');
  else if ((parseQuantity(size) ?? 0) <= 0) {
    problems.invalid('resources[storage]', String(size), 'must be greater than zero');
  }
  if (before && !equal(fixed(spec), fixed(before)) && before.volumeName) {
    const why =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    problems.forbidden('', why);
  }
}

/** The part of a claim that stays once it is bound. */
function fixed({ resources: _resources, volumeAttributesClassName: _class, ...rest }: PersistentVolumeClaimSpec) {
  return rest;
}

/** A claim may grow where it is bound and its class lets it; it never shrinks. */
function checkSize(problems: Problems, claim: ClaimParts, before: ClaimParts, context: WriteContext): void {
  const [wanted, had] = [sizeOf(claim), sizeOf(before)];
  if (wanted === had) return;
  if (wanted < had) {
    const capacity = before.status?.capacity?.['storage'];
    if (capacity === undefined || wanted < (parseQuantity(capacity) ?? 0))
      problems.forbidden(SIZE, 'field can not be less than status.capacity');
    return;
  }
  const name = claim.spec.storageClassName ?? '';
  const found = context.lookup('storage.k8s.io/v1', 'StorageClass', '', name) as StorageClass | undefined;
  if (before.status?.phase !== 'Bound') problems.forbidden(SIZE, 'Only bound persistent volume claims can be expanded');
  else if (!found?.allowVolumeExpansion) {
    const why =
      'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
    problems.forbidden(SIZE, why);
  }
}

function sizeOf({ spec }: ClaimParts): number {
  return parseQuantity(spec.resources?.requests?.['storage'] ?? 0) ?? 0;
}
