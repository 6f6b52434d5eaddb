// A client's JSON as an object of a kind: known fields only, of their right types, without nulls, with the schema's defaults.

import type { JsonObject } from '#base/mod.ts';
import { canonicalQuantity, isRecord } from '#base/mod.ts';
import { badRequest, invalid, withWarnings } from './api-error.ts';
import { applyDefaults } from './defaults.ts';
import type { Kind } from './kind.ts';
import type { KubeObject } from './meta.ts';
import { Problems, join } from './problems.ts';
import { goTypeOf, goValueOf, readScalar, tellBadText, tellWrongType, zeroOf } from './scalars.ts';
import type { SchemaNode } from './schema.ts';
import type { NodeOf } from './walk.ts';
import { childNode, isKnownField, typeName } from './walk.ts';

/** What to do about fields that the kind does not know. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface Decoded<O extends KubeObject = KubeObject> {
  readonly object: O;
  /** `unknown field "spec.foo"`, where warnings were asked for. */
  readonly warnings: string[];
}

export interface DecodeOptions {
  readonly fieldValidation: FieldValidation;
  /** Whether empty maps and lists stay where Go leaves them out: an apply owns what it names. */
  readonly keepsEmpty?: boolean;
}

/** As many unknown fields as one answer names. */
const MOST_UNKNOWN = 100;

/**
 * Reads an object of a kind. The result shares nothing with `input`. Missing apiVersion and kind are filled in.
 * Throws ApiError 400 where another kind came, a built-in field has the wrong type, or (Strict) a field is unknown;
 * 422 where a custom resource's field has the wrong type.
 */
export function decodeObject<O extends KubeObject>(kind: Kind<O>, input: unknown, options: DecodeOptions): Decoded<O> {
  const whole = identified(kind, input);
  const reader = new Reader(kind, options.keepsEmpty);
  const object = reader.readWhole(whole) as unknown as O;
  const unknown = reader.unknown.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (unknown.length > 0 && options.fieldValidation === 'Strict') {
    throw badRequest(`${cannotHandle(kind)}: strict decoding error: ${unknown.join(', ')}`);
  }
  const warnings = options.fieldValidation === 'Warn' ? unknown : [];
  try {
    reader.refuse(object.metadata.name ?? '');
  } catch (thrown) {
    throw withWarnings(thrown, warnings);
  }
  applyDefaults(kind, object);
  return { object, warnings };
}

function cannotHandle({ kind, version }: Pick<Kind, 'kind' | 'version'>): string {
  return `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}`;
}

