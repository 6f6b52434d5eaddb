// Patches: JSON Patch (RFC 6902), JSON Merge Patch (RFC 7386), and Kubernetes' strategic merge.

import { applyPatch as applyJsonPatch, Pointer } from 'rfc6902';
import type { Operation } from 'rfc6902';
import type { Json, JsonObject } from '#base/mod.ts';
import { copy, equal, isRecord } from '#base/mod.ts';
import { ApiError, badRequest, tooLarge, unsupportedMediaType } from './api-error.ts';
import type { Kind } from './kind.ts';
import type { SchemaNode } from './schema.ts';
import { childNode, itemNode } from './walk.ts';

/** As many operations as one JSON patch may have. */
const MOST_OPERATIONS = 10_000;

export type PatchType = 'json' | 'merge' | 'strategic';

/**
 * The object with the patch applied; neither `before` nor `body` is changed. Throws 400 for a malformed patch,
 * 413 for too many operations, 415 for a strategic one on a custom kind, 422 where it cannot be applied.
 */
export function applyPatch(
  type: PatchType,
  before: JsonObject,
  body: JsonObject | readonly JsonObject[],
  kind: Pick<Kind, 'schema' | 'custom'>,
): JsonObject {
  if (type === 'json') return jsonPatch(before, body);
  if (!isObject(body)) throw badRequest(`a ${type} patch must be a JSON object`);
  if (type === 'merge') return asObject(mergePatch(before, body));
  if (kind.custom) {
    throw unsupportedMediaType(
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    );
  }
  return asObject(strategic(kind.schema, before, body));
}

function isObject(value: unknown): value is JsonObject {
  return isRecord(value);
}

function asObject(value: Json): JsonObject {
  if (isObject(value)) return value;
  throw badRequest('the patch leaves no object');
}

const OPERATIONS: Readonly<Record<string, 'value' | 'from' | undefined>> = {
  add: 'value',
  replace: 'value',
  test: 'value',
  move: 'from',
  copy: 'from',
  remove: undefined,
};

function jsonPatch(before: JsonObject, body: unknown): JsonObject {
  if (!Array.isArray(body)) throw badRequest('a JSON patch must be a list of operations');
  if (body.length > MOST_OPERATIONS) {
    throw tooLarge(`The allowed maximum operations in a JSON patch is ${MOST_OPERATIONS}, got ${body.length}`);
  }
  const operations = body.map(operationOf);
  const result = { root: copy(before) };
  for (const operation of operations) {
    const [failure] = applyJsonPatch(result, [lenient(result, operation)]);
    if (failure)
      throw rejected(`${operation.op} at ${operation.path.slice('/root'.length)}: ${failure.message || failure.name}`);
  }
  return asObject(result.root);
}

/** Kubernetes' JSON patch replaces what an object does not have, as if it were added. */
function lenient(root: object, operation: Operation): Operation {
  if (operation.op !== 'replace') return operation;
  const { parent } = Pointer.fromJSON(operation.path).evaluate(root) as { parent: unknown };
  return isObject(parent) ? { ...operation, op: 'add' } : operation;
}

function rejected(why: string): ApiError {
  return new ApiError(422, 'Invalid', `the server rejected our request due to an error in our request: ${why}`, {});
}

/** A checked operation. The whole object stands under `/root`, so that a patch may replace it too. */
function operationOf(operation: unknown, i: number): Operation {
  const fail = (why: string) => badRequest(`operation ${i} of the JSON patch ${why}`);
  if (!isObject(operation)) throw fail('must be an object');
  const { op, path, from, value } = operation;
  if (typeof op !== 'string' || !Object.hasOwn(OPERATIONS, op)) throw fail(`has no known "op": ${JSON.stringify(op)}`);
  if (typeof path !== 'string' || !isPointer(path)) throw fail('needs a "path" that is empty or begins with "/"');
  if (OPERATIONS[op] === 'value' && value === undefined) throw fail('needs a "value"');
  if (OPERATIONS[op] === 'from' && (typeof from !== 'string' || !isPointer(from))) throw fail('needs a "from"');
  const rooted = { ...operation, path: `/root${path}`, ...(typeof from === 'string' ? { from: `/root${from}` } : {}) };
  return copy(rooted) as unknown as Operation;
}

function isPointer(path: string): boolean {
  return (path === '' || path.startsWith('/')) && !path.split('/').includes('__proto__');
}

/** RFC 7386: null removes, objects merge, everything else replaces. */
export function mergePatch(before: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const out: JsonObject = isObject(before) ? { ...before } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key === '__proto__') continue;
    if (value === null) delete out[key];
    else out[key] = mergePatch(Object.hasOwn(out, key) ? out[key] : undefined, value);
  }
  return out;
}

// Strategic merge: lists whose schema names keys are merged entry by entry, and a patch carries directives beside data.

const DELETE_VALUES = '$deleteFromPrimitiveList/';
const ORDER = '$setElementOrder/';
const RETAIN = '$retainKeys';
const PATCH = '$patch';

function isDirective(key: string): boolean {
  return key === PATCH || key === RETAIN || key.startsWith(ORDER) || key.startsWith(DELETE_VALUES);
}

/** The key by which strategic merge knows entries of a list; it differs from apply's where that has several. */
function mergeKey(node: SchemaNode): string | undefined {
  return node.type === 'list' && node.listType === 'map' ? node.keys[0] : undefined;
}

