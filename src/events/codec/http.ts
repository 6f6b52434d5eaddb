// Events as HTTP messages, requests and responses alike: which mode a message is in, and reading and writing each.

import type { CloudEvent } from '../event.ts';
import { SPEC_VERSIONS } from '../event.ts';
import type { RawHeaders } from './binary.ts';
import { binaryHeaders, binaryVersion, decodeBinary, firstValue } from './binary.ts';
import { Malformed } from './malformed.ts';
import { mediaType } from './media-type.ts';
import { decodeDocument, decodeList, encodeDocument, encodeList } from './structured.ts';
import { faultsOf, shown } from './validate.ts';

export const STRUCTURED_TYPE = 'application/cloudevents+json';
export const BATCHED_TYPE = 'application/cloudevents-batch+json';

/** What a message turned out to be. Events in it are valid. A problem says what was expected and what was met. */
export type Decoded =
  | { readonly outcome: 'event'; readonly mode: 'binary' | 'structured'; readonly event: CloudEvent }
  | { readonly outcome: 'batch'; readonly events: readonly CloudEvent[] }
  /** It does not say that it is an event, or is one of a version or format that is not understood. */
  | { readonly outcome: 'no-event'; readonly problem: string }
  /** It says that it is an event, but is no proper one. */
  | { readonly outcome: 'malformed'; readonly problem: string };

export interface HttpMessage {
  /** Names and values by turns; without Content-Length. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/** Reads a message. The event's data may lie in `body`, which is not to be changed afterwards. */
export function decodeHttp(headers: RawHeaders, body: Uint8Array): Decoded {
  try {
    return decode(headers, body);
  } catch (thrown) {
    if (thrown instanceof Malformed) return { outcome: 'malformed', problem: thrown.message };
    throw thrown;
  }
}

function decode(headers: RawHeaders, body: Uint8Array): Decoded {
  const type = formatOf(firstValue(headers, 'content-type'));
  if (type === STRUCTURED_TYPE) return { outcome: 'event', mode: 'structured', event: valid(decodeDocument(body)) };
  if (type === BATCHED_TYPE) {
    const events = decodeList(body);
    for (const [at, event] of events.entries()) valid(event, ` ${at + 1} of the batch`);
    return { outcome: 'batch', events };
  }
  if (binaryVersion(headers) === undefined) return { outcome: 'no-event', problem: absence(headers, type) };
  return { outcome: 'event', mode: 'binary', event: valid(decodeBinary(headers, body)) };
}

/** Content types that name a format of events begin so, in any case. */
const FORMAT = /^\s*application\/cloudevents/i;

/** The format that a content type names, if any: lower case, without parameters. */
function formatOf(contentType: string | undefined): string | undefined {
  if (contentType === undefined || !FORMAT.test(contentType)) return undefined;
  return mediaType(contentType)?.name ?? contentType.split(';', 1)[0]?.trim().toLowerCase();
}

function valid(event: CloudEvent, which = ''): CloudEvent {
  const faults = faultsOf(event);
  if (faults.length === 0) return event;
  throw new Malformed(`event${which} is not valid: ${faults.join('; ')}`);
}

function absence(headers: RawHeaders, format: string | undefined): string {
  if (format !== undefined) return `the format of an event must be ${STRUCTURED_TYPE}, but is ${format}`;
  const version = firstValue(headers, 'ce-specversion');
  if (version !== undefined) return `ce-specversion must be ${SPEC_VERSIONS.join(' or ')}, but is ${shown(version)}`;
  return `expected an event, by a header ce-specversion or by Content-Type ${STRUCTURED_TYPE}, but neither is there`;
}

const NOTHING = new Uint8Array(0);

/** Binary mode: attributes in the header, data as the body. */
export function encodeBinary(event: CloudEvent): HttpMessage {
  return { headers: binaryHeaders(event), body: event.data ?? NOTHING };
}

/** Structured mode: all of it as a JSON document. */
export function encodeStructured(event: CloudEvent): HttpMessage {
  return { headers: ['content-type', STRUCTURED_TYPE], body: encodeDocument(event) };
}

/** Batched mode; only for receivers that asked for it. */
export function encodeBatched(events: readonly CloudEvent[]): HttpMessage {
  return { headers: ['content-type', BATCHED_TYPE], body: encodeList(events) };
}
