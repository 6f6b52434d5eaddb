// Fills in the defaults that a kind's schema names. What depends on circumstances is filled in by the kind itself.

import { copy, isRecord } from '#base/mod.ts';
import type { Kind } from './kind.ts';
import type { SchemaNode } from './schema.ts';
import { childNode } from './walk.ts';

/** Gives absent fields of `object` their schema's defaults, at every depth that is there. Changes `object`. */
export function applyDefaults(kind: Pick<Kind, 'schema'>, object: object): void {
  fill(kind.schema, object);
}

function fill(node: SchemaNode, value: unknown): void {
  if (node.type === 'list') {
    if (Array.isArray(value)) for (const item of value) fill(node.items, item);
    return;
  }
  if (!isRecord(value)) return;
  if (node.type === 'object') fillAbsent(node.fields, value);
  for (const [field, child] of Object.entries(value)) fill(childNode(node, field), child);
}

function fillAbsent(fields: Readonly<Record<string, SchemaNode>>, value: Record<string, unknown>): void {
  for (const [field, node] of Object.entries(fields)) {
    if (node.default !== undefined && value[field] === undefined) value[field] = copy(node.default);
  }
}
