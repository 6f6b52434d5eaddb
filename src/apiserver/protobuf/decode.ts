// Request bodies in Kubernetes' protobuf form as JSON: an envelope that names the kind, and the message of that kind.

import type { Json, JsonObject } from '#base/mod.ts';
import { invariant } from '#base/mod.ts';
import { badRequest } from '#machinery/mod.ts';
import type { Field } from './messages.ts';
import { messageOf, messageOfKind } from './messages.ts';
import { READERS, isZero, textIn, textOf } from './scalars.ts';
import type { WireField } from './wire.ts';
import { WireError, WireReader, fieldsIn } from './wire.ts';

export interface DecodedProtobuf {
  readonly apiVersion: string;
  readonly kind: string;
  /** The object without apiVersion and kind. */
  readonly object: JsonObject;
}

/** The first bytes of every body: `k8s` and a zero. */
const MAGIC = [0x6b, 0x38, 0x73, 0x00];
/** No built-in kind nests deeper than half of this. */
const DEEPEST = 64;

/** Reads a body of type `application/vnd.kubernetes.protobuf`. Throws ApiError 400 for anything malformed, and for kinds that have no such form. */
export function decodeProtobuf(bytes: Uint8Array): DecodedProtobuf {
  try {
    return decodeEnvelope(bytes);
  } catch (thrown) {
    throw thrown instanceof WireError ? badRequest(`the protobuf body cannot be read: ${thrown.message}`) : thrown;
  }
}

function decodeEnvelope(bytes: Uint8Array): DecodedProtobuf {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) {
    throw new WireError('the body does not begin with the four bytes "k8s\\0" of Kubernetes’ protobuf');
  }
  const { typeMeta, raw, encoding, contentType } = envelopeParts(bytes.subarray(MAGIC.length));
  const apiVersion = textIn(typeMeta, 1);
  const kind = textIn(typeMeta, 2);
  if (!apiVersion || !kind) throw new WireError('the envelope names no apiVersion and kind');
  if (encoding) throw new WireError(`the envelope's content is encoded as ${JSON.stringify(encoding)}`);
  if (contentType && !contentType.startsWith('application/vnd.kubernetes.protobuf')) {
    throw new WireError(`the envelope's content is of type ${JSON.stringify(contentType)}`);
  }
  const reference = messageOfKind(apiVersion, kind);
  if (!reference)
    throw new WireError(`kind ${JSON.stringify(kind)} of ${JSON.stringify(apiVersion)} has no protobuf form here`);
  return { apiVersion, kind, object: decodeMessage(reference, raw, 0) };
}

/** runtime.Unknown. */
function envelopeParts(bytes: Uint8Array): {
  typeMeta: Uint8Array;
  raw: Uint8Array;
  encoding: string;
  contentType: string;
} {
  const parts: Record<number, Uint8Array> = {};
  for (const { number, value } of fieldsIn(bytes)) {
    if (typeof value === 'bigint') throw new WireError(`field ${number} of the envelope holds a number`);
    parts[number] = value;
  }
  const empty = new Uint8Array();
  const { 1: typeMeta = empty, 2: raw = empty, 3: encoding = empty, 4: contentType = empty } = parts;
  return { typeMeta, raw, encoding: textOf(encoding), contentType: textOf(contentType) };
}

function decodeMessage(reference: string, bytes: Uint8Array, depth: number): JsonObject {
  if (depth > DEEPEST) throw new WireError(`the message is nested deeper than ${DEEPEST} levels`);
  const message = messageOf(reference);
  invariant(message, `no table has the message ${reference}`);
  const out: JsonObject = {};
  for (const wire of fieldsIn(bytes)) {
    const field = message.get(wire.number);
    if (field) put(out, field, wire, depth);
  }
  return out;
}

function put(out: JsonObject, field: Field, wire: WireField, depth: number): void {
  if (field.shape === 'map') return putEntry(out, field, wire, depth);
  if (field.shape === 'list') {
    const list = (out[field.name] ??= []) as Json[];
    list.push(...readAll(field, wire, depth));
    return;
  }
  const value = read(field, wire, depth);
  if (field.name === '') Object.assign(out, value);
  else if (value !== undefined && (field.keepsZero || !isZero(value))) out[field.name] = value;
}

/** Numbers of a list may come packed into one run of bytes. */
function readAll(field: Field, wire: WireField, depth: number): Json[] {
  const isPacked = typeof wire.value !== 'bigint' && PACKABLE.has(field.type);
  const fields = isPacked ? unpacked(wire) : [wire];
  return fields.map((one) => read(field, one, depth) ?? null);
}

const PACKABLE = new Set(['bool', 'int32', 'int64']);

function unpacked({ number, value }: WireField): WireField[] {
  const reader = new WireReader(value as Uint8Array);
  const fields: WireField[] = [];
  while (!reader.isAtEnd) fields.push({ number, value: reader.varint(), isFixed64: false });
  return fields;
}

/** An entry of a map is a message of its own: 1 the key, 2 the value. */
function putEntry(out: JsonObject, field: Field, { number, value }: WireField, depth: number): void {
  if (typeof value === 'bigint') throw new WireError(`field ${number} holds a number where an entry of a map belongs`);
  const map = (out[field.name] ??= {}) as JsonObject;
  const key = textIn(value, 1);
  if (key === '__proto__') throw badRequest('a field may not be named "__proto__"');
  let found: Json | undefined;
  for (const wire of fieldsIn(value)) if (wire.number === 2) found = read(field, wire, depth);
  map[key] = found ?? (field.type === 'string' || field.type === 'bytes' ? '' : null);
}

/** The value of one field; undefined where JSON leaves it out. */
function read(field: Field, wire: WireField, depth: number): Json | undefined {
  const reader = READERS[field.type];
  if (reader) return reader(wire);
  if (typeof wire.value === 'bigint')
    throw new WireError(`field ${wire.number} holds a number where a message belongs`);
  const message = decodeMessage(field.type, wire.value, depth + 1);
  return '[]' in message || isBareList(field.type) ? (message['[]'] ?? []) : message;
}

/** Whether JSON shows a message as the list that is its only field. */
function isBareList(reference: string): boolean {
  return messageOf(reference)?.get(1)?.name === '[]';
}
