// What goes into an expression, and what came out of it, as messages of HTTP. Pure.

import { decodeHttp, encodeStructured, STRUCTURED_TYPE } from '#events/mod.ts';
import { isRecord } from '#base/mod.ts';

export type Input = { readonly json: string } | { readonly fault: string };

/**
 * The event of a message as the JSON format has it. What is no event is taken as the JSON, else as the text, that it is: expressions make
 * events of what only wants to be some.
 */
export function inputOf(headers: readonly string[], body: Uint8Array): Input {
  const decoded = decodeHttp(headers, body);
  if (decoded.outcome === 'event') return { json: textOf(encodeStructured(decoded.event).body) };
  if (decoded.outcome === 'batch') return { fault: 'expected one event, but this is a batch' };
  if (decoded.outcome === 'malformed') return { fault: decoded.problem };
  const text = textOf(body);
  return { json: isJson(text) ? text : JSON.stringify(text) };
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export type Made = { readonly type: string; readonly body: Uint8Array } | { readonly fault: string };

/** A media type, and nothing that could be more than one header. */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;[ -~]*)?$/;

/** The result of an expression: of the media type that it names itself as `contenttype`, an event, or other JSON. */
export function messageOf(json: string): Made {
  const value: unknown = JSON.parse(json);
  const body = new TextEncoder().encode(json);
  const { contenttype, specversion } = isRecord(value) ? value : {};
  if (contenttype !== undefined && contenttype !== '' && contenttype !== null) {
    const type = typeof contenttype === 'string' ? contenttype : JSON.stringify(contenttype);
    return MEDIA_TYPE.test(type) ? { type, body } : { fault: `contenttype must be a media type, but is ${type}` };
  }
  if (specversion === undefined) return { type: 'application/json', body };
  const decoded = decodeHttp(['content-type', STRUCTURED_TYPE], body);
  if (decoded.outcome === 'event') return { type: STRUCTURED_TYPE, body };
  return { fault: `the result is no event: ${'problem' in decoded ? decoded.problem : 'it is a batch'}` };
}
