// Bodies as objects: JSON, YAML or protobuf in, one JSON object out, or a 400 that says what is wrong.

import type { JsonObject } from '#base/mod.ts';
import { isRecord, messageOf } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { badRequest, decodeObject } from '#machinery/mod.ts';
import { parse as parseYamlText } from 'yaml';
import type { Exchange } from '../exchange.ts';
import { readBody, warn } from '../exchange.ts';
import { decodeProtobuf } from '../protobuf/mod.ts';
import type { BodyType } from './media.ts';
import { bodyTypeOf } from './media.ts';
import type { JsonScan } from './json-scan.ts';
import { DEEPEST, scanJson } from './json-scan.ts';
import type { FieldValidation } from './query.ts';

/** What a body held. Duplicates are the paths of fields that were written twice. */
interface Parsed {
  readonly value: unknown;
  readonly duplicates: readonly string[];
}

/** Reads a body that is to hold an object of this kind, and tells of fields that were written twice. What it holds is the registry's to judge. */
export async function readObject(exchange: Exchange, kind: Kind, validation: FieldValidation): Promise<JsonObject> {
  const type = bodyTypeOf(exchange.request.headers['content-type']);
  const bytes = await readBody(exchange);
  if (bytes.length === 0) throw badRequest(`the body is empty; an object of kind ${kind.kind} was expected`);
  const { value, duplicates } = parseBody(type, bytes);
  tellDuplicates(exchange, kind, validation, duplicates);
  return objectIn(value, kind.kind);
}

/** Reads the body of a patch or of options, whatever it holds; undefined where there is none. */
export async function readValue(exchange: Exchange, type: BodyType): Promise<unknown> {
  const bytes = await readBody(exchange);
  return bytes.length === 0 ? undefined : parseBody(type, bytes).value;
}

function parseBody(type: BodyType, bytes: Buffer): Parsed {
  if (type === 'protobuf') return { value: fromProtobuf(bytes), duplicates: [] };
  const text = utf8(bytes);
  return type === 'json' ? parseJson(text) : { value: parseYaml(text), duplicates: [] };
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw badRequest('the body is not valid UTF-8');
  }
}

function parseJson(text: string): Parsed {
  const scan: JsonScan = scanJson(text);
  if (scan.depth > DEEPEST) throw badRequest(`the body is nested deeper than ${DEEPEST} levels`);
  try {
    return { value: safe(JSON.parse(text), text), duplicates: scan.duplicates };
  } catch (thrown) {
    throw thrown instanceof SyntaxError ? badRequest(`the body is not valid JSON: ${thrown.message}`) : thrown;
  }
}

function parseYaml(text: string): unknown {
  try {
    return safe(parseYamlText(text, { merge: true, stringKeys: true, prettyErrors: false, logLevel: 'error' }), text);
  } catch (thrown) {
    throw badRequest(`the body is not valid YAML: ${messageOf(thrown)}`);
  }
}

function fromProtobuf(bytes: Buffer): unknown {
  const { apiVersion, kind, object } = decodeProtobuf(bytes);
  return { ...object, apiVersion, kind };
}

/** Refuses the one name that is no field but the way to an object's prototype. */
function safe(value: unknown, text: string): unknown {
  if (text.includes('__proto__') && hasProto(value)) throw badRequest('a field may not be named "__proto__"');
  return value;
}

function hasProto(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasProto);
  return isRecord(value) && (Object.hasOwn(value, '__proto__') || Object.values(value).some(hasProto));
}

function tellDuplicates(
  exchange: Exchange,
  { kind, version }: Kind,
  validation: FieldValidation,
  duplicates: readonly string[],
): void {
  if (duplicates.length === 0 || validation === 'Ignore') return;
  const told = duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`);
  if (validation === 'Warn') return warn(exchange, told);
  throw badRequest(
    `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: strict decoding error: ${told.join(', ')}`,
  );
}

/** A parsed body as an object. Throws 400 for lists, numbers and the like. */
export function objectIn(value: unknown, expected: string): JsonObject {
  if (isRecord(value)) return value as JsonObject;
  throw badRequest(
    `the body must be an object of kind ${expected}, not ${value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`}`,
  );
}

/** Reads a body that is not for the registry (a review, a token request): decoded, with warnings for what no schema knows. */
export async function readDecoded<O extends KubeObject>(
  exchange: Exchange,
  kind: Kind<O>,
  validation: FieldValidation,
): Promise<O> {
  const { object, warnings } = decodeObject(kind, await readObject(exchange, kind, validation), {
    fieldValidation: validation,
  });
  warn(exchange, warnings);
  return object;
}
