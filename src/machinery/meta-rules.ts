// The rules of metadata that all kinds share: how it must look, and what an update may not change (apimachinery's ValidateObjectMeta).

import { equal } from '#base/mod.ts';
import type { Kind } from './kind.ts';
import type { KubeObject, ObjectMeta, OwnerReference } from './meta.ts';
import type { NameRule } from './names.ts';
import { dns1035Label, dns1123Label, dns1123Subdomain, labelValue, pathSegment, qualifiedName } from './names.ts';
import type { Problems } from './problems.ts';

/** All annotations of an object together, keys and values, in bytes. */
export const MAX_ANNOTATIONS_BYTES = 256 * 1024;

/** The finalizers that need no domain before a slash. */
const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

const NAME_RULES: Readonly<Record<string, NameRule>> = {
  namespaces: dns1123Label,
  services: dns1035Label,
  // Kubernetes looks at no more of an Event's name, and programs rely on it: they put the reason into it.
  events: pathSegment,
  'rbac.authorization.k8s.io/roles': pathSegment,
  'rbac.authorization.k8s.io/rolebindings': pathSegment,
  'rbac.authorization.k8s.io/clusterroles': pathSegment,
  'rbac.authorization.k8s.io/clusterrolebindings': pathSegment,
};

/** The rule for names of objects of a kind. */
export function nameRuleOf(kind: Kind): NameRule {
  return NAME_RULES[kind.resource] ?? dns1123Subdomain;
}

/** Faults of an object's metadata by itself; `problems` is seen from the object. What is as it was `before` was looked at then. */
export function checkObjectMeta(kind: Kind, metadata: ObjectMeta, problems: Problems, before?: ObjectMeta): void {
  const under = problems.under('metadata');
  if (!before || metadata.name !== before.name || metadata.namespace !== before.namespace) {
    checkName(nameRuleOf(kind), metadata, under);
    checkNamespace(kind, metadata, under);
  }
  if (!before || metadata.labels !== before.labels) checkLabels(metadata.labels, under, 'labels');
  if (!before || metadata.annotations !== before.annotations)
    checkAnnotations(metadata.annotations, under, 'annotations');
  if (!before || metadata.ownerReferences !== before.ownerReferences)
    checkOwners(metadata.ownerReferences ?? [], under);
  for (const finalizer of metadata.finalizers ?? []) checkFinalizer(finalizer, under);
  if ((metadata.generation ?? 0) < 0) {
    under.invalid('generation', metadata.generation, 'must be greater than or equal to 0');
  }
}

function checkName(rule: NameRule, { name, generateName }: Partial<ObjectMeta>, under: Problems): void {
  if (generateName) {
    // What is generated follows a last dash, so a prefix may end in one.
    for (const text of rule(generateName.replace(/-$/, 'a'))) under.invalid('generateName', generateName, text);
  }
  if (!name) return under.required('name', 'name or generateName is required');
  for (const text of rule(name)) under.invalid('name', name, text);
}

function checkNamespace(kind: Kind, { namespace }: ObjectMeta, under: Problems): void {
  if (kind.scope === 'Cluster') {
    if (namespace) under.forbidden('namespace', 'not allowed on this type');
    return;
  }
  if (!namespace) return under.required('namespace');
  for (const text of dns1123Label(namespace)) under.invalid('namespace', namespace, text);
}

/** Faults of keys and values of labels that stand at `field`. */
export function checkLabels(
  labels: Readonly<Record<string, string>> | undefined,
  problems: Problems,
  field: string,
): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const text of qualifiedName(key)) problems.invalid(field, key, text);
    for (const text of labelValue(value)) problems.invalid(field, value, text);
  }
}

/** Faults of keys and of the size of annotations that stand at `field`. */
export function checkAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  problems: Problems,
  field: string,
): void {
  const entries = Object.entries(annotations ?? {});
  let letters = 0;
  for (const [key, value] of entries) {
    for (const text of qualifiedName(key.toLowerCase())) problems.invalid(field, key, text);
    letters += key.length + value.length;
  }
  // Each letter takes at most three bytes, so few need to be counted.
  if (3 * letters <= MAX_ANNOTATIONS_BYTES) return;
  const bytes = entries.flat().reduce((sum, text) => sum + utf8Length(text), 0);
  if (bytes > MAX_ANNOTATIONS_BYTES) problems.tooLong(field, MAX_ANNOTATIONS_BYTES);
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

function checkOwners(owners: readonly OwnerReference[], under: Problems): void {
  for (const [i, owner] of owners.entries()) {
    const at = under.under(`ownerReferences[${i}]`);
    if (!owner.apiVersion) at.invalid('apiVersion', owner.apiVersion, 'version must not be empty');
    for (const field of ['kind', 'name', 'uid'] as const) {
      if (!owner[field]) at.invalid(field, owner[field], 'must not be empty');
    }
  }
  const [first, second] = owners.filter(({ controller }) => controller);
  if (!first || !second) return;
  const text = `Only one reference can have Controller set to true. Found "true" in references for ${first.name} and ${second.name}`;
  under.invalid('ownerReferences', owners, text);
}

function checkFinalizer(finalizer: string, under: Problems): void {
  const faults = qualifiedName(finalizer);
  for (const text of faults) under.invalid('finalizers', finalizer, text);
  if (faults.length > 0 || finalizer.includes('/') || STANDARD_FINALIZERS.has(finalizer)) return;
  // Knative's own finalizers are bare domain names: a dot is enough, as it is for custom resources in Kubernetes.
  if (finalizer.includes('.')) return;
  under.invalid('finalizers', finalizer, 'name is neither a standard finalizer name nor is it fully qualified');
}

const FIXED = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

/** What an update may not change. `after` has already taken over what a client may leave out. */
export function checkObjectMetaUpdate(before: KubeObject, after: KubeObject, problems: Problems): void {
  const under = problems.under('metadata');
  for (const field of FIXED) {
    if (equal(before.metadata[field], after.metadata[field])) continue;
    under.invalid(field, after.metadata[field] ?? null, 'field is immutable');
  }
  if (before.metadata.deletionTimestamp) checkNoNewFinalizers(before.metadata, after.metadata, under);
}

function checkNoNewFinalizers(before: ObjectMeta, after: ObjectMeta, under: Problems): void {
  const fresh = (after.finalizers ?? []).filter((finalizer) => !before.finalizers?.includes(finalizer));
  if (fresh.length === 0) return;
  const shown = fresh.map((finalizer) => JSON.stringify(finalizer)).join(', ');
  under.forbidden(
    'finalizers',
    `no new finalizers can be added if the object is being deleted, found new finalizers []string{${shown}}`,
  );
}
