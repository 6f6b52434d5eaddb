// How single values must look on the wire. Each rule names the fault, or gives the value as it is kept.

import { QUANTITY_PATTERN, parseQuantity, SCHEMA_QUANTITY_PATTERN } from '#base/mod.ts';
import type { Problems } from './problems.ts';
import type { SchemaNode } from './schema.ts';
import { typeName } from './walk.ts';

/** The value as it is kept, or what is wrong: another type than `expected`, or bad text. */
export type Scalar = { readonly value: unknown } | { readonly expected: string } | { readonly fault: string };

/** Reads a scalar. Asked only for nodes that are no object, map, list or any. */
export function readScalar(node: SchemaNode, value: unknown): Scalar {
  switch (node.type) {
    case 'string':
      return typeof value === 'string' ? readText(node.format, value) : { expected: 'string' };
    case 'boolean':
      return typeof value === 'boolean' ? { value } : { expected: 'boolean' };
    case 'integer':
      return Number.isInteger(value) && isInRange(node.format, value as number) ? { value } : { expected: node.format };
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? { value } : { expected: 'number' };
    case 'intOrString':
      return typeof value === 'string' || Number.isInteger(value) ? { value } : { expected: 'intOrString' };
    case 'quantity':
      return readQuantity(value);
    default:
      return { value };
  }
}

function isInRange(format: 'int32' | 'int64', value: number): boolean {
  return format === 'int64' ? Math.abs(value) <= 2 ** 63 : value >= -(2 ** 31) && value < 2 ** 31;
}

function readQuantity(value: unknown): Scalar {
  if (typeof value === 'number' && Number.isFinite(value)) return { value };
  if (typeof value !== 'string') return { expected: 'quantity' };
  if (parseQuantity(value) !== undefined) return { value };
  return { fault: `quantities must match the regular expression '${QUANTITY_PATTERN}'` };
}

const TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function readText(format: string | undefined, value: string): Scalar {
  if (format === 'date-time' && !(TIME.test(value) && !Number.isNaN(Date.parse(value)))) {
    return {
      fault: `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)}`,
    };
  }
  if (format === 'byte') return readBase64(value);
  return { value };
}

function readBase64(value: string): Scalar {
  const bare = value.replace(/[\r\n]/g, '');
  if (BASE64.test(bare) && bare.length % 4 === 0) return { value: bare };
  const good = /^[A-Za-z0-9+/]*/.exec(bare)?.[0].length ?? 0;
  return { fault: `illegal base64 data at input byte ${good - (good % 4)}` };
}

/** The name of a scalar's type in Go's words. */
export function goTypeOf(node: SchemaNode): string {
  switch (node.type) {
    case 'string':
      return node.format === 'byte' ? '[]uint8' : 'string';
    case 'boolean':
      return 'bool';
    case 'integer':
      return node.format;
    case 'number':
      return 'float64';
    case 'quantity':
      return 'resource.Quantity';
    case 'intOrString':
      return 'intstr.IntOrString';
    case 'list':
      return `[]${goTypeOf(node.items)}`;
    case 'map':
      return `map[string]${goTypeOf(node.values)}`;
    default:
      return 'object';
  }
}

/** The name of a JSON value in Go's words: integers and fractions are told with their digits. */
export function goValueOf(value: unknown, node: SchemaNode): string {
  if (typeof value === 'number') return node.type === 'integer' ? `number ${value}` : 'number';
  return typeof value === 'boolean' ? 'bool' : typeName(value);
}

/** The name of a schema's type as OpenAPI has it. */
export function openApiTypeOf(node: SchemaNode): string {
  switch (node.type) {
    case 'map':
      return 'object';
    case 'list':
      return 'array';
    case 'quantity':
    case 'intOrString':
      return 'integer,string';
    default:
      return node.type;
  }
}

/** Tells of a value whose type is not the schema's, as a CRD's schema does. */
export function tellWrongType(problems: Problems, node: SchemaNode, value: unknown, path: string): undefined {
  const met = typeName(value);
  const expected = node.type === 'integer' && met === 'integer' ? node.format : openApiTypeOf(node);
  problems.typeInvalid(path, met, `${path} in body must be of type ${expected}: ${JSON.stringify(met)}`);
}

/** Tells of a text or number of the right type that does not read as what it should be. */
export function tellBadText(
  problems: Problems,
  node: SchemaNode,
  value: unknown,
  path: string,
  fault: string,
): undefined {
  const text =
    node.type === 'string' && node.format !== undefined
      ? `${path} in body must be of type ${node.format}: ${JSON.stringify(value)}`
      : node.type === 'quantity'
        ? `${path} in body should match '${SCHEMA_QUANTITY_PATTERN}'`
        : fault;
  problems.invalid(path, value, text);
}

/** The zero value that Go reads where a built-in list or map holds null. */
export function zeroOf(node: SchemaNode): unknown {
  switch (node.type) {
    case 'object':
    case 'map':
      return {};
    case 'list':
      return [];
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
    case 'intOrString':
      return 0;
    case 'quantity':
      return '0';
    case 'string':
      return '';
    default:
      return null;
  }
}