function strategic(node: SchemaNode, before: Json | undefined, patch: JsonObject): Json {
  const directive = patch[PATCH];
  if (directive === 'replace') return dataOf(patch);
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge')
    throw badRequest(`unknown $patch directive ${JSON.stringify(directive)}: expected replace, merge or delete`);
  const out: JsonObject = isObject(before) ? { ...before } : {};
  if (patch[RETAIN] !== undefined) retain(out, patch[RETAIN], patch);
  for (const [key, value] of Object.entries(patch))
    if (key.startsWith(DELETE_VALUES)) dropValues(out, key.slice(DELETE_VALUES.length), value);
  for (const [key, value] of Object.entries(patch)) {
    if (isDirective(key) || key === '__proto__') continue;
    if (value === null) delete out[key];
    else out[key] = strategicField(childNode(node, key), Object.hasOwn(out, key) ? out[key] : undefined, value);
  }
  for (const [field, order] of ordersIn(node, patch)) reorder(node, before, out, field, order);
  return out;
}

/** The order that a patch wants of each list: what it says of it, else that in which it names the entries. */
function ordersIn(node: SchemaNode, patch: JsonObject): Map<string, Json> {
  const merged = Object.entries(patch).filter(
    ([field, value]) => Array.isArray(value) && isMerged(childNode(node, field)),
  );
  const told = Object.entries(patch).filter(([key]) => key.startsWith(ORDER));
  return new Map([...merged, ...told.map(([key, order]) => [key.slice(ORDER.length), order] as const)]);
}

function isMerged(node: SchemaNode): boolean {
  return node.type === 'list' && node.listType !== 'atomic';
}

function strategicField(node: SchemaNode, before: Json | undefined, value: Json): Json {
  if (isObject(value)) return strategic(node, before, value);
  if (!Array.isArray(value)) return value;
  const standing = Array.isArray(before) ? before : [];
  const key = mergeKey(node);
  if (key) return mergeEntries(itemNode(node), key, standing, value);
  if (node.type === 'list' && node.listType === 'set') return union(standing, value);
  return value.map((item) => (isObject(item) ? dataOf(item) : item));
}

function union(before: readonly Json[], more: readonly Json[]): Json[] {
  return [...before, ...more.filter((item, i) => !before.includes(item) && more.indexOf(item) === i)];
}

/** Keeps only the named fields of what stands. */
function retain(out: JsonObject, names: Json, patch: JsonObject): void {
  if (!Array.isArray(names)) throw badRequest('$retainKeys must be a list of field names');
  const stray = Object.keys(patch).find((key) => !isDirective(key) && patch[key] !== null && !names.includes(key));
  if (stray) throw badRequest(`$retainKeys must name every field of its patch; ${JSON.stringify(stray)} is missing`);
  for (const key of Object.keys(out)) if (!names.includes(key)) delete out[key];
}

function mergeEntries(items: SchemaNode, key: string, before: readonly Json[], patch: readonly Json[]): Json[] {
  const entries = patch.filter((item) => isObject(item));
  if (entries.length < patch.length)
    throw badRequest(`entries of a list that is merged by ${JSON.stringify(key)} must be objects`);
  if (entries.some((item) => item[PATCH] === 'replace'))
    return entries.filter((item) => item[PATCH] === undefined).map(dataOf);
  const deleted = entries.filter((item) => item[PATCH] === 'delete');
  const out = before.filter((item) => !deleted.some((entry) => isSame(key, item, entry)));
  for (const entry of entries) {
    if (entry[key] === undefined)
      throw badRequest(`${JSON.stringify(entry)} does not contain the declared merge key: ${key}`);
    if (entry[PATCH] === 'delete') continue;
    const at = out.findIndex((item) => isSame(key, item, entry));
    if (at < 0) out.push(strategic(items, undefined, entry));
    else out[at] = strategic(items, out[at], entry);
  }
  return out;
}

function isSame(key: string, a: Json, b: JsonObject): boolean {
  return isObject(a) && equal(a[key], b[key]);
}

function dropValues(out: JsonObject, field: string, values: Json): void {
  const list = out[field];
  if (!Array.isArray(values)) throw badRequest(`${DELETE_VALUES}${field} must be a list`);
  if (Array.isArray(list)) out[field] = list.filter((item) => !values.some((value) => equal(value, item)));
}

/**
 * Puts the entries that the order names into that order. Those it does not name keep their own order among themselves,
 * and each comes as early as it may without passing one that it followed before.
 */
function reorder(node: SchemaNode, before: Json | undefined, out: JsonObject, field: string, order: Json): void {
  const list = out[field];
  if (!Array.isArray(order)) throw badRequest(`${ORDER}${field} must be a list`);
  if (!Array.isArray(list)) return;
  const key = mergeKey(childNode(node, field));
  const idOf = (item: Json) => JSON.stringify(key && isObject(item) ? (item[key] ?? null) : item);
  const wanted = order.map(idOf);
  const standing = isObject(before) ? before[field] : undefined;
  const places = new Map((Array.isArray(standing) ? standing : []).map((item, i) => [idOf(item), i]));
  const named = list
    .filter((item) => wanted.includes(idOf(item)))
    .sort((a, b) => wanted.indexOf(idOf(a)) - wanted.indexOf(idOf(b)));
  const others = list.filter((item) => !wanted.includes(idOf(item)));
  out[field] = interleave(others, named, (item) => places.get(idOf(item)));
}

/** Both lists in their own order; one of `left` goes before the next of `right` only where it stood before it. */
function interleave(
  left: readonly Json[],
  right: readonly Json[],
  placeOf: (item: Json) => number | undefined,
): Json[] {
  const out: Json[] = [];
  const waiting = [...left];
  for (const item of right) {
    const place = placeOf(item) ?? -1;
    while (waiting.length > 0 && (placeOf(waiting[0] ?? null) ?? Infinity) < place) out.push(waiting.shift() ?? null);
    out.push(item);
  }
  return [...out, ...waiting];
}

/** A patch as plain data: what it says where nothing stands. */
function dataOf(patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(patch).filter(([key]) => !isDirective(key)));
}
