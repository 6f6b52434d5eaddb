// Fills in the defaults that a kind's schema names. What depends on circumstances is filled in by the kind itself.

import { copy, isRecord } from '#base/mod.ts';
import type { Kind } from './kind.ts';
import type { SchemaNode } from './schema.ts';
import type { NodeOf } from './walk.ts';
import { childNode } from './walk.ts';

/** Gives absent fields of `object` their schema's defaults, at every depth that is there. Changes `object`. */
export function applyDefaults(kind: Pick<Kind, 'schema'>, object: object): void {
  fill(kind.schema, object);
}

function fill(node: SchemaNode, value: unknown): void {
  if (!hasDefaults(node)) return;
  if (node.type === 'list') {
    if (Array.isArray(value)) for (const item of value) fill(node.items, item);
    return;
  }
  if (!isRecord(value)) return;
  if (node.type === 'object') fillAbsent(node, value);
  for (const field of Object.keys(value)) fill(childNode(node, field), value[field]);
}

function fillAbsent(node: NodeOf<'object'>, value: Record<string, unknown>): void {
  for (const [field, preset] of presetsOf(node)) if (value[field] === undefined) value[field] = copy(preset);
}

/** Schemas are made once and read with every write: what of them says nothing of defaults is found out once. */
const presets = new WeakMap<SchemaNode, readonly (readonly [string, unknown])[]>();
const known = new WeakMap<SchemaNode, boolean>();

function presetsOf(node: NodeOf<'object'>): readonly (readonly [string, unknown])[] {
  const found = presets.get(node);
  if (found) return found;
  const made = Object.entries(node.fields).flatMap(([field, { default: preset }]) =>
    preset === undefined ? [] : [[field, preset] as const],
  );
  presets.set(node, made);
  return made;
}

/** Whether anything at or below a place has a default. */
function hasDefaults(node: SchemaNode): boolean {
  const found = known.get(node);
  if (found !== undefined) return found;
  known.set(node, true); // What a schema that contains itself is taken for on the way: to look in vain does no harm.
  const has = inside(node).some((child) => child.default !== undefined || hasDefaults(child));
  known.set(node, has);
  return has;
}

function inside(node: SchemaNode): readonly SchemaNode[] {
  if (node.type === 'object') return Object.values(node.fields);
  if (node.type === 'map') return [node.values];
  return node.type === 'list' ? [node.items] : [];
}
