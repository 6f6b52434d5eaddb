// Whether an object keeps to its schema: what must be there, allowed words, patterns, bounds, keys of lists.

import { isRecord } from '#base/mod.ts';
import type { Kind } from './kind.ts';
import type { Problems } from './problems.ts';
import { join } from './problems.ts';
import { readScalar, tellBadText, tellWrongType } from './scalars.ts';
import type { SchemaNode } from './schema.ts';
import type { NodeOf } from './walk.ts';
import { childNode } from './walk.ts';

/**
 * Faults of an object against its kind's schema, in Kubernetes' words; wrong types too, where it did not come by `decodeObject`.
 * Entries of keyed lists that occur twice are faults of custom kinds only: built-in kinds say so themselves where it matters.
 * What is the very same value in `before` was looked at when it came, and is not again.
 */
export function checkShape(
  kind: Pick<Kind, 'schema' | 'custom'>,
  object: object,
  problems: Problems,
  before?: object,
): void {
  check(kind.schema, object, '', { problems, isCustom: kind.custom }, before);
}

interface Context {
  readonly problems: Problems;
  readonly isCustom: boolean;
}

function check(node: SchemaNode, value: unknown, path: string, context: Context, before: unknown): void {
  if (value === undefined || value === before) return;
  if (value === null && (node.nullable || node.type === 'any')) return;
  switch (node.type) {
    case 'any':
      return;
    case 'object':
      if (isRecord(value)) return checkObject(node, value, path, context, before);
      break;
    case 'map':
      if (isRecord(value)) return checkFields(node, value, path, context, before);
      break;
    case 'list':
      if (Array.isArray(value)) return checkList(node, value, path, context, before);
      break;
    default:
      return checkScalar(node, value, path, context.problems);
  }
  tellWrongType(context.problems, node, value, path);
}

function checkScalar(node: SchemaNode, value: unknown, path: string, problems: Problems): void {
  const read = readScalar(node, value);
  if ('expected' in read) return tellWrongType(problems, node, value, path);
  if ('fault' in read) return tellBadText(problems, node, value, path, read.fault);
  if (node.type === 'string') checkText(node, String(value), path, problems);
  else if (node.type === 'integer' || node.type === 'number') checkNumber(node, Number(value), path, problems);
}

function checkObject(
  node: NodeOf<'object'>,
  value: Record<string, unknown>,
  path: string,
  context: Context,
  before: unknown,
): void {
  for (const field of node.required) {
    // The name of an object is looked at by the rules of metadata.
    if (value[field] === undefined && !(path === 'metadata' && field === 'name')) {
      context.problems.required(join(path, field));
    }
  }
  checkFields(node, value, path, context, before);
}

function checkFields(
  node: SchemaNode,
  value: Record<string, unknown>,
  path: string,
  context: Context,
  before: unknown,
): void {
  const old = isRecord(before) ? before : {};
  for (const [field, child] of Object.entries(value))
    check(childNode(node, field), child, join(path, field), context, old[field]);
}

function checkText(node: NodeOf<'string'>, value: string, path: string, problems: Problems): void {
  if (node.enum && !node.enum.includes(value)) problems.notSupported(path, value, node.enum);
  if (node.minLength !== undefined && lengthOf(value) < node.minLength) {
    problems.invalid(path, value, `${path} in body should be at least ${node.minLength} chars long`);
  }
  if (node.maxLength !== undefined && lengthOf(value) > node.maxLength) problems.tooLong(path, node.maxLength);
  if (node.pattern !== undefined && !patternOf(node, node.pattern).test(value)) {
    problems.invalid(path, value, `${path} in body should match '${node.pattern}'`);
  }
}

/** In characters, as JSON Schema counts. */
function lengthOf(text: string): number {
  return Array.from(text).length;
}

/** As many as the schemas name. */
const patterns = new WeakMap<NodeOf<'string'>, RegExp>();

function patternOf(node: NodeOf<'string'>, pattern: string): RegExp {
  const known = patterns.get(node);
  if (known) return known;
  const made = compiled(pattern);
  patterns.set(node, made);
  return made;
}

function compiled(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return new RegExp(pattern);
  }
}

function checkNumber(
  node: NodeOf<'integer'> | NodeOf<'number'>,
  value: number,
  path: string,
  problems: Problems,
): void {
  if (node.minimum !== undefined && value < node.minimum) {
    problems.invalid(path, value, `${path} in body should be greater than or equal to ${node.minimum}`);
  }
  if (node.maximum !== undefined && value > node.maximum) {
    problems.invalid(path, value, `${path} in body should be less than or equal to ${node.maximum}`);
  }
}

function checkList(
  node: NodeOf<'list'>,
  values: readonly unknown[],
  path: string,
  context: Context,
  before: unknown,
): void {
  const { problems } = context;
  if (node.minItems !== undefined && values.length < node.minItems) {
    problems.invalid(path, values.length, `${path} in body should have at least ${node.minItems} items`);
  }
  if (node.maxItems !== undefined && values.length > node.maxItems)
    problems.tooMany(path, values.length, node.maxItems);
  if (context.isCustom) checkDuplicates(node, values, path, problems);
  const old: readonly unknown[] = Array.isArray(before) ? before : [];
  for (const [i, value] of values.entries()) check(node.items, value, `${path}[${i}]`, context, old[i]);
}

function checkDuplicates(node: NodeOf<'list'>, values: readonly unknown[], path: string, problems: Problems): void {
  if (node.listType === 'atomic') return;
  const seen = new Set<string>();
  for (const [i, value] of values.entries()) {
    const identity = node.listType === 'set' ? value : identityOf(node, value);
    const key = JSON.stringify(identity);
    if (seen.has(key)) problems.duplicate(`${path}[${i}]`, identity);
    seen.add(key);
  }
}

function identityOf(node: NodeOf<'list'>, value: unknown): unknown {
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    [...node.keys].sort().map((key) => [key, value[key] ?? childNode(node.items, key).default]),
  );
}
