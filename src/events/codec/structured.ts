// The JSON format (CloudEvents 1.0.2 JSON format §2–4): one event a document, or a list of them.

import { isAscii, isUtf8 } from 'node:buffer';
import type { AttributeValue, CloudEvent } from '../event.ts';
import { CORE_ATTRIBUTES } from '../event.ts';
import { OPTIONAL } from './binary.ts';
import { endOfString, endOfValue, expect, isBareJson, skipSpace, stringAt, unexpected } from './json-text.ts';
import { Malformed } from './malformed.ts';
import { mediaType } from './media-type.ts';
import { isAttributeName, NAME_RULE, shown } from './validate.ts';

const MIN_INTEGER = -(2 ** 31);
const MAX_INTEGER = 2 ** 31 - 1;

/** A member's value, where it stands in the document. */
interface Span {
  readonly from: number;
  readonly end: number;
}

/** A document: its bytes, and the same one character a byte. */
interface Source {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** The event of a document, unchecked but for names, types and versions. */
export function decodeDocument(bytes: Uint8Array): CloudEvent {
  const source = sourceOf(bytes);
  const { event, end } = readEvent(source, skipSpace(source.text, 0));
  expectEnd(source.text, end);
  return event;
}

/** The events of a document that is a list of them. */
export function decodeList(bytes: Uint8Array): CloudEvent[] {
  const source = sourceOf(bytes);
  const { text } = source;
  const events: CloudEvent[] = [];
  let at = skipSpace(text, expect(text, skipSpace(text, 0), '['));
  if (text[at] === ']') at++;
  else {
    for (;;) {
      const { event, end } = readEvent(source, at);
      events.push(event);
      at = skipSpace(text, end);
      if (text[at] === ']') break;
      at = skipSpace(text, expect(text, at, ','));
    }
    at++;
  }
  expectEnd(text, at);
  return events;
}

function sourceOf(bytes: Uint8Array): Source {
  if (!isUtf8(bytes)) throw new Malformed('the JSON document must be UTF-8, but has bytes that are not');
  return { bytes, text: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1') };
}

function expectEnd(text: string, from: number): void {
  const at = skipSpace(text, from);
  if (at < text.length) throw unexpected(text, at, 'its end');
}

function readEvent(source: Source, from: number): { readonly event: CloudEvent; readonly end: number } {
  const { text } = source;
  const attributes = new Map<string, AttributeValue>();
  const data: { plain?: Span; base64?: Span } = {};
  const names = new Set<string>();
  let at = skipSpace(text, expect(text, from, '{'));
  while (text[at] !== '}') {
    if (names.size > 0) at = skipSpace(text, expect(text, at, ','));
    const endOfName = endOfString(text, at);
    const name = stringAt(text, at, endOfName);
    at = skipSpace(text, expect(text, skipSpace(text, endOfName), ':'));
    const end = text[at] === '"' ? endOfString(text, at) : endOfValue(text, at);
    if (names.has(name)) throw new Malformed(`${name} must stand once, but stands twice`);
    names.add(name);
    if (name === 'data') data.plain = { from: at, end };
    else if (name === 'data_base64') data.base64 = { from: at, end };
    else setAttribute(attributes, name, readAttribute(text, name, at, end));
    at = skipSpace(text, end);
  }
  return { event: { attributes, data: readData(source, attributes, data) }, end: at + 1 };
}

/** Knative takes extensions in any case, and makes them lower. */
function setAttribute(
  attributes: Map<string, AttributeValue>,
  spelled: string,
  value: AttributeValue | undefined,
): void {
  const name = CORE.has(spelled) ? spelled : extensionName(spelled);
  if (value === undefined || (value === '' && OPTIONAL.has(name))) return;
  if (attributes.has(name)) throw new Malformed(`${name} must stand once, but stands twice`);
  attributes.set(name, value);
}

const CORE = CORE_ATTRIBUTES['1.0'];

function extensionName(spelled: string): string {
  const name = spelled.toLowerCase();
  if (!isAttributeName(name))
    throw new Malformed(`the name of an attribute must be ${NAME_RULE}, but is ${shown(spelled)}`);
  if (CORE.has(name)) throw new Malformed(`${name} must be spelled so, but is spelled ${spelled}`);
  return name;
}

/** Undefined for null, which is an attribute that is not set (§2.2). */
function readAttribute(text: string, name: string, from: number, end: number): AttributeValue | undefined {
  switch (text[from]) {
    case '"':
      return readText(text, name, from, end);
    case 't':
      return true;
    case 'f':
      return false;
    case 'n':
      return undefined;
    case '{':
    case '[':
      throw new Malformed(
        `${shown(name)} must be text, a whole number, true, false or null, but is ${text[from] === '{' ? 'an object' : 'a list'}`,
      );
    default:
      return readInteger(name, text.slice(from, end));
  }
}

function readText(text: string, name: string, from: number, end: number): string {
  const value = stringAt(text, from, end);
  if (value.isWellFormed()) return value;
  throw new Malformed(`${shown(name)} must be Unicode text, but has half of a surrogate pair`);
}

function readInteger(name: string, digits: string): number {
  const value = Number(digits);
  if (Number.isInteger(value) && value >= MIN_INTEGER && value <= MAX_INTEGER) return value;
  throw new Malformed(
    `${shown(name)} must be a whole number from ${MIN_INTEGER} to ${MAX_INTEGER}, but is ${digits.slice(0, 100)}`,
  );
}

function readData(
  source: Source,
  attributes: Map<string, AttributeValue>,
  { plain, base64 }: { plain?: Span; base64?: Span },
): Uint8Array | undefined {
  const version = attributes.get('specversion');
  if (base64 && version === '0.3') throw new Malformed('data_base64 is unknown to specversion 0.3, but is there');
  if (base64 && plain) throw new Malformed('data and data_base64 exclude each other, but both are there');
  const encoding = version === '0.3' ? takeEncoding(attributes) : undefined;
  if (base64) return readBase64(source.text, 'data_base64', base64);
  if (!plain) return undefined;
  if (encoding) return readBase64(source.text, 'data', plain);
  return readPlain(source, attributes, plain);
}

/** In 0.3 `datacontentencoding` says that data is base64; once it is undone the attribute would be untrue. */
function takeEncoding(attributes: Map<string, AttributeValue>): boolean {
  const encoding = attributes.get('datacontentencoding');
  if (encoding === undefined) return false;
  if (typeof encoding !== 'string' || encoding.toLowerCase() !== 'base64')
    throw new Malformed(`datacontentencoding must be base64, but is ${shown(encoding)}`);
  return attributes.delete('datacontentencoding');
}

/** JSON stays as it stands; it is what data is where no type is told (§3.1.2), and from here on that is told. */
function readPlain(source: Source, attributes: Map<string, AttributeValue>, { from, end }: Span): Uint8Array {
  const type = attributes.get('datacontenttype');
  if (type === undefined) attributes.set('datacontenttype', 'application/json');
  if (type === undefined || isJson(type)) return source.bytes.subarray(from, end);
  if (source.text[from] !== '"')
    throw new Malformed(`data of type ${shown(type)} must be a JSON string, but is ${kindAt(source.text, from)}`);
  return Buffer.from(readText(source.text, 'data', from, end), 'utf8');
}

function isJson(type: AttributeValue): boolean {
  return typeof type === 'string' && mediaType(type)?.json === true;
}

const KINDS: Readonly<Record<string, string | undefined>> = {
  '"': 'text',
  '{': 'an object',
  '[': 'a list',
  t: 'true',
  f: 'false',
  n: 'null',
};

function kindAt(text: string, at: number): string {
  return KINDS[text[at] ?? ''] ?? 'a number';
}

const NOT_BASE64 = /[^A-Za-z\d+/]/;

function readBase64(text: string, name: string, { from, end }: Span): Uint8Array {
  if (text[from] !== '"') throw new Malformed(`${name} must be base64 text, but is ${kindAt(text, from)}`);
  const encoded = stringAt(text, from, end);
  const padding = encoded.endsWith('==') ? 2 : encoded.endsWith('=') ? 1 : 0;
  if (encoded.length % 4 !== 0 || NOT_BASE64.test(encoded.slice(0, encoded.length - padding)))
    throw new Malformed(`${name} must be base64 (RFC 4648 §4), but is ${shown(encoded)}`);
  return Buffer.from(encoded, 'base64');
}

/** An event as a document. Data that its type makes JSON or text stands as such where that loses no byte, else as base64. */
export function encodeDocument(event: CloudEvent): Buffer {
  const { attributes, data } = event;
  const head: string[] = [];
  for (const [name, value] of attributes) head.push(`"${name}":${JSON.stringify(value)}`);
  if (!data) return Buffer.from(`{${head.join(',')}}`, 'utf8');
  const form = formOf(attributes.get('datacontenttype'), data);
  if (form === 'json')
    return Buffer.concat([Buffer.from(`{${head.join(',')},"data":`, 'utf8'), data, CLOSE], undefined);
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (form === 'text') head.push(`"data":${JSON.stringify(bytes.toString('utf8'))}`);
  else if (attributes.get('specversion') === '0.3')
    head.push('"datacontentencoding":"base64"', `"data":"${bytes.toString('base64')}"`);
  else head.push(`"data_base64":"${bytes.toString('base64')}"`);
  return Buffer.from(`{${head.join(',')}}`, 'utf8');
}

const CLOSE = Buffer.from('}');

/** Several events as one document. */
export function encodeList(events: readonly CloudEvent[]): Buffer {
  const parts: Buffer[] = [];
  for (const event of events) parts.push(parts.length === 0 ? OPEN : COMMA, encodeDocument(event));
  return Buffer.concat([...(parts.length === 0 ? [OPEN] : parts), END]);
}

const OPEN = Buffer.from('[');
const COMMA = Buffer.from(',');
const END = Buffer.from(']');

/** How data stands in a document. Data without a type is bytes: nothing else would say that it is not JSON (§3.1.1). */
function formOf(type: AttributeValue | undefined, data: Uint8Array): 'json' | 'text' | 'base64' {
  const media = typeof type === 'string' ? mediaType(type) : undefined;
  if (!media || !isUtf8(data) || !(media.utf8 || isAscii(data))) return 'base64';
  if (!media.json) return 'text';
  return isBareJson(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1')) ? 'json' : 'base64';
}
