// Volumes of a Pod: those this platform mounts in full, the rest kept as they are.

import type { TypeOf } from '#machinery/mod.ts';
import type { JsonObject } from '#base/mod.ts';
import { any, flag, int32, int64, list, listByKey, map, object, quantity, text } from '#machinery/mod.ts';
import { ResourceRequirementsSchema } from './container.ts';
import { FieldRefSchema, ResourceFieldRefSchema } from './env.ts';
import {
  LabelSelectorSchema,
  LocalObjectReferenceSchema,
  PodTemplateMetaSchema,
  TypedLocalObjectReferenceSchema,
} from './references.ts';

export const KeyToPathSchema = object({ key: text().required(), path: text().required(), mode: int32() });
export type KeyToPath = TypeOf<typeof KeyToPathSchema>;

const DownwardFileSchema = object({
  path: text().required(),
  fieldRef: FieldRefSchema,
  resourceFieldRef: ResourceFieldRefSchema,
  mode: int32(),
});
export type DownwardFile = TypeOf<typeof DownwardFileSchema>;

export const VolumeProjectionSchema = object({
  secret: object({ name: text().default(''), items: list(KeyToPathSchema), optional: flag() }),
  configMap: object({ name: text().default(''), items: list(KeyToPathSchema), optional: flag() }),
  downwardAPI: object({ items: list(DownwardFileSchema) }),
  serviceAccountToken: object({ audience: text(), expirationSeconds: int64(), path: text().required() }),
  clusterTrustBundle: any<JsonObject>(),
  podCertificate: any<JsonObject>(),
});
export type VolumeProjection = TypeOf<typeof VolumeProjectionSchema>;

/** core/v1 PersistentVolumeClaimSpec. */
export const PersistentVolumeClaimSpecSchema = object({
  accessModes: list(text()),
  selector: LabelSelectorSchema,
  resources: ResourceRequirementsSchema,
  volumeName: text(),
  storageClassName: text(),
  volumeMode: text(),
  dataSource: TypedLocalObjectReferenceSchema,
  dataSourceRef: TypedLocalObjectReferenceSchema,
  volumeAttributesClassName: text(),
});
export type PersistentVolumeClaimSpec = TypeOf<typeof PersistentVolumeClaimSpecSchema>;

const kept = () => any<JsonObject>();

export const VolumeSchema = object({
  name: text().required(),
  configMap: object({ name: text(), items: list(KeyToPathSchema), defaultMode: int32(), optional: flag() }),
  secret: object({ secretName: text(), items: list(KeyToPathSchema), defaultMode: int32(), optional: flag() }),
  emptyDir: object({ medium: text(), sizeLimit: quantity() }),
  hostPath: object({ path: text().required(), type: text() }),
  projected: object({ sources: list(VolumeProjectionSchema), defaultMode: int32() }),
  downwardAPI: object({ items: list(DownwardFileSchema), defaultMode: int32() }),
  persistentVolumeClaim: object({ claimName: text().required(), readOnly: flag() }),
  image: object({ reference: text(), pullPolicy: text() }),
  csi: object({
    driver: text().required(),
    readOnly: flag(),
    fsType: text(),
    volumeAttributes: map(text()),
    nodePublishSecretRef: LocalObjectReferenceSchema,
  }),
  ephemeral: object({
    volumeClaimTemplate: object({ metadata: PodTemplateMetaSchema, spec: PersistentVolumeClaimSpecSchema.required() }),
  }),
  nfs: object({ server: text().required(), path: text().required(), readOnly: flag() }),
  awsElasticBlockStore: kept(),
  azureDisk: kept(),
  azureFile: kept(),
  cephfs: kept(),
  cinder: kept(),
  fc: kept(),
  flexVolume: kept(),
  flocker: kept(),
  gcePersistentDisk: kept(),
  gitRepo: kept(),
  glusterfs: kept(),
  iscsi: kept(),
  photonPersistentDisk: kept(),
  portworxVolume: kept(),
  quobyte: kept(),
  rbd: kept(),
  scaleIO: kept(),
  storageos: kept(),
  vsphereVolume: kept(),
});
export type Volume = TypeOf<typeof VolumeSchema>;
export const VolumesSchema = listByKey(VolumeSchema, 'name');
