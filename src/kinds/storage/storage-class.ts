// A StorageClass: how the volumes of claims that name it are made, and what becomes of them.

import { equal } from '#base/mod.ts';
import type { KubeObject, ObjectOf, Problems } from '#machinery/mod.ts';
import { age, computed, defineKind, field, flag, list, map, object, text } from '#machinery/mod.ts';

/** On the class that claims get which name none. */
export const DEFAULT_CLASS_ANNOTATION = 'storageclass.kubernetes.io/is-default-class';
/** Who makes volumes that are folders of the node, and the driver by which Pods mount them. */
export const LOCAL_DRIVER = 'local.ebb.dev';
/** The class of such volumes, which is there from a platform's first start. */
export const LOCAL_CLASS = 'local';

const RECLAIM_POLICIES = ['Delete', 'Retain'];
const BINDING_MODES = ['Immediate', 'WaitForFirstConsumer'];
/** What stays as it was made. */
const FIXED = ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const;

export const StorageClass = defineKind({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  names: { plural: 'storageclasses', short: ['sc'] },
  scope: 'Cluster',
  doc: 'StorageClass describes the parameters for a class of storage for which PersistentVolumes can be dynamically provisioned.',
  fields: {
    provisioner: text().required(),
    parameters: map(text()),
    reclaimPolicy: text(),
    mountOptions: list(text()),
    allowVolumeExpansion: flag(),
    volumeBindingMode: text(),
    allowedTopologies: list(
      object({
        matchLabelExpressions: list(object({ key: text().required(), values: list(text()) })),
      }),
    ),
  },
  columns: {
    Provisioner: field('provisioner'),
    ReclaimPolicy: field('reclaimPolicy'),
    VolumeBindingMode: field('volumeBindingMode'),
    AllowVolumeExpansion: computed((one: KubeObject & { allowVolumeExpansion?: boolean | undefined }) =>
      one.allowVolumeExpansion ? 'true' : 'false',
    ),
    Age: age,
  },
  defaults(one) {
    one.reclaimPolicy ||= 'Delete';
    one.volumeBindingMode ||= 'Immediate';
  },
  validate(one, problems, _context, before) {
    checkClass(one, problems);
    if (!before) return;
    for (const name of FIXED)
      if (!equal(one[name], before[name])) problems.forbidden(name, `updates to ${name} are forbidden.`);
  },
});
export type StorageClass = ObjectOf<typeof StorageClass>;

interface Rules {
  readonly provisioner: string;
  readonly reclaimPolicy?: string | undefined;
  readonly volumeBindingMode?: string | undefined;
}

function checkClass({ provisioner, reclaimPolicy = '', volumeBindingMode = '' }: Rules, problems: Problems): void {
  if (!provisioner) problems.required('provisioner');
  if (!RECLAIM_POLICIES.includes(reclaimPolicy))
    problems.notSupported('reclaimPolicy', reclaimPolicy, RECLAIM_POLICIES);
  if (!BINDING_MODES.includes(volumeBindingMode))
    problems.notSupported('volumeBindingMode', volumeBindingMode, BINDING_MODES);
}
