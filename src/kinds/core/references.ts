// References and selectors that many kinds share.

import type { TypeOf } from '#machinery/mod.ts';
import { flag, int64, list, listByKey, map, object, text, time } from '#machinery/mod.ts';

/** An object in the same namespace, by name. */
export const LocalObjectReferenceSchema = object({ name: text() });
export type LocalObjectReference = TypeOf<typeof LocalObjectReferenceSchema>;

/** An object anywhere, by identity (core/v1 ObjectReference). */
export const ObjectReferenceSchema = object({
  kind: text(),
  namespace: text(),
  name: text(),
  uid: text(),
  apiVersion: text(),
  resourceVersion: text(),
  fieldPath: text(),
}).with({ atomic: true });
export type ObjectReference = TypeOf<typeof ObjectReferenceSchema>;

/** An object in the same namespace, of any kind. */
export const TypedLocalObjectReferenceSchema = object({
  apiGroup: text(),
  kind: text().required(),
  name: text().required(),
  namespace: text(),
});

/** metav1.LabelSelector. */
export const LabelSelectorSchema = object({
  matchLabels: map(text()),
  matchExpressions: list(object({ key: text().required(), operator: text().required(), values: list(text()) })),
}).with({ atomic: true });
export type LabelSelector = TypeOf<typeof LabelSelectorSchema>;

/** metav1.ObjectMeta of a template: nothing in it is required. */
export const PodTemplateMetaSchema = object({
  name: text(),
  generateName: text(),
  namespace: text(),
  creationTimestamp: time().with({ nullable: true }),
  labels: map(text()),
  annotations: map(text()),
  finalizers: list(text()),
});
export type PodTemplateMeta = TypeOf<typeof PodTemplateMetaSchema>;

/** metav1.Condition, and the older conditions of built-in kinds that are like it. */
export const StandardConditionsSchema = listByKey(
  object({
    type: text().required(),
    status: text().required(),
    observedGeneration: int64(),
    lastProbeTime: time(),
    lastUpdateTime: time(),
    lastHeartbeatTime: time(),
    lastTransitionTime: time(),
    reason: text(),
    message: text(),
  }),
  'type',
);
export type StandardCondition = TypeOf<typeof StandardConditionsSchema>[number];

/** What a condition of a built-in kind says, or undefined where it is absent. */
export function standardCondition(
  status: { conditions?: StandardCondition[] | undefined } | undefined,
  type: string,
): StandardCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** A reference to a key of a ConfigMap or Secret. */
export const KeySelectorSchema = object({ name: text().default(''), key: text().required(), optional: flag() });
export type KeySelector = TypeOf<typeof KeySelectorSchema>;
