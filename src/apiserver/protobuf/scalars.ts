// Single values of protobuf as JSON: scalars, and the types of Kubernetes that have a JSON form of their own.

import type { Json } from '#base/mod.ts';
import { formatDuration, rfc3339, rfc3339Micro } from '#base/mod.ts';
import type { WireField } from './wire.ts';
import { WireError, fieldsIn } from './wire.ts';

/** Reads one value; undefined stands for one that JSON leaves out (a time that was never set). */
type Read = (field: WireField) => Json | undefined;

const text: Read = (field) => textOf(bytesOf(field));
const integer =
  (bits: 32 | 64): Read =>
  (field) =>
    Number(BigInt.asIntN(bits, numberOf(field)));

/** How each scalar and special form is read, by its name in the tables. */
export const READERS: Readonly<Record<string, Read>> = {
  string: text,
  bool: (field) => numberOf(field) !== 0n,
  int32: integer(32),
  int64: integer(64),
  double: (field) => doubleOf(field),
  bytes: (field) => base64(bytesOf(field)),
  Time: (field) => timeOf(bytesOf(field), (seconds) => rfc3339(seconds * 1000)),
  MicroTime: (field) => timeOf(bytesOf(field), microTime),
  Duration: (field) => formatDuration(Number(intIn(bytesOf(field), 1)) / 1e6),
  Quantity: (field) => textIn(bytesOf(field), 1) || undefined,
  IntOrString: (field) => intOrString(bytesOf(field)),
  Json: (field) => jsonIn(bytesOf(field)),
};

/** Whether a value is the zero of its type: false, 0, or nothing at all. */
export function isZero(value: Json): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return !value;
}

function bytesOf({ number, value }: WireField): Uint8Array {
  if (typeof value === 'bigint') throw new WireError(`field ${number} holds a number where bytes belong`);
  return value;
}

function numberOf({ number, value, isFixed64 }: WireField): bigint {
  if (typeof value !== 'bigint' || isFixed64) throw new WireError(`field ${number} holds bytes where a number belongs`);
  return value;
}

function doubleOf({ number, value, isFixed64 }: WireField): number {
  if (typeof value !== 'bigint' || !isFixed64) throw new WireError(`field ${number} holds no double`);
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, value);
  const double = view.getFloat64(0);
  if (!Number.isFinite(double)) throw new WireError(`field ${number} holds no finite number`);
  return double;
}

/** UTF-8 as text. Throws WireError for what is none. */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new WireError('a text is not valid UTF-8');
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

/** The last number with this field number inside a message; 0 where there is none. */
function intIn(bytes: Uint8Array, number: number): bigint {
  let found = 0n;
  for (const field of fieldsIn(bytes)) if (field.number === number) found = BigInt.asIntN(64, numberOf(field));
  return found;
}

/** The last text with this field number inside a message; empty where there is none. */
export function textIn(bytes: Uint8Array, number: number): string {
  let found = '';
  for (const field of fieldsIn(bytes)) if (field.number === number) found = textOf(bytesOf(field));
  return found;
}

/** A time that was never set is an empty message, and null in JSON. */
function timeOf(bytes: Uint8Array, show: (seconds: number, nanos: number) => string): string | undefined {
  if (bytes.length === 0) return undefined;
  const seconds = Number(intIn(bytes, 1));
  const nanos = Number(intIn(bytes, 2));
  const isInRange = seconds >= -62_135_596_800 && seconds < 253_402_300_800 && nanos >= 0 && nanos < 1e9;
  if (!isInRange) throw new WireError('a time is out of range');
  return show(seconds, nanos);
}

function microTime(seconds: number, nanos: number): string {
  const micros = String(Math.floor(nanos / 1000)).padStart(6, '0');
  return rfc3339Micro(seconds * 1000).replace(/\.\d+Z$/, `.${micros}Z`);
}

function intOrString(bytes: Uint8Array): Json {
  const type = intIn(bytes, 1);
  if (type === 0n) return Number(BigInt.asIntN(32, intIn(bytes, 2)));
  if (type === 1n) return textIn(bytes, 3);
  throw new WireError(`${type} is no type of an IntOrString`);
}

function jsonIn(bytes: Uint8Array): Json | undefined {
  const json = textIn(bytes, 1);
  if (json === '') return undefined;
  try {
    return JSON.parse(json) as Json;
  } catch {
    throw new WireError('a JSON value inside the message cannot be read');
  }
}
