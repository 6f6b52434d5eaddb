// What the walkers over schema and value share: the node that a field is described by, and the path to it in words.

import type { SchemaNode } from './schema.ts';

/** A schema node of one type. */
export type NodeOf<T extends SchemaNode['type']> = Extract<SchemaNode, { readonly type: T }>;

const ANY: SchemaNode = { type: 'any' };

/** The schema of a field inside a value: its own in objects, the common one in maps, `any` where nothing is known. */
export function childNode(node: SchemaNode, field: string): SchemaNode {
  if (node.type === 'object') return Object.hasOwn(node.fields, field) ? (node.fields[field] ?? ANY) : ANY;
  return node.type === 'map' ? node.values : ANY;
}

/** The schema of a list's entries. */
export function itemNode(node: SchemaNode): SchemaNode {
  return node.type === 'list' ? node.items : ANY;
}

/** Whether a field is known to an object's schema. */
export function isKnownField(node: SchemaNode, field: string): boolean {
  return node.type === 'object' && Object.hasOwn(node.fields, field);
}

/** The name of a value's JSON type, as OpenAPI calls it. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}
