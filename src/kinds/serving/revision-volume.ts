// A volume as the Knative CRDs declare it.

import type { Schema } from '#machinery/mod.ts';
import { flag, int32, int64, list, object, quantity, text } from '#machinery/mod.ts';
import type { Volume } from '../core/volume.ts';
import { blob } from './revision-container.ts';

const items = () => list(object({ key: text().required(), mode: int32(), path: text().required() }));
const source = () => object({ items: items(), name: text().default(''), optional: flag() }).with({ atomic: true });

const DownwardFileSchema = object({
  fieldRef: object({ apiVersion: text(), fieldPath: text().required() }).with({ atomic: true }),
  mode: int32(),
  path: text().required(),
  resourceFieldRef: object({ containerName: text(), divisor: quantity(), resource: text().required() }).with({
    atomic: true,
  }),
});

const ProjectionSchema = object({
  configMap: source(),
  downwardAPI: object({ items: list(DownwardFileSchema) }),
  secret: source(),
  serviceAccountToken: object({ audience: text(), expirationSeconds: int64(), path: text().required() }),
});

/** Its objects are told as core's Volume; sources that are not named here never get past pruning. */
export const RevisionVolumeSchema = object({
  configMap: object({
    defaultMode: int32(),
    items: items(),
    name: text().default(''),
    optional: flag(),
  }).with({ atomic: true }),
  csi: blob(),
  emptyDir: blob(),
  ephemeral: blob(),
  hostPath: blob(),
  image: blob(),
  name: text().required(),
  persistentVolumeClaim: blob(),
  projected: object({ defaultMode: int32(), sources: list(ProjectionSchema) }),
  secret: object({ defaultMode: int32(), items: items(), optional: flag(), secretName: text() }),
}) as unknown as Schema<Volume>;
