// The law of the codec: an event comes back from each mode, and from the log, as it was, byte for byte; written again it is the same.

import type { AttributeValue, CloudEvent } from '../event.ts';
import { attributeText } from '../event.ts';
import type { Decoded, HttpMessage } from './http.ts';
import { decodeHttp, encodeBatched, encodeBinary, encodeStructured } from './http.ts';
import { decodeRecord, encodeRecord } from './record.ts';

/** What is wrong with an event's way through every mode; undefined where nothing is. */
export function roundTripFault(event: CloudEvent): string | undefined {
  return binaryFault(event) ?? structuredFault(event) ?? batchedFault(event) ?? recordFault(event);
}

function binaryFault(event: CloudEvent): string | undefined {
  const message = encodeBinary(event);
  const back = only(decodeHttp(message.headers, message.body));
  if (typeof back === 'string') return `binary: ${back}`;
  // All values are text there, and a body of no bytes is no data.
  const expected = new Map([...event.attributes].map(([name, value]) => [name, attributeText(value)]));
  const data = event.data?.length === 0 ? undefined : event.data;
  return difference('binary', { attributes: expected, data }, back) ?? again('binary', message, encodeBinary(back));
}

function structuredFault(event: CloudEvent): string | undefined {
  const message = encodeStructured(event);
  const back = only(decodeHttp(message.headers, message.body));
  if (typeof back === 'string') return `structured: ${back}`;
  return difference('structured', event, back) ?? again('structured', message, encodeStructured(back));
}

function batchedFault(event: CloudEvent): string | undefined {
  const message = encodeBatched([event, event]);
  const back = decodeHttp(message.headers, message.body);
  if (back.outcome !== 'batch') return `batched: ${JSON.stringify(back)}`;
  if (back.events.length !== 2) return `batched: ${back.events.length} came back`;
  for (const one of back.events) {
    const fault = difference('batched', event, one);
    if (fault !== undefined) return fault;
  }
  return again('batched', message, encodeBatched(back.events));
}

function recordFault(event: CloudEvent): string | undefined {
  const headers = ['X-Request-Id', event.data ? 'é' : ''];
  for (const sent of [[], headers]) {
    const back = decodeRecord(encodeRecord({ event, headers: sent }));
    const [expected, met] = [JSON.stringify(sent), JSON.stringify(back.headers)];
    if (met !== expected) return `record: expected the headers ${expected}, but met ${met}`;
    const fault = difference('record', event, back.event);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function only(decoded: Decoded): CloudEvent | string {
  return decoded.outcome === 'event' ? decoded.event : JSON.stringify(decoded);
}

function again(mode: string, first: HttpMessage, second: HttpMessage): string | undefined {
  const same = String(first.headers) === String(second.headers) && Buffer.compare(first.body, second.body) === 0;
  return same ? undefined : `${mode}: written again it differs`;
}

/** What differs between two events, the order of attributes included. */
export function difference(mode: string, expected: CloudEvent, met: CloudEvent): string | undefined {
  const [a, b] = [listOf(expected.attributes), listOf(met.attributes)];
  if (a !== b) return `${mode}: expected the attributes ${a}, but met ${b}`;
  const [c, d] = [hex(expected.data), hex(met.data)];
  if (c !== d) return `${mode}: expected the data ${c}, but met ${d}`;
  const [e, f] = [listOf(expected.written), listOf(met.written)];
  return e === f ? undefined : `${mode}: expected the header texts ${e}, but met ${f}`;
}

function listOf(map: ReadonlyMap<string, AttributeValue> | undefined): string {
  return JSON.stringify(map && [...map]) ?? 'none';
}

function hex(bytes: Uint8Array | undefined): string {
  return bytes ? Buffer.from(bytes).toString('hex') || 'of no bytes' : 'none';
}
