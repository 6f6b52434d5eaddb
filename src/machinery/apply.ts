// Server-side apply (KEP-555): who owns which field, what an apply changes, and when two managers are at odds.

import type { Json, JsonObject } from '#base/mod.ts';
import { equal, isRecord, rfc3339 } from '#base/mod.ts';
import { ApiError, badRequest } from './api-error.ts';
import type { FieldSet } from './field-set.ts';
import {
  NOTHING,
  both,
  fieldsHold,
  fieldsMeet,
  fromFieldsV1,
  isEmpty,
  meets,
  minus,
  pathText,
  pathsIn,
  toFieldsV1,
  union,
} from './field-set.ts';
import { checkEntries, differences, fieldsOf, isHollow, laidOver, withNamedFields, without } from './fields.ts';
import type { Kind } from './kind.ts';
import type { KubeObject, ManagedFieldsEntry } from './meta.ts';
import type { SchemaNode } from './schema.ts';

/** Fields that belong to nobody: the identity of an object, and what the server itself writes. */
const UNOWNED = fromFieldsV1({
  'f:apiVersion': {},
  'f:kind': {},
  'f:metadata': {
    '.': {},
    'f:name': {},
    'f:namespace': {},
    'f:uid': {},
    'f:resourceVersion': {},
    'f:generation': {},
    'f:creationTimestamp': {},
    'f:deletionTimestamp': {},
    'f:deletionGracePeriodSeconds': {},
    'f:managedFields': {},
    'f:selfLink': {},
  },
});

export interface ApplyRequest {
  readonly kind: Kind;
  /** What stands; absent where the apply creates. */
  readonly live?: KubeObject | undefined;
  /** What the manager wants, and nothing else: no defaults filled in. */
  readonly applied: JsonObject;
  readonly manager: string;
  /** Takes fields over from other managers. */
  readonly force: boolean;
  readonly subresource?: string | undefined;
  /** Wall time in milliseconds. */
  readonly now: number;
}

/** A manager with what it owns. */
interface Owner {
  readonly entry: ManagedFieldsEntry;
  readonly set: FieldSet;
}

/**
 * The object after an apply, with its managedFields. Throws 409 with a cause for each field that another manager holds at another
 * value, 400 for a list whose entries cannot be told apart.
 */
export function applyConfiguration(request: ApplyRequest): JsonObject {
  const { kind, live, applied } = request;
  if (isRecord(applied['metadata']) && applied['metadata']['managedFields'])
    throw badRequest('metadata.managedFields must be nil');
  checkEntries(kind.schema, applied);
  const standing = (live ?? {}) as JsonObject;
  const owners = ownersBefore(request);
  const own = owners.find(({ entry }) => isOwn(entry, request, 'Apply'));
  const others = owners.filter((owner) => owner !== own);
  const wanted = minus(fieldsOf(kind.schema, applied), UNOWNED);
  const said = fieldsOf(kind.schema, applied);
  const merged = laidOver(kind.schema, standing, applied) as JsonObject;
  const result = prune(kind.schema, merged, own?.set ?? NOTHING, [said, ...others.map(({ set }) => set)]);
  const { changed, removed } = differences(kind.schema, standing, result);
  const disputed = others
    .map(({ entry, set }) => ({ entry, set: both(set, changed) }))
    .filter(({ set }) => !isEmpty(set));
  if (disputed.length > 0 && !request.force) throw conflictOf(disputed);
  const isSame =
    own !== undefined &&
    equal(toFieldsV1(own.set), toFieldsV1(wanted)) &&
    isEmpty(minus(union(changed, removed), UNOWNED));
  const mine = isSame ? own : ownerOf(entryOf(request, 'Apply', wanted));
  return withOwners(result, [...others.map((owner) => lessening(owner, union(changed, removed))), mine]);
}

/** Whose the fields are that stand. What nobody keeps book of belongs to `before-first-apply` from the first apply on. */
function ownersBefore({ kind, live, now }: ApplyRequest): Owner[] {
  if (!live) return [];
  const entries = live.metadata.managedFields ?? [];
  if (entries.length > 0) return entries.map(ownerOf);
  const { changed } = differences(kind.schema, {}, live);
  const unknown = { kind, manager: 'before-first-apply', now };
  return [ownerOf(entryOf(unknown, 'Update', minus(changed, UNOWNED)))];
}

/**
 * Takes out what the manager owned before and wants no longer, where nobody else owns it. What leads to a place that somebody owns
 * stays, and so does what lies in a place of the manager without being its own.
 */
function prune(node: SchemaNode, merged: JsonObject, last: FieldSet, owned: readonly FieldSet[]): JsonObject {
  if (isEmpty(last)) return merged;
  const named = (set: FieldSet) => withNamedFields(node, set);
  const placesOf = (value: JsonObject) => named(fieldsOf(node, value, isHollow));
  const take = (set: FieldSet) => without(node, merged, set) as JsonObject;
  const all = placesOf(merged);
  const bare = placesOf(take(named(last)));
  const unowned = take(minus(all, union(bare, named(owned.reduce(union, NOTHING)))));
  const gone = minus(all, placesOf(unowned));
  return take(both(gone, named(last)));
}

