// The grammar in which kinds describe their fields. One schema yields the TypeScript type, OpenAPI, pruning, defaults,
// shape errors, list keys for apply, and the text of `kubectl explain`.

import type { Json } from '#base/mod.ts';

/** How a list behaves under strategic merge and server-side apply. */
export type ListType = 'atomic' | 'set' | 'map';

interface NodeCommon {
  readonly doc?: string;
  readonly default?: Json;
  readonly nullable?: boolean;
}

/** A schema as plain data: what every walker (prune, check, apply, OpenAPI) reads. */
export type SchemaNode = NodeCommon &
  (
    | {
        readonly type: 'string';
        readonly format?: string;
        readonly enum?: readonly string[];
        readonly pattern?: string;
        readonly minLength?: number;
        readonly maxLength?: number;
      }
    | {
        readonly type: 'integer';
        readonly format: 'int32' | 'int64';
        readonly minimum?: number;
        readonly maximum?: number;
      }
    | { readonly type: 'number'; readonly minimum?: number; readonly maximum?: number }
    | { readonly type: 'boolean' }
    | { readonly type: 'quantity' }
    | { readonly type: 'intOrString' }
    | { readonly type: 'any' }
    | {
        readonly type: 'object';
        readonly fields: Readonly<Record<string, SchemaNode>>;
        readonly required: readonly string[];
        readonly preserveUnknown?: boolean;
        readonly atomic?: boolean;
      }
    | { readonly type: 'map'; readonly values: SchemaNode; readonly atomic?: boolean }
    | {
        readonly type: 'list';
        readonly items: SchemaNode;
        readonly listType: ListType;
        readonly keys: readonly string[];
        readonly minItems?: number;
        readonly maxItems?: number;
      }
  );

declare const TYPE: unique symbol;

/** A field's schema. `T` is its TypeScript type; `Required` whether an object must carry it. */
export interface Schema<T, Required extends boolean = false> {
  readonly node: SchemaNode;
  readonly isRequired: Required;
  readonly [TYPE]?: T;
  /** The same field, required in its object. */
  required(): Schema<T, true>;
  /** The same field with a sentence for `kubectl explain`. */
  doc(text: string): Schema<T, Required>;
  /** The same field, filled in where it is absent. */
  default(value: T & Json): Schema<T, Required>;
  /** The same field with further constraints on its node. */
  with(extra: Readonly<Record<string, unknown>>): Schema<T, Required>;
}

/** The TypeScript type that a schema describes. */
export type TypeOf<S> = S extends Schema<infer T, boolean> ? T : never;

export type Fields = Readonly<Record<string, Schema<unknown, boolean>>>;
type RequiredKeys<F extends Fields> = { [K in keyof F]: F[K] extends Schema<unknown, true> ? K : never }[keyof F];
type Flatten<T> = { [K in keyof T]: T[K] };
/** The TypeScript type of an object with these fields. */
export type FieldsOf<F extends Fields> = Flatten<
  { [K in RequiredKeys<F>]: TypeOf<F[K]> } & { [K in Exclude<keyof F, RequiredKeys<F>>]?: TypeOf<F[K]> | undefined }
>;

function make<T, R extends boolean>(node: SchemaNode, isRequired: R): Schema<T, R> {
  return {
    node,
    isRequired,
    required: () => make<T, true>(node, true),
    doc: (text) => make<T, R>({ ...node, doc: text }, isRequired),
    default: (value) => make<T, R>({ ...node, default: value }, isRequired),
    with: (extra) => make<T, R>({ ...node, ...extra }, isRequired),
  };
}

/** A string. */
export const text = (): Schema<string> => make({ type: 'string' }, false);
/** One of a few strings. */
export const oneOf = <const V extends string>(...values: readonly V[]): Schema<V> =>
  make({ type: 'string', enum: values }, false);
/** RFC 3339 time (`metav1.Time`). */
export const time = (): Schema<string> => make({ type: 'string', format: 'date-time' }, false);
/** Base64 bytes. */
export const bytes = (): Schema<string> => make({ type: 'string', format: 'byte' }, false);
/** A 32-bit integer. */
export const int32 = (): Schema<number> => make({ type: 'integer', format: 'int32' }, false);
/** A 64-bit integer. */
export const int64 = (): Schema<number> => make({ type: 'integer', format: 'int64' }, false);
/** A floating-point number. */
export const number = (): Schema<number> => make({ type: 'number' }, false);
export const flag = (): Schema<boolean> => make({ type: 'boolean' }, false);
/** A Kubernetes quantity: a number or text such as `250m`. */
export const quantity = (): Schema<string | number> => make({ type: 'quantity' }, false);
/** A port by number or name, and its like. */
export const intOrString = (): Schema<number | string> => make({ type: 'intOrString' }, false);
/** Any JSON, kept as it is. */
export const any = <T = Json>(): Schema<T> => make({ type: 'any' }, false);

/** An object with known fields; what is unknown is pruned. */
export function object<F extends Fields>(fields: F): Schema<FieldsOf<F>> {
  return make({ type: 'object', ...nodesOf(fields) }, false);
}

/** An object with known fields that keeps the unknown ones too. */
export function openObject<F extends Fields>(fields: F): Schema<FieldsOf<F> & Record<string, Json | undefined>> {
  return make({ type: 'object', ...nodesOf(fields), preserveUnknown: true }, false);
}

/** A map from any key to values of one schema. */
export function map<T>(values: Schema<T, boolean>): Schema<Record<string, T>> {
  return make({ type: 'map', values: values.node }, false);
}

/** A list replaced as a whole by apply. */
export function list<T>(items: Schema<T, boolean>): Schema<T[]> {
  return make({ type: 'list', items: items.node, listType: 'atomic', keys: [] }, false);
}

/** A list whose entries are merged by key fields. */
export function listByKey<T>(items: Schema<T, boolean>, ...keys: readonly string[]): Schema<T[]> {
  return make({ type: 'list', items: items.node, listType: 'map', keys }, false);
}

/** A list of scalars without repetition. */
export function set<T>(items: Schema<T, boolean>): Schema<T[]> {
  return make({ type: 'list', items: items.node, listType: 'set', keys: [] }, false);
}

function nodesOf(fields: Fields): { fields: Record<string, SchemaNode>; required: string[] } {
  const entries = Object.entries(fields);
  return {
    fields: Object.fromEntries(entries.map(([name, schema]) => [name, schema.node])),
    required: entries.filter(([, schema]) => schema.isRequired).map(([name]) => name),
  };
}

/** A schema from a node that came in at run time (a CustomResourceDefinition). */
export function schemaOf(node: SchemaNode): Schema<Json> {
  return make(node, false);
}
