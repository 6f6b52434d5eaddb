// Where a container's environment comes from.

import type { TypeOf } from '#machinery/mod.ts';
import { flag, list, listByKey, object, quantity, text } from '#machinery/mod.ts';
import { KeySelectorSchema } from './references.ts';

/** A field of the Pod itself (downward API). */
export const FieldRefSchema = object({ apiVersion: text(), fieldPath: text().required() });

/** A limit or request of a container (downward API). */
export const ResourceFieldRefSchema = object({
  containerName: text(),
  resource: text().required(),
  divisor: quantity(),
});

export const EnvVarSourceSchema = object({
  fieldRef: FieldRefSchema,
  resourceFieldRef: ResourceFieldRefSchema,
  configMapKeyRef: KeySelectorSchema,
  secretKeyRef: KeySelectorSchema,
  fileKeyRef: object({
    volumeName: text().required(),
    path: text().required(),
    key: text().required(),
    optional: flag(),
  }),
});
export type EnvVarSource = TypeOf<typeof EnvVarSourceSchema>;

export const EnvVarSchema = object({
  name: text().required(),
  value: text(),
  valueFrom: EnvVarSourceSchema,
});
export type EnvVar = TypeOf<typeof EnvVarSchema>;
export const EnvSchema = listByKey(EnvVarSchema, 'name');

export const EnvFromSourceSchema = object({
  prefix: text(),
  configMapRef: object({ name: text().default(''), optional: flag() }),
  secretRef: object({ name: text().default(''), optional: flag() }),
});
export type EnvFromSource = TypeOf<typeof EnvFromSourceSchema>;
export const EnvFromSchema = list(EnvFromSourceSchema);