export interface UpdateRequest {
  readonly kind: Kind;
  readonly before?: KubeObject | undefined;
  readonly after: KubeObject;
  readonly manager: string;
  readonly subresource?: string | undefined;
  /** Wall time in milliseconds. */
  readonly now: number;
}

/**
 * The managedFields after a write that is no apply: the writer owns what it changed, and others lose it. An object of which
 * nobody owns anything stays so until somebody applies.
 */
export function trackUpdate(request: UpdateRequest): ManagedFieldsEntry[] {
  const { kind, before, after } = request;
  const entries = after.metadata.managedFields ?? before?.metadata.managedFields ?? [];
  if (before && entries.length === 0) return [];
  const found = differences(kind.schema, before ?? {}, after);
  const changed = minus(found.changed, UNOWNED);
  const removed = minus(found.removed, UNOWNED);
  if (isEmpty(changed) && isEmpty(removed)) return entries;
  const touched = union(changed, removed);
  const mine = entries.find((entry) => isOwn(entry, request, 'Update'));
  const isSame = mine !== undefined && fieldsHold(mine.fieldsV1, changed) && !fieldsMeet(mine.fieldsV1, removed);
  // Most writes change what their writer owns already, and nobody else does.
  if (isSame && entries.every((entry) => entry === mine || !fieldsMeet(entry.fieldsV1, touched))) return entries;
  const owners = entries.map(ownerOf);
  const own = owners.find(({ entry }) => entry === mine);
  const others = owners.filter((owner) => owner !== own).map((owner) => lessening(owner, touched));
  if (own && isSame) return managedFieldsOf([...others, own]);
  const set = union(minus(own?.set ?? NOTHING, removed), changed);
  return managedFieldsOf([...others, { entry: entryOf(request, 'Update', set), set }]);
}

type Operation = 'Apply' | 'Update';
type Writer = Pick<UpdateRequest, 'kind' | 'manager' | 'subresource' | 'now'>;

function ownerOf(entry: ManagedFieldsEntry): Owner {
  return { entry, set: fromFieldsV1(entry.fieldsV1) };
}

/** Whether an entry is this writer's. An applier is the same in every version of the API. */
function isOwn(entry: ManagedFieldsEntry, { kind, manager, subresource }: Writer, operation: Operation): boolean {
  return (
    entry.manager === manager &&
    entry.operation === operation &&
    (entry.subresource ?? '') === (subresource ?? '') &&
    (operation === 'Apply' || entry.apiVersion === kind.apiVersion)
  );
}

function entryOf({ kind, manager, subresource, now }: Writer, operation: Operation, set: FieldSet): ManagedFieldsEntry {
  return {
    manager,
    operation,
    apiVersion: kind.apiVersion,
    time: rfc3339(now),
    fieldsType: 'FieldsV1',
    fieldsV1: toFieldsV1(set),
    ...(subresource ? { subresource } : {}),
  };
}

/** The owner without these places; the very same where it has none of them. */
function lessening(owner: Owner, lost: FieldSet): Owner {
  if (!meets(owner.set, lost)) return owner;
  const set = minus(owner.set, lost);
  return { entry: { ...owner.entry, fieldsV1: toFieldsV1(set) }, set };
}

/** Entries of those who still own something: appliers first, each sort by time, then by name. */
function managedFieldsOf(owners: readonly Owner[]): ManagedFieldsEntry[] {
  const keyOf = ({ operation = '', time = '', manager = '', apiVersion = '', subresource = '' }: ManagedFieldsEntry) =>
    [operation, time, manager, apiVersion, subresource].join('\0');
  const entries = owners.filter(({ set }) => !isEmpty(set)).map(({ entry }) => entry);
  return entries.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function withOwners(object: JsonObject, owners: readonly Owner[]): JsonObject {
  const { managedFields: _, ...metadata } = (object['metadata'] ?? {}) as JsonObject;
  const entries = managedFieldsOf(owners);
  return {
    ...object,
    metadata: { ...metadata, ...(entries.length > 0 ? { managedFields: entries as unknown as Json } : {}) },
  };
}

/** 409 in the words of Kubernetes: one conflict on one line, several by manager. */
function conflictOf(disputed: readonly Owner[]): ApiError {
  const sorted = disputed.toSorted((a, b) => (managerText(a.entry) < managerText(b.entry) ? -1 : 1));
  const causes = sorted.flatMap(({ entry, set }) =>
    pathsIn(set).map((path) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${managerText(entry)}`,
      field: pathText(path),
    })),
  );
  const [first] = causes;
  const told =
    causes.length === 1
      ? `1 conflict: ${first?.message}: ${first?.field}`
      : `${causes.length} conflicts: ${sorted.map(conflictsText).join('\n')}`;
  return new ApiError(409, 'Conflict', `Apply failed with ${told}`, { causes });
}

function conflictsText({ entry, set }: Owner): string {
  return [`conflicts with ${managerText(entry)}:`, ...pathsIn(set).map((path) => `- ${pathText(path)}`)].join('\n');
}

function managerText({ manager = '', operation, subresource, apiVersion }: ManagedFieldsEntry): string {
  const where = subresource ? ` with subresource ${JSON.stringify(subresource)}` : '';
  return `${JSON.stringify(manager)}${where}${operation === 'Update' ? ` using ${apiVersion}` : ''}`;
}
