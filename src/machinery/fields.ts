// Walks over schema and value that apply is made of: which places an object has, where two objects differ, one laid over another,
// one with places taken out. After structured-merge-diff, the algorithm of KEP-555.

import type { Json, JsonObject } from '#base/mod.ts';
import { copy, equal, isRecord } from '#base/mod.ts';
import { badRequest } from './api-error.ts';
import type { FieldSet } from './field-set.ts';
import { ITSELF, NOTHING, fieldSet, pathText, union } from './field-set.ts';
import type { SchemaNode } from './schema.ts';
import { childNode, isKnownField, itemNode } from './walk.ts';

/** Whether apply takes a value apart, or treats it as one. What no schema knows is taken as JSON is: objects by field, lists whole. */
function isOpen(node: SchemaNode, value: unknown): boolean {
  if (node.type === 'list') return node.listType !== 'atomic' && Array.isArray(value);
  if (node.type === 'object' || node.type === 'map') return node.atomic !== true && isRecord(value);
  return node.type === 'any' && isRecord(value);
}

/** What an open value holds, by path element; several values where entries of a list have the same keys. */
function partsOf(node: SchemaNode, value: unknown): Map<string, unknown[]> {
  const parts = new Map<string, unknown[]>();
  const add = (element: string, part: unknown) => {
    const known = parts.get(element);
    if (known) known.push(part);
    else parts.set(element, [part]);
  };
  if (Array.isArray(value)) for (const item of value) add(elementOf(node, item), item);
  else if (isRecord(value))
    for (const [key, part] of Object.entries(value)) if (part !== undefined) add(`f:${key}`, part);
  return parts;
}

function nodeUnder(node: SchemaNode, element: string): SchemaNode {
  return element.startsWith('f:') ? childNode(node, element.slice(2)) : itemNode(node);
}

/** The element by which an entry of a list is known. Keys that are missing count with their defaults. */
function elementOf(node: SchemaNode, item: unknown): string {
  if (node.type !== 'list' || node.listType !== 'map' || !isRecord(item)) return `v:${JSON.stringify(item)}`;
  const keys = [...node.keys].sort().map((key) => [key, item[key] ?? childNode(node.items, key).default] as const);
  return `k:${JSON.stringify(Object.fromEntries(keys.filter(([, value]) => value !== undefined)))}`;
}

/** Throws 400 where entries of a keyed list lack a key or have the same ones. */
export function checkEntries(node: SchemaNode, value: unknown, path: readonly string[] = []): void {
  if (!isOpen(node, value)) return;
  if (node.type === 'list' && Array.isArray(value))
    checkKeys(node.listType === 'map' ? node.keys : [], node.items, value, path);
  for (const [element, parts] of partsOf(node, value)) {
    if (parts.length > 1) throw badRequest(`${pathText(path)}: duplicate entries for key ${pathText([element])}`);
    checkEntries(nodeUnder(node, element), parts[0], [...path, element]);
  }
}

function checkKeys(
  keys: readonly string[],
  items: SchemaNode,
  values: readonly unknown[],
  path: readonly string[],
): void {
  for (const [i, item] of values.entries()) {
    const missing = keys.find((key) => !isRecord(item) || (item[key] ?? childNode(items, key).default) === undefined);
    if (missing === undefined) continue;
    throw badRequest(
      `${pathText(path)}: element ${i}: associative list with keys has an element that omits key field ${JSON.stringify(missing)} (and doesn't have default value)`,
    );
  }
}

/** Every place that a value says something of. An empty list says something only where `isPlace` has it so. */
export function fieldsOf(
  node: SchemaNode,
  value: unknown,
  isPlace: (value: unknown) => boolean = isHollowObject,
): FieldSet {
  if (!isOpen(node, value)) return ITSELF;
  const children = [...partsOf(node, value)].map(([element, parts]): [string, FieldSet] => {
    const [part] = parts;
    if (parts.length > 1) return [element, ITSELF];
    const inside = fieldsOf(nodeUnder(node, element), part, isPlace);
    const isOwnPlace = isPlace(part) || !element.startsWith('f:') || !isKnownField(node, element.slice(2));
    return [element, isOwnPlace ? union(inside, ITSELF) : inside];
  });
  return fieldSet(false, children);
}

function isHollowObject(value: unknown): boolean {
  return value === null || (isRecord(value) && Object.keys(value).length === 0);
}

