// The preferences of a client (RFC 7240) that the gateway heeds: to be answered before the work is done, and how long to wait for it.
// Pure.

import { headerList } from './headers.ts';
import type { Exchange, RawHeaders } from './transport.ts';

/** Answer at once, and do the work after. */
export const RESPOND_ASYNC = 'respond-async';
/** How many seconds the client waits. */
export const WAIT = 'wait';

/** `name`, maybe with a value, maybe with parameters, which nothing here has. */
const PREFERENCE = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,]*)))?/;

/** By name in lower case; of a preference that comes twice the first counts. Empty texts are values that were left out. */
export function preferencesIn(headers: RawHeaders): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const text of elementsOf(headerList(headers, 'prefer') ?? '')) {
    const [, name, quoted, plain = ''] = PREFERENCE.exec(text) ?? [];
    const key = name?.toLowerCase();
    if (key !== undefined && !found.has(key)) found.set(key, quoted?.replace(/\\(.)/g, '$1') ?? plain);
  }
  return found;
}

/** The same fields, without some of the preferences. */
export function withoutPreferences(headers: RawHeaders, names: readonly string[]): string[] {
  const out: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const [field = '', value = ''] = [headers[i], headers[i + 1]];
    if (field.toLowerCase() !== 'prefer') {
      out.push(field, value);
      continue;
    }
    const left = elementsOf(value).filter((text) => !names.includes(PREFERENCE.exec(text)?.[1]?.toLowerCase() ?? ''));
    if (left.length > 0) out.push(field, left.map((text) => text.trim()).join(', '));
  }
  return out;
}

/** Other preferences, as each delivery of an event has one, are not taken apart. */
const MENTIONED = /respond-async/i;

/** Whether a client would rather not wait. Requests whose fields all go on as they came have no preference, so that most are not looked at. */
export function prefersAsync({ passing, headers }: Pick<Exchange, 'passing' | 'headers'>): boolean {
  if (passing !== undefined) return false;
  const said = headerList(headers, 'prefer');
  return said !== undefined && MENTIONED.test(said) && preferencesIn(headers).has(RESPOND_ASYNC);
}

/** The elements of a list; a comma in a quoted text parts none. */
function elementsOf(list: string): string[] {
  if (list === '') return [];
  return list.includes('"') ? (list.match(/(?:"(?:[^"\\]|\\.)*"|[^,"]|")+/g) ?? []) : list.split(',');
}
