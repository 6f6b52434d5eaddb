// An event on its way, as the payload of a record of the log: all text in one piece, so that it is read at once, then the data as
// it is.
//
//   byte 0      form 1, and what there is: bit 4 the text is UTF-16, bit 5 data, bit 6 header texts as written, bit 7 further headers
//   varint      how many attributes; then for each the length of its name, and of its value doubled, plus one where it is no string
//   varint      with bit 6: how many texts; then for each the length of its attribute's name and of itself
//   varint      with bit 7: how many names and values of headers; then the length of each
//   text        all of these one after another; latin1, or UTF-16 little endian
//   the rest    the data

import { invariant } from '#base/mod.ts';
import type { AttributeValue, CloudEvent } from '../event.ts';
import { Varints, varintSize, writeVarint } from './varint.ts';

/** An event on its way. */
export interface Passing {
  readonly event: CloudEvent;
  /** Headers that go with it; names and values by turns. */
  readonly headers: readonly string[];
}

const FORM = 1;
const FORM_BITS = 0x0f;
const WIDE = 0x10;
const HAS_DATA = 0x20;
const HAS_WRITTEN = 0x40;
const HAS_HEADERS = 0x80;

const ABOVE_LATIN = /[^\0-\u00ff]/;

/** Attributes that are set beside those that an event has. */
export type Further = readonly (readonly [name: string, value: AttributeValue])[];

const NONE: Further = [];

/** The bytes of an event; a copy. `further` are attributes that it does not have yet. */
export function encodeRecord(passing: Passing, further: Further = NONE): Buffer {
  return layOut(passing, further, Buffer.allocUnsafe);
}

/** The same in a buffer that the next call takes again: for those who copy the bytes at once. */
export function lendRecord(passing: Passing, further: Further = NONE): Buffer {
  return layOut(passing, further, lend);
}

const LENT = Buffer.allocUnsafeSlow(64 * 1024);

function lend(size: number): Buffer {
  return size <= LENT.length ? LENT.subarray(0, size) : Buffer.allocUnsafeSlow(size);
}

function layOut(
  { event: { attributes, data, written }, headers }: Passing,
  further: Further,
  take: (size: number) => Buffer,
): Buffer {
  const lengths: number[] = [attributes.size + further.length];
  let text = '';
  const put = (name: string, value: AttributeValue) => {
    const isString = typeof value === 'string';
    const string = isString ? value : String(value);
    lengths.push(name.length, string.length * 2 + (isString ? 0 : 1));
    text += name + string;
  };
  for (const [name, value] of attributes) put(name, value);
  for (const [name, value] of further) put(name, value);
  if (written) {
    lengths.push(written.size);
    for (const [name, value] of written) {
      lengths.push(name.length, value.length);
      text += name + value;
    }
  }
  if (headers.length > 0) {
    lengths.push(headers.length);
    for (const string of headers) {
      lengths.push(string.length);
      text += string;
    }
  }
  const what = (data ? HAS_DATA : 0) | (written ? HAS_WRITTEN : 0) | (headers.length > 0 ? HAS_HEADERS : 0);
  return assemble(FORM | what, lengths, text, data, take);
}

function assemble(
  first: number,
  lengths: readonly number[],
  text: string,
  data: Uint8Array | undefined,
  take: (size: number) => Buffer,
): Buffer {
  const wide = ABOVE_LATIN.test(text);
  let size = 1 + text.length * (wide ? 2 : 1) + (data?.length ?? 0);
  for (const length of lengths) size += varintSize(length);
  const out = take(size);
  out[0] = wide ? first | WIDE : first;
  let at = 1;
  for (const length of lengths) at = writeVarint(out, at, length);
  at += out.write(text, at, wide ? 'utf16le' : 'latin1');
  if (data) out.set(data, at);
  return out;
}

/** The event of a payload. Its data lies in it. Throws where the payload is none of ours. */
export function decodeRecord(payload: Uint8Array): Passing {
  const first = payload[0] ?? 0;
  const form = first & FORM_BITS;
  invariant(form === FORM, `a record of events has form ${FORM}, not ${form}`);
  const varints = new Varints(payload, 1);
  const sizes = varints.take(varints.next() * 2);
  const writtenSizes = (first & HAS_WRITTEN) === 0 ? undefined : varints.take(varints.next() * 2);
  const headerSizes = (first & HAS_HEADERS) === 0 ? [] : varints.take(varints.next());
  const characters = textLength(sizes) + sum(writtenSizes ?? []) + sum(headerSizes);
  const wide = (first & WIDE) !== 0;
  const end = varints.at + characters * (wide ? 2 : 1);
  invariant(end <= payload.length, `a record of events has ${end} bytes or more, not ${payload.length}`);
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const text = new Pieces(bytes.toString(wide ? 'utf16le' : 'latin1', varints.at, end));
  const attributes = readAttributes(text, sizes);
  const written = writtenSizes && readWritten(text, writtenSizes);
  const headers = headerSizes.map((size) => text.next(size));
  const data = (first & HAS_DATA) === 0 ? undefined : bytes.subarray(end);
  return { event: written ? { attributes, data, written } : { attributes, data }, headers };
}

function textLength(sizes: readonly number[]): number {
  let length = 0;
  for (let i = 0; i < sizes.length; i += 2) length += (sizes[i] as number) + ((sizes[i + 1] as number) >>> 1);
  return length;
}

function sum(sizes: readonly number[]): number {
  let all = 0;
  for (const size of sizes) all += size;
  return all;
}

/** A text, taken piece by piece. */
class Pieces {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(length: number): string {
    return this.#text.slice(this.#at, (this.#at += length));
  }
}

function readAttributes(text: Pieces, sizes: readonly number[]): Map<string, AttributeValue> {
  const attributes = new Map<string, AttributeValue>();
  for (let i = 0; i < sizes.length; i += 2) {
    const name = text.next(sizes[i] as number);
    const size = sizes[i + 1] as number;
    const value = text.next(size >>> 1);
    attributes.set(name, (size & 1) === 0 ? value : scalar(value));
  }
  return attributes;
}

function scalar(text: string): AttributeValue {
  return text === 'true' ? true : text === 'false' ? false : Number(text);
}

function readWritten(text: Pieces, sizes: readonly number[]): Map<string, string> {
  const written = new Map<string, string>();
  for (let i = 0; i < sizes.length; i += 2)
    written.set(text.next(sizes[i] as number), text.next(sizes[i + 1] as number));
  return written;
}