/** Where two values differ: what is new or has changed, and what is gone. */
export interface Differences {
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

const SAME: Differences = { changed: NOTHING, removed: NOTHING };
const CHANGED: Differences = { changed: ITSELF, removed: NOTHING };
const REMOVED: Differences = { changed: NOTHING, removed: ITSELF };

/** The differences between two values; undefined is a value that is not there. */
export function differences(node: SchemaNode, before: unknown, after: unknown): Differences {
  if (before === after || (before === undefined && after === undefined)) return SAME;
  const isApart =
    isOpen(node, before ?? after) && isOpen(node, after ?? before) && !(isHollow(before) && isHollow(after));
  if (!isApart) return leafDifference(before, after);
  if (isRecord(before ?? after) && isRecord(after ?? before))
    return recordDifferences(node, before as Fields | undefined, after as Fields | undefined);
  const old = partsOf(node, before);
  const fresh = partsOf(node, after);
  const elements = new Set([...old.keys(), ...fresh.keys()]);
  const parts = [...elements].map(
    (element) =>
      [element, partDifferences(nodeUnder(node, element), old.get(element) ?? [], fresh.get(element) ?? [])] as const,
  );
  return {
    changed: fieldSet(
      before === undefined,
      parts.map(([element, { changed }]) => [element, changed]),
    ),
    removed: fieldSet(
      after === undefined,
      parts.map(([element, { removed }]) => [element, removed]),
    ),
  };
}

/** The same for two records: what is the very same value in both is passed over without a look. */
function recordDifferences(node: SchemaNode, before: Fields | undefined, after: Fields | undefined): Differences {
  const changed: [string, FieldSet][] = [];
  const removed: [string, FieldSet][] = [];
  const compare = (key: string) => {
    const [was, is] = [fieldOf(before, key), fieldOf(after, key)];
    if (was === is) return;
    const found = differences(childNode(node, key), was, is);
    changed.push([`f:${key}`, found.changed]);
    removed.push([`f:${key}`, found.removed]);
  };
  for (const key of Object.keys(before ?? {})) compare(key);
  for (const key of Object.keys(after ?? {})) if (!before || !Object.hasOwn(before, key)) compare(key);
  return { changed: fieldSet(before === undefined, changed), removed: fieldSet(after === undefined, removed) };
}

type Fields = Readonly<Record<string, unknown>>;

/** Never what every object inherits. */
function fieldOf(record: Fields | undefined, key: string): unknown {
  return record && Object.hasOwn(record, key) ? record[key] : undefined;
}

function leafDifference(before: unknown, after: unknown): Differences {
  if (after === undefined) return REMOVED;
  return before !== undefined && equal(before, after) ? SAME : CHANGED;
}

/** Whether there is nothing in a value. */
export function isHollow(value: unknown): boolean {
  return value === undefined || isHollowObject(value) || (Array.isArray(value) && value.length === 0);
}

/** Entries with the same keys are no places of their own: they count as one, whole. */
function partDifferences(node: SchemaNode, before: readonly unknown[], after: readonly unknown[]): Differences {
  if (before.length <= 1 && after.length <= 1) return differences(node, before[0], after[0]);
  if (before.length > 1 && after.length > 1) return equal(before, after) ? SAME : CHANGED;
  const inside = before.length > 1 ? differences(node, undefined, after[0]) : differences(node, before[0], undefined);
  const whole = before.length > 1 ? REMOVED : CHANGED;
  return { changed: union(inside.changed, whole.changed), removed: union(inside.removed, whole.removed) };
}

/** `over` laid on `value`: open values by their parts, others whole. Shares nothing with `over`. */
export function laidOver(node: SchemaNode, value: Json | undefined, over: Json): Json {
  if (!isOpen(node, over) || !isOpen(node, value)) return copy(over);
  if (Array.isArray(over)) return laidOverList(node, value as Json[], over);
  const out: JsonObject = { ...(value as JsonObject) };
  for (const [key, part] of Object.entries(over as JsonObject))
    out[key] = laidOver(childNode(node, key), Object.hasOwn(out, key) ? out[key] : undefined, part);
  return out;
}

interface Entry {
  readonly item: Json;
  readonly element: string;
}

/** Entries of `over` keep their order; those that only stand keep theirs, and come as early as the common ones let them. */
function laidOverList(node: SchemaNode, standing: readonly Json[], over: readonly Json[]): Json[] {
  const elements = (items: readonly Json[]): Entry[] => items.map((item) => ({ item, element: elementOf(node, item) }));
  const old = elements(standing);
  const fresh = elements(over);
  const wanted = new Set(fresh.map(({ element }) => element));
  const parts = partsOf(node, standing);
  const out: Json[] = [];
  let next = 0;
  const takeThrough = (last: number) => {
    for (const { item, element } of fresh.slice(next, last + 1)) {
      const [base, ...more] = (parts.get(element) ?? []) as Json[];
      out.push(laidOver(itemNode(node), more.length > 0 ? undefined : base, item));
    }
    next = last + 1;
  };
  const nextCommon = () => fresh.findIndex(({ element }, i) => i >= next && parts.has(element));
  for (const { item, element } of old) {
    if (!wanted.has(element)) out.push(item);
    // A common entry out of turn comes when its turn does.
    else if (fresh[nextCommon()]?.element === element) takeThrough(nextCommon());
  }
  takeThrough(fresh.length - 1);
  return out;
}

/** A set with the fields that lead to its members: where all that was in a named field goes, the field goes too. */
export function withNamedFields(node: SchemaNode, set: FieldSet): FieldSet {
  const children = [...set.children].map(([element, child]): [string, FieldSet] => {
    const inside = withNamedFields(nodeUnder(node, element), child);
    return [element, element.startsWith('f:') && isKnownField(node, element.slice(2)) ? union(inside, ITSELF) : inside];
  });
  return { isMember: set.isMember, children: new Map(children) };
}

/** The value without the places of a set. What is emptied by it stays, empty, unless the set names it too. */
export function without(node: SchemaNode, value: Json, set: FieldSet): Json {
  if (set.children.size === 0 || !isOpen(node, value)) return value;
  if (Array.isArray(value))
    return value.flatMap((item) => kept(itemNode(node), item, set.children.get(elementOf(node, item))));
  const fields = Object.entries(value as JsonObject).flatMap(([key, part]) =>
    kept(childNode(node, key), part, set.children.get(`f:${key}`)).map((left) => [key, left] as const),
  );
  return Object.fromEntries(fields);
}

/** A part with what is taken out of it, as a list of one or none. */
function kept(node: SchemaNode, part: Json, set: FieldSet | undefined): Json[] {
  if (set?.isMember) return [];
  return [set ? without(node, part, set) : part];
}
