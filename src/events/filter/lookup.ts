// What a filter sees under an attribute's name. CESQL has rules of its own; these are those of all other dialects.

import type { CloudEvent } from '../event.ts';
import { attributeText } from '../event.ts';

/** The text under a name; undefined where nothing is there, which only extensions can be. */
export type Lookup = (event: CloudEvent) => string | undefined;

/** Optional attributes of the spec are empty where they are not set. */
const ALWAYS: ReadonlySet<string> = new Set([
  'specversion',
  'id',
  'source',
  'type',
  'subject',
  'datacontenttype',
  'datacontentencoding',
]);

/** Names under which stands something else than the attribute's own text. */
const SPECIAL: ReadonlyMap<string, Lookup> = new Map<string, Lookup>([
  ['dataschema', schema],
  ['schemaurl', schema],
  ['datamediatype', (event) => plain(event, 'datacontenttype')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''],
  ['time', (event) => normalTime(plain(event, 'time'))],
]);

/** Whether a name means the attribute itself, and nothing derived. */
export function isPlain(name: string): boolean {
  return !SPECIAL.has(name);
}

export function lookupOf(name: string): Lookup {
  const special = SPECIAL.get(name);
  if (special) return special;
  return ALWAYS.has(name) ? (event) => plain(event, name) ?? '' : (event) => plain(event, name);
}

function plain(event: CloudEvent, name: string): string | undefined {
  const value = event.attributes.get(name);
  return value === undefined ? undefined : attributeText(value);
}

/** Either version's name finds either version's attribute. */
function schema(event: CloudEvent): string {
  return plain(event, 'dataschema') ?? plain(event, 'schemaurl') ?? '';
}

const ZERO_TIME = '0001-01-01T00:00:00Z';

/** As Knative writes times: no zeros at the end of a fraction, Z for no offset. */
function normalTime(text: string | undefined): string {
  if (text === undefined) return ZERO_TIME;
  return text
    .toUpperCase()
    .replace(/\.(\d*?)0+(?=[Z+-])/, (_, digits: string) => (digits === '' ? '' : `.${digits}`))
    .replace(/[+-]00:00$/, 'Z');
}
