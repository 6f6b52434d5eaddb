// Binary mode (CloudEvents HTTP binding 1.0.2 §3.1): attributes are header fields, the body is the data.

import type { CloudEvent } from '../event.ts';
import { attributeText, SPEC_VERSIONS } from '../event.ts';
import type { ValueKind } from './header-value.ts';
import { decodeHeaderValue, encodeHeaderValue, isPlain } from './header-value.ts';
import { Malformed } from './malformed.ts';
import { isAttributeName, NAME_RULE, shown } from './validate.ts';

/** Names and values by turns, as an HTTP engine gives them. */
export type RawHeaders = readonly string[];

/** What a header field is to an event. */
type Field = { readonly attribute: string; readonly kind: ValueKind } | 'content-type' | 'refused' | 'other';

const PREFIX = /^ce-/i;
const CONTENT_TYPE = /^content-type$/i;
const URIS: ReadonlySet<string> = new Set(['source', 'dataschema', 'schemaurl']);
/** Those that have another place in binary mode. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['datacontenttype', 'Content-Type'],
  ['datacontentencoding', 'no header, for the body is the data itself'],
]);

const LETTER_C = 99;

/** Names as they were spelled; the few that come all the time are looked at once. */
const seen = new Map<string, Field>();
const MAX_SEEN = 1000;
const MAX_SEEN_LENGTH = 64;

function fieldOf(name: string): Field {
  // Both names that matter begin with a C, which rules out nearly all others.
  if ((name.charCodeAt(0) | 32) !== LETTER_C) return 'other';
  const known = seen.get(name);
  if (known !== undefined) return known;
  const field = readName(name);
  if (seen.size < MAX_SEEN && name.length <= MAX_SEEN_LENGTH) seen.set(name, field);
  return field;
}

function readName(name: string): Field {
  if (CONTENT_TYPE.test(name)) return 'content-type';
  if (!PREFIX.test(name)) return 'other';
  const attribute = name.slice(3).toLowerCase();
  if (!isAttributeName(attribute) || attribute === 'datacontenttype') return 'refused';
  return { attribute, kind: URIS.has(attribute) ? 'uri' : 'text' };
}

/** The version that a message in binary mode names; undefined where it names none that is understood. */
export function binaryVersion(headers: RawHeaders): string | undefined {
  const value = firstValue(headers, 'ce-specversion');
  return SPEC_VERSIONS.find((version) => version === value);
}

/** The first value of a field, by its lower-case name. */
export function firstValue(headers: RawHeaders, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    const field = headers[i] as string;
    if (field.length === name.length && field.toLowerCase() === name) return headers[i + 1];
  }
  return undefined;
}

/** The event of a message in binary mode, unchecked but for names. Each attribute has one field; of two Content-Types the first counts. */
export function decodeBinary(headers: RawHeaders, body: Uint8Array): CloudEvent {
  const attributes = new Map<string, string>();
  let written: Map<string, string> | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const field = fieldOf(name);
    if (field === 'other') continue;
    if (field === 'refused') throw refusal(name);
    const raw = headers[i + 1] as string;
    if (field === 'content-type') {
      if (raw !== '' && !attributes.has('datacontenttype')) attributes.set('datacontenttype', raw);
      continue;
    }
    const { attribute, kind } = field;
    if (attributes.has(attribute)) throw repeated(attribute, headers);
    // Most values need no decoding, and would be encoded as they are.
    if (isPlain(raw) && raw !== '') {
      attributes.set(attribute, raw);
      continue;
    }
    const value = decodeHeaderValue(raw, kind);
    if (value === undefined) throw new Malformed(`${name} must have escapes of UTF-8, but is ${shown(raw)}`);
    // An optional attribute that is empty is one that is not set.
    if (raw === '' && OPTIONAL.has(attribute) && valuesOf(attribute, headers).length === 1) continue;
    attributes.set(attribute, value);
    if (encodeHeaderValue(value, kind) !== raw) (written ??= new Map<string, string>()).set(attribute, raw);
  }
  if (attributes.get('specversion') === '0.3' && attributes.has('datacontentencoding'))
    throw refusal('ce-datacontentencoding');
  const data = body.length > 0 ? body : undefined;
  return written ? { attributes, data, written } : { attributes, data };
}

/** Core attributes that need not be set; empty counts as not set, in every mode. */
export const OPTIONAL: ReadonlySet<string> = new Set(['datacontenttype', 'dataschema', 'schemaurl', 'subject', 'time']);

function repeated(attribute: string, headers: RawHeaders): Malformed {
  const [first, second] = valuesOf(attribute, headers);
  return new Malformed(`ce-${attribute} must stand once, but stands as ${shown(first)} and ${shown(second)}`);
}

function valuesOf(attribute: string, headers: RawHeaders): string[] {
  return headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === `ce-${attribute}`);
}

function refusal(header: string): Malformed {
  const name = header.slice(3).toLowerCase();
  const place = ELSEWHERE.get(name);
  if (place !== undefined) return new Malformed(`${name} in binary mode belongs in ${place}, but came as ${header}`);
  return new Malformed(`the name of an attribute must be ${NAME_RULE}, but is ${shown(name)}`);
}

/** Field names of attributes, made once. */
const fieldNames = new Map<string, string>();

function fieldName(attribute: string): string {
  const known = fieldNames.get(attribute);
  if (known !== undefined) return known;
  const name = attribute === 'datacontenttype' ? 'content-type' : `ce-${attribute}`;
  if (fieldNames.size < MAX_SEEN && name.length <= MAX_SEEN_LENGTH) fieldNames.set(attribute, name);
  return name;
}

/** The header fields of an event in binary mode; its data is the body. */
export function binaryHeaders({ attributes, written }: CloudEvent): string[] {
  const headers: string[] = [];
  for (const [attribute, value] of attributes)
    headers.push(fieldName(attribute), fieldValue(attribute, value, written));
  return headers;
}

function fieldValue(attribute: string, value: string | number | boolean, written: CloudEvent['written']): string {
  const text = attributeText(value);
  if (attribute === 'datacontenttype') return text;
  return written?.get(attribute) ?? encodeHeaderValue(text, URIS.has(attribute) ? 'uri' : 'text');
}
