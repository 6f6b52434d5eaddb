// What every object of the API carries: metav1.ObjectMeta and its parts.

import type { Json, JsonObject } from '#base/mod.ts';
import { any, flag, int64, list, listByKey, map, object, openObject, set, text, time } from './schema.ts';
import type { TypeOf } from './schema.ts';

export const OwnerReferenceSchema = object({
  apiVersion: text().required(),
  kind: text().required(),
  name: text().required(),
  uid: text().required(),
  controller: flag(),
  blockOwnerDeletion: flag(),
});
export type OwnerReference = TypeOf<typeof OwnerReferenceSchema>;

export const ManagedFieldsSchema = object({
  manager: text(),
  operation: text(),
  apiVersion: text(),
  time: time(),
  fieldsType: text(),
  fieldsV1: any<JsonObject>(),
  subresource: text(),
});
export type ManagedFieldsEntry = TypeOf<typeof ManagedFieldsSchema>;

/** metav1.ObjectMeta. `name`, `uid`, `resourceVersion` are present on everything that was stored. */
export const ObjectMetaSchema = object({
  name: text().required(),
  generateName: text(),
  namespace: text(),
  selfLink: text(),
  uid: text(),
  resourceVersion: text(),
  generation: int64(),
  creationTimestamp: time(),
  deletionTimestamp: time(),
  deletionGracePeriodSeconds: int64(),
  labels: map(text()),
  annotations: map(text()),
  ownerReferences: listByKey(OwnerReferenceSchema, 'uid'),
  finalizers: set(text()),
  managedFields: list(ManagedFieldsSchema),
});
export type ObjectMeta = TypeOf<typeof ObjectMetaSchema>;

/** metadata of a template inside a spec, where unknown fields are kept (as Knative's schemas do). */
export const TemplateMetaSchema = openObject({
  name: text(),
  generateName: text(),
  namespace: text(),
  labels: map(text()),
  annotations: map(text()),
  finalizers: list(text()),
});
export type TemplateMeta = {
  name?: string | undefined;
  labels?: Record<string, string> | undefined;
  annotations?: Record<string, string> | undefined;
  [key: string]: Json | undefined;
};

/** Any object of the API, before its kind is known. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** `namespace/name`, or the bare name where the kind has no namespace: the key of queues and caches. */
export type ObjectKey = string;

export function keyOf(object: { metadata: { namespace?: string | undefined; name: string } }): ObjectKey {
  const { namespace, name } = object.metadata;
  return namespace ? `${namespace}/${name}` : name;
}

/** The parts of a key made by `keyOf`. */
export function splitKey(key: ObjectKey): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** A controller reference to `owner`, as kmeta.NewControllerRef makes it. */
export function controllerRef(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** The reference to the controller of an object, if one controls it. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/** Whether `object` is controlled by `owner` (by uid). */
export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid;
}
