// What an update takes from the request and what it leaves as it stands: parts of a subresource, the server's own metadata, generation. Pure.

import { at, copy, equal, isRecord } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { conflict, STALE, unknownResource } from '#machinery/mod.ts';
import { nameOf } from './refusals.ts';

/** Any object's fields beside those that all have. */
export type Fields = KubeObject & { spec?: Record<string, unknown>; status?: unknown };

/** Throws 404 where the kind has no such subresource. */
export function checkSubresource(kind: Kind, subresource: string | undefined): void {
  const isThere =
    subresource === undefined ||
    (subresource === 'status' && kind.hasStatus) ||
    (subresource === 'scale' && kind.scale !== undefined) ||
    (subresource === 'finalize' && kind.resource === 'namespaces') ||
    (subresource === 'binding' && kind.resource === 'pods');
  if (!isThere) throw unknownResource();
}

/** Who owns which field stays as it stands where a write says nothing of it. */
export function withoutOwners({ metadata, ...object }: KubeObject): KubeObject {
  const { managedFields: _owners, ...rest } = metadata;
  return { ...object, metadata: rest };
}

/** `incoming` where the request may write, `before` elsewhere. Changes `incoming`. */
export function merge(kind: Kind, before: Fields, incoming: Fields, subresource: string | undefined): KubeObject {
  if (subresource === 'status') {
    const merged = withPart(before, incoming, 'status', incoming.status);
    const marks = statusMarks(kind, incoming);
    if (marks) merged.metadata.annotations = { ...before.metadata.annotations, ...marks };
    return merged;
  }
  if (subresource === 'finalize') {
    return withPart(before, incoming, 'spec', { ...before.spec, finalizers: incoming.spec?.['finalizers'] ?? [] });
  }
  if (subresource === 'binding') {
    return withPart(before, incoming, 'spec', { ...before.spec, nodeName: incoming.spec?.['nodeName'] });
  }
  if (subresource === 'scale') return withReplicas(kind, before, incoming);
  // A copy, for defaults and admission may still write to it.
  if (kind.hasStatus) setOrDelete(incoming, 'status', copy(before.status));
  if (kind.resource === 'namespaces')
    incoming.spec = { ...incoming.spec, finalizers: before.spec?.['finalizers'] ?? [] };
  return incoming;
}

/** The annotations of an object that are part of its status; undefined where it has none. */
export function statusMarks(
  { statusAnnotations = [] }: Kind,
  { metadata }: KubeObject,
): Record<string, string> | undefined {
  const there = statusAnnotations.flatMap((name) => {
    const value = metadata.annotations?.[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return there.length > 0 ? Object.fromEntries(there) : undefined;
}

function withPart(before: Fields, incoming: Fields, part: 'spec' | 'status', value: unknown): KubeObject {
  const metadata = { ...before.metadata };
  setOrDelete(metadata, 'managedFields', incoming.metadata.managedFields);
  const merged: Fields = { ...before, metadata };
  setOrDelete(merged, part, value);
  return merged;
}

/** Only the number at the kind's own path is taken. */
function withReplicas(kind: Kind, before: Fields, incoming: Fields): KubeObject {
  const path = kind.scale?.specReplicasPath.split('.').filter(Boolean) ?? [];
  const merged = copy(before);
  setOrDelete(merged.metadata, 'managedFields', incoming.metadata.managedFields);
  let parent: object = merged;
  for (const field of path.slice(0, -1)) {
    const inner: unknown = Reflect.get(parent, field);
    const next = isRecord(inner) ? inner : {};
    Reflect.set(parent, field, next);
    parent = next;
  }
  setOrDelete(parent, path.at(-1) ?? '', at(incoming, path));
  return merged;
}

function setOrDelete(target: object, key: string, value: unknown): void {
  if (value === undefined) Reflect.deleteProperty(target, key);
  else Reflect.set(target, key, value);
}

/** Throws 409 where the request is about another version, or another object of the same name. */
export function checkPreconditions(kind: Kind, before: KubeObject, incoming: KubeObject): void {
  const { uid, resourceVersion } = incoming.metadata;
  if (uid && uid !== before.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.metadata.uid}`;
    throw conflict(nameOf(kind), before.metadata.name, why);
  }
  if (resourceVersion && resourceVersion !== before.metadata.resourceVersion) {
    throw conflict(nameOf(kind), before.metadata.name, STALE);
  }
}

const KEPT = ['uid', 'resourceVersion', 'generation'] as const;
const KEPT_WHERE_ABSENT = ['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const;

/** Takes over what is the server's own to say, and what a client may leave out. Changes `object`. */
export function keepServerMetadata(before: KubeObject, object: KubeObject): void {
  const { metadata } = object;
  for (const field of KEPT) setOrDelete(metadata, field, before.metadata[field]);
  for (const field of KEPT_WHERE_ABSENT) setOrDelete(metadata, field, metadata[field] ?? before.metadata[field]);
  metadata.name ||= before.metadata.name;
  setOrDelete(metadata, 'namespace', metadata.namespace || before.metadata.namespace);
  delete metadata.selfLink;
}

/** Kinds that say what should be count its changes. */
export function hasGeneration(kind: Kind): boolean {
  return kind.custom || (kind.schema.type === 'object' && 'spec' in kind.schema.fields);
}

/** One more where anything but metadata and status differs. */
export function nextGeneration(kind: Kind, before: KubeObject, after: KubeObject): number | undefined {
  const { generation } = before.metadata;
  if (!hasGeneration(kind)) return generation;
  return sameIntent(kind, before, after) ? generation : (generation ?? 0) + 1;
}

function sameIntent(kind: Kind, before: KubeObject, after: KubeObject): boolean {
  const aside = new Set(['apiVersion', 'kind', 'metadata', ...(kind.hasStatus ? ['status'] : [])]);
  const fields = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...fields].every((field) => aside.has(field) || equal(Reflect.get(before, field), Reflect.get(after, field)));
}
