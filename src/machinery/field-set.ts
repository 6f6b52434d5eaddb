// Sets of paths in an object, and their form in managedFields (FieldsV1): `f:name` a field, `k:{…}` an entry of a list by its keys,
// `v:…` an entry by its value, `.` the place itself beside what lies in it.

import type { JsonObject } from '#base/mod.ts';
import { isRecord } from '#base/mod.ts';

/** Whether a place itself is in the set, and what of the places inside it. */
export interface FieldSet {
  readonly isMember: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

export const NOTHING: FieldSet = { isMember: false, children: new Map() };
/** The place alone. */
export const ITSELF: FieldSet = { isMember: true, children: new Map() };

export function isEmpty({ isMember, children }: FieldSet): boolean {
  return !isMember && children.size === 0;
}

/** A set from its members and children; children that are empty are left out. */
export function fieldSet(isMember: boolean, children: Iterable<readonly [string, FieldSet]>): FieldSet {
  const kept = new Map<string, FieldSet>();
  for (const [element, child] of children) if (!isEmpty(child)) kept.set(element, child);
  return { isMember, children: kept };
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a)) return b;
  if (isEmpty(b)) return a;
  const children = new Map(a.children);
  for (const [element, child] of b.children) children.set(element, union(children.get(element) ?? NOTHING, child));
  return { isMember: a.isMember || b.isMember, children };
}

/** The places of `a` that are not in `b`, each by itself. */
export function minus(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(b)) return a;
  const children = [...a.children].map(
    ([element, child]) => [element, minus(child, b.children.get(element) ?? NOTHING)] as const,
  );
  return fieldSet(a.isMember && !b.isMember, children);
}

/** The places that are in both. */
export function both(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || isEmpty(b)) return NOTHING;
  const children = [...a.children].map(
    ([element, child]) => [element, both(child, b.children.get(element) ?? NOTHING)] as const,
  );
  return fieldSet(a.isMember && b.isMember, children);
}

/** Whether any place is in both: `both`, only asked. */
export function meets(a: FieldSet, b: FieldSet): boolean {
  if (a.isMember && b.isMember) return true;
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (other && meets(child, other)) return true;
  }
  return false;
}

/** The paths of all members, each as its elements. */
export function pathsIn(set: FieldSet, path: readonly string[] = []): (readonly string[])[] {
  const children = [...set.children].sort(([a], [b]) => (a < b ? -1 : 1));
  const members = children.filter(([, child]) => child.isMember).map(([element]) => [...path, element]);
  return [...members, ...children.flatMap(([element, child]) => pathsIn(child, [...path, element]))];
}

/** The form in managedFields; elements in the order of their text. */
export function toFieldsV1({ isMember, children }: FieldSet): JsonObject {
  const fields: JsonObject = isMember && children.size > 0 ? { '.': {} } : {};
  for (const element of [...children.keys()].sort()) fields[element] = toFieldsV1(children.get(element) ?? NOTHING);
  return fields;
}

/** A set from managedFields; what has no sense there counts as nothing. */
export function fromFieldsV1(fields: unknown): FieldSet {
  return isRecord(fields) ? fieldSet(false, childrenOf(fields)) : NOTHING;
}

/** Whether any place of a set is in managedFields, which are not taken apart for it. */
export function fieldsMeet(fields: unknown, { children }: FieldSet): boolean {
  for (const [element, child] of children) {
    const inner = isRecord(fields) && Object.hasOwn(fields, element) ? fields[element] : undefined;
    if (isRecord(inner) && ((child.isMember && isPlace(inner)) || fieldsMeet(inner, child))) return true;
  }
  return false;
}

/** Whether every place of a set is in managedFields, which are not taken apart for it. */
export function fieldsHold(fields: unknown, { children }: FieldSet): boolean {
  for (const [element, child] of children) {
    const inner = isRecord(fields) && Object.hasOwn(fields, element) ? fields[element] : undefined;
    if (!isRecord(inner) || (child.isMember && !isPlace(inner)) || !fieldsHold(inner, child)) return false;
  }
  return true;
}

/** Whether a place in managedFields is meant itself, and not only what lies in it. */
function isPlace(fields: Record<string, unknown>): boolean {
  return '.' in fields || Object.keys(fields).length === 0;
}

function childrenOf(fields: Record<string, unknown>): [string, FieldSet][] {
  return Object.entries(fields)
    .filter(([element]) => element !== '.')
    .map(([element, inner]) => [element, placeOf(inner)]);
}

function placeOf(fields: unknown): FieldSet {
  if (!isRecord(fields)) return NOTHING;
  const children = childrenOf(fields);
  return fieldSet(isPlace(fields), children);
}

/** A path as people read it: `.spec.containers[name="a"].image`. */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('');
}

function elementText(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  const keys = Object.entries(JSON.parse(rest) as JsonObject);
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
}