function identified(kind: Pick<Kind, 'apiVersion' | 'kind'>, input: unknown): Record<string, unknown> {
  if (!isRecord(input)) throw badRequest(`expected an object of kind ${kind.kind}, met ${typeName(input)}`);
  const { apiVersion = kind.apiVersion, kind: name = kind.kind } = input;
  if (apiVersion !== kind.apiVersion) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${kind.apiVersion})`,
    );
  }
  if (name !== kind.kind) {
    throw badRequest(`the kind in the data (${String(name)}) does not match the expected kind (${kind.kind})`);
  }
  return { ...input, apiVersion, kind: name };
}

/** One walk over schema and value. Built-in kinds are read as Go reads its structs, custom ones as a CRD's schema says. */
class Reader {
  readonly unknown: string[] = [];
  readonly #kind: Pick<Kind, 'kind' | 'version' | 'schema' | 'custom' | 'group' | 'isDynamic'>;
  readonly #problems = new Problems();
  readonly #keepsEmpty: boolean;
  #isCustom = false;

  constructor(kind: Pick<Kind, 'kind' | 'version' | 'schema' | 'custom' | 'group' | 'isDynamic'>, keepsEmpty = false) {
    this.#kind = kind;
    this.#keepsEmpty = keepsEmpty;
  }

  readWhole(input: Record<string, unknown>): JsonObject {
    const { schema, custom } = this.#kind;
    const whole: Record<string, unknown> = { ...input, metadata: input['metadata'] ?? {} };
    const spec = childNode(schema, 'spec');
    if (!this.#kind.isDynamic && spec.type === 'object' && isKnownField(schema, 'spec')) whole['spec'] ??= {};
    const out: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(whole)) {
      // Metadata is the same Go struct for all kinds.
      this.#isCustom = custom && field !== 'metadata';
      this.#field(schema, out, field, field, value);
    }
    return out as JsonObject;
  }

  /** Throws for what the walk has gathered. */
  refuse(name: string): void {
    if (!this.#problems.isEmpty) throw invalid(this.#kind, name, this.#problems.all);
  }

  #field(node: SchemaNode, out: Record<string, unknown>, field: string, path: string, value: unknown): void {
    if (value === undefined) return;
    if (field === '__proto__') {
      this.#unknownField(path);
      return;
    }
    if (node.type === 'object' && !isKnownField(node, field)) {
      if (node.preserveUnknown) out[field] = this.#copy(value);
      else this.#unknownField(path);
      return;
    }
    const child = childNode(node, field);
    if (value === null && !child.nullable && (this.#isCustom || child.type !== 'any')) {
      // A CRD's fields and maps drop nulls, whatever else they may hold. In Go's maps they are zero values.
      if (!this.#isCustom && node.type === 'map') out[field] = zeroOf(child);
      return;
    }
    const read = this.#value(child, value, path);
    if (read !== undefined && !this.#isLeftOut(node, field, read)) out[field] = read;
  }

  /** Go leaves an empty map out, and an empty list unless it must be there. */
  #isLeftOut(node: SchemaNode, field: string, read: unknown): boolean {
    if (this.#isCustom || this.#keepsEmpty) return false;
    const { type } = childNode(node, field);
    if (type === 'map') return isRecord(read) && Object.keys(read).length === 0;
    const isRequired = node.type === 'object' && node.required.includes(field);
    return type === 'list' && !isRequired && Array.isArray(read) && read.length === 0;
  }

  #value(node: SchemaNode, value: unknown, path: string): unknown {
    if (value === null && node.nullable) return null;
    switch (node.type) {
      case 'any':
        return this.#copy(value);
      case 'object':
      case 'map':
        return isRecord(value) ? this.#fields(node, value, path) : this.#wrongType(node, value, path);
      case 'list':
        return Array.isArray(value) ? this.#items(node, value, path) : this.#wrongType(node, value, path);
      default:
        return this.#scalar(node, value, path);
    }
  }

  #fields(node: SchemaNode, value: Record<string, unknown>, path: string): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    for (const [field, child] of Object.entries(value)) {
      this.#field(node, out, field, join(path, field), child);
    }
    return out;
  }

  #items(node: NodeOf<'list'>, values: readonly unknown[], path: string): unknown[] {
    const out: unknown[] = [];
    for (const [i, value] of values.entries()) {
      const isZero = (value === null || value === undefined) && !this.#isCustom && node.items.type !== 'any';
      const read =
        isZero && !node.items.nullable ? zeroOf(node.items) : this.#value(node.items, value, `${path}[${i}]`);
      if (read !== undefined) out.push(read);
    }
    return out;
  }

  #scalar(node: SchemaNode, value: unknown, path: string): unknown {
    const read = readScalar(node, value);
    if ('expected' in read) return this.#wrongType(node, value, path);
    if ('fault' in read) return this.#badText(node, value, path, read.fault);
    // Go keeps a quantity in its canonical form, whatever it came as. Knative's webhook, written in Go, does so too.
    return node.type === 'quantity' && !this.#kind.isDynamic ? canonicalQuantity(read.value as string) : read.value;
  }

  /** Custom: a problem among others. Built-in: the end, in the words of Go's decoder, whose paths leave indexes out. */
  #wrongType(node: SchemaNode, value: unknown, path: string): undefined {
    if (this.#isCustom) {
      if (isRecord(value)) for (const field of Object.keys(value)) this.#unknownField(join(path, field));
      return tellWrongType(this.#problems, node, value, path);
    }
    const where = `${this.#kind.kind}.${path.replaceAll(/\[\d+\]/g, '')}`;
    throw badRequest(
      `${cannotHandle(this.#kind)}: json: cannot unmarshal ${goValueOf(value, node)} into Go struct field ${where} of type ${goTypeOf(node)}`,
    );
  }

  #badText(node: SchemaNode, value: unknown, path: string, fault: string): undefined {
    if (this.#isCustom) return tellBadText(this.#problems, node, value, path, fault);
    throw badRequest(`${cannotHandle(this.#kind)}: ${path}: ${fault}`);
  }

  #unknownField(path: string): void {
    if (this.unknown.length < MOST_UNKNOWN) this.unknown.push(path);
  }

  #copy(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item: unknown) => this.#copy(item ?? null));
    if (!isRecord(value)) return value;
    const out: Record<string, unknown> = {};
    for (const [field, child] of Object.entries(value)) {
      if (field === '__proto__') continue;
      if (child !== undefined) out[field] = this.#copy(child);
    }
    return out;
  }
}
