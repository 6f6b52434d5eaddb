// Objects of a kind by chance, made from its schema, with mistakes in them: what an API server must prune, warn of or refuse.

import type { Arbitrary } from 'fast-check';
import { array, boolean, constant, constantFrom, integer, oneof, record, tuple } from 'fast-check';
import type { Json, JsonObject } from '#base/mod.ts';
import { copy, isRecord } from '#base/mod.ts';
import type { Kind, SchemaNode } from '#machinery/mod.ts';

/** Below this depth only what is required is made. */
const DEEPEST = 7;
const MISTAKES = ['unknown', 'type', 'missing', 'null', 'quantity', 'twice'] as const;

interface Mistake {
  readonly kind: (typeof MISTAKES)[number];
  readonly place: number;
}
const mistakes = array(record({ kind: constantFrom(...MISTAKES), place: integer({ min: 0, max: 1000 }) }), {
  maxLength: 2,
});

/** Objects made from nothing but the kind's schema. */
export function objectsOf(kind: Kind): Arbitrary<JsonObject> {
  const fields = kind.schema.type === 'object' ? kind.schema.fields : {};
  const own = Object.entries(fields).filter(([name]) => !['apiVersion', 'kind', 'metadata', 'status'].includes(name));
  const parts = record(Object.fromEntries(own.map(([name, node]) => [name, valueOf(node, 0)])));
  return tuple(parts, mistakes).map(([made, wrong]) => withMistakes(whole(kind, made as JsonObject), wrong));
}

/** An object that is right, and the same with mistakes. */
export function variantsOf(kind: Kind, parts: JsonObject): Arbitrary<JsonObject> {
  return mistakes.map((wrong) => withMistakes(whole(kind, copy(parts)), wrong));
}

function whole({ apiVersion, kind, scope }: Kind, parts: JsonObject): JsonObject {
  const metadata: JsonObject = { name: 'made-by-chance' };
  if (scope === 'Namespaced') metadata['namespace'] = 'default';
  return { apiVersion, kind, metadata, ...parts };
}

function valueOf(node: SchemaNode, depth: number): Arbitrary<unknown> {
  switch (node.type) {
    case 'string':
      return textOf(node);
    case 'integer':
      return constantFrom(node.minimum ?? 0, node.maximum ?? 7);
    case 'number':
      return constantFrom(0, 1.5);
    case 'boolean':
      return boolean();
    case 'quantity':
      return constantFrom('1', '100m', '1Gi', 2);
    case 'intOrString':
      return constantFrom<unknown>(80, 'http');
    case 'any':
      return constantFrom<unknown>({}, { a: 1 }, 'x', [1]);
    case 'map':
      return valueOf(node.values, depth + 1).map((value) => ({ a: value }));
    case 'list':
      return array(valueOf(node.items, depth + 1), { maxLength: 1 });
    default:
      return objectOf(node, depth);
  }
}

/** There a third of the time. */
const maybe = (value: Arbitrary<unknown>): Arbitrary<unknown> =>
  oneof({ weight: 2, arbitrary: constant(undefined) }, { weight: 1, arbitrary: value });

function textOf(node: SchemaNode & { type: 'string' }): Arbitrary<string> {
  if (node.enum) return constantFrom(...node.enum);
  if (node.format === 'date-time') return constant('2026-01-01T00:00:00Z');
  return node.format === 'byte' ? constant('YQ==') : constantFrom('a', 'b-c', '1');
}

function objectOf(node: SchemaNode & { type: 'object' }, depth: number): Arbitrary<unknown> {
  const entries = Object.entries(node.fields).filter(([name]) => depth < DEEPEST || node.required.includes(name));
  const model = Object.fromEntries(
    entries.map(([name, field]) => {
      const value = valueOf(field, depth + 1);
      return [name, node.required.includes(name) ? value : maybe(value)];
    }),
  );
  return record(model).map((made) =>
    Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined)),
  );
}

/** Every object and list within, the outermost first; apiVersion, kind and metadata are left alone. */
function placesOf(value: unknown): (Record<string, unknown> | unknown[])[] {
  if (Array.isArray(value)) return [value, ...value.flatMap(placesOf)];
  return isRecord(value) ? [value, ...Object.values(value).flatMap(placesOf)] : [];
}

function withMistakes(object: JsonObject, wrong: readonly Mistake[]): JsonObject {
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...parts } = object;
  for (const { kind, place } of wrong) {
    const places = Object.values(parts).flatMap(placesOf);
    const at = places[place % Math.max(places.length, 1)];
    if (at) mistake(at, kind, place);
  }
  return { ...object, ...parts };
}

function mistake(at: Record<string, unknown> | unknown[], kind: Mistake['kind'], place: number): void {
  if (Array.isArray(at)) {
    if (kind === 'twice' && at.length > 0) at.push(copy(at[0] as Json));
    else if (kind === 'type') at.push(at.length === 0 ? 1 : [[]]);
    return;
  }
  const keys = Object.keys(at);
  const key = keys[place % Math.max(keys.length, 1)];
  if (kind === 'unknown') at['mistake'] = { deep: [1] };
  else if (key === undefined) return;
  else if (kind === 'missing') delete at[key];
  else if (kind === 'null') at[key] = null;
  else if (kind === 'quantity' && typeof at[key] === 'string') at[key] = '1 Gi';
  else if (kind === 'type') at[key] = otherType(at[key]);
}

function otherType(value: unknown): unknown {
  if (typeof value === 'string') return 5;
  if (typeof value === 'number') return 'x';
  if (typeof value === 'boolean') return 'yes';
  return Array.isArray(value) ? { a: 1 } : 'text';
}
