// A CustomResourceDefinition: a kind that came in at run time.

import type { JsonObject } from '#base/mod.ts';
import type { KubeObject, ObjectOf, TypeOf } from '#machinery/mod.ts';
import { any, computed, defineKind, flag, int32, list, object, text } from '#machinery/mod.ts';
import { StandardConditionsSchema } from '../core/references.ts';

export const CrdNamesSchema = object({
  plural: text().required(),
  singular: text(),
  shortNames: list(text()),
  kind: text().required(),
  listKind: text(),
  categories: list(text()),
});
export type CrdNames = TypeOf<typeof CrdNamesSchema>;

const PrinterColumnSchema = object({
  name: text().required(),
  type: text().required(),
  format: text(),
  description: text(),
  priority: int32(),
  jsonPath: text().required(),
});

const VersionSchema = object({
  name: text().required(),
  served: flag().required(),
  storage: flag().required(),
  deprecated: flag(),
  deprecationWarning: text(),
  schema: object({ openAPIV3Schema: any<JsonObject>() }),
  subresources: object({
    status: any<JsonObject>(),
    scale: object({
      specReplicasPath: text().required(),
      statusReplicasPath: text().required(),
      labelSelectorPath: text(),
    }),
  }),
  additionalPrinterColumns: list(PrinterColumnSchema),
  selectableFields: list(object({ jsonPath: text().required() })),
});
export type CrdVersion = TypeOf<typeof VersionSchema>;

export const CrdSpecSchema = object({
  group: text().required(),
  names: CrdNamesSchema.required(),
  scope: text().required(),
  versions: list(VersionSchema).required(),
  conversion: object({
    strategy: text().required(),
    webhook: object({ clientConfig: any<JsonObject>(), conversionReviewVersions: list(text()) }),
  }),
  preserveUnknownFields: flag(),
});
export type CrdSpec = TypeOf<typeof CrdSpecSchema>;

export const CustomResourceDefinition = defineKind({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  names: { plural: 'customresourcedefinitions', short: ['crd', 'crds'], categories: ['api-extensions'] },
  scope: 'Cluster',
  doc: 'CustomResourceDefinition represents a resource that should be exposed on the API server.',
  spec: CrdSpecSchema,
  status: object({
    conditions: StandardConditionsSchema,
    acceptedNames: CrdNamesSchema,
    storedVersions: list(text()),
  }),
  columns: { 'Created At': computed(({ metadata }: KubeObject) => metadata.creationTimestamp ?? null) },
});
export type CustomResourceDefinition = ObjectOf<typeof CustomResourceDefinition>;
