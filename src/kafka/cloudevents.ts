// Events as records of Kafka (CloudEvents' Kafka protocol binding 1.0): binary mode in headers `ce_…`, structured mode as JSON.

import type { AttributeValue, CloudEvent } from '#events/mod.ts';
import { attributeText, decodeHttp, encodeStructured, faultsOf, isAttributeName, textOf } from '#events/mod.ts';
import type { KafkaRecord, NewRecord, RecordHeaders } from './kafka.ts';

const PREFIX = 'ce_';
const CONTENT_TYPE = 'content-type';
const STRUCTURED_HEADER = 'application/cloudevents+json; charset=UTF-8';
/** The extension that is the record's key. */
const KEY_EXTENSION = 'partitionkey';

const textOfBytes = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytesOfText = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The event that a record is; undefined where it is none, or no proper one. */
export function eventOfRecord({ headers, value }: Pick<KafkaRecord, 'headers' | 'value'>): CloudEvent | undefined {
  const contentType = headerOf(headers, CONTENT_TYPE);
  if (contentType?.toLowerCase().startsWith('application/cloudevents')) {
    const decoded = decodeHttp([CONTENT_TYPE, contentType], value ?? new Uint8Array(0));
    return decoded.outcome === 'event' ? decoded.event : undefined;
  }
  const event: CloudEvent = { attributes: attributesOf(headers, contentType), data: value };
  return event.attributes.has('specversion') && faultsOf(event).length === 0 ? event : undefined;
}

function attributesOf(headers: RecordHeaders, contentType: string | undefined): Map<string, AttributeValue> {
  const attributes = new Map<string, AttributeValue>();
  for (const [header, value] of headers) {
    const name = header.startsWith(PREFIX) ? header.slice(PREFIX.length) : '';
    // What no attribute may be called is a header like any other.
    if (isAttributeName(name)) attributes.set(name, textOfBytes(value));
  }
  if (contentType) attributes.set('datacontenttype', contentType);
  return attributes;
}

/** The text of a header, whatever the case of its name. */
export function headerOf(headers: RecordHeaders, wanted: string): string | undefined {
  const [, value] = headers.find(([name]) => name.toLowerCase() === wanted) ?? [];
  return value && textOfBytes(value);
}

/** An event as a record; its `partitionkey` is the key. */
export function recordOfEvent(topic: string, event: CloudEvent, mode: 'binary' | 'structured'): NewRecord {
  const partitionKey = textOf(event, KEY_EXTENSION);
  const key = partitionKey === undefined ? {} : { key: bytesOfText(partitionKey) };
  if (mode === 'structured')
    return {
      topic,
      ...key,
      value: encodeStructured(event).body,
      headers: [[CONTENT_TYPE, bytesOfText(STRUCTURED_HEADER)]],
    };
  const headers = [...event.attributes].map(
    ([name, value]) =>
      [name === 'datacontenttype' ? CONTENT_TYPE : `${PREFIX}${name}`, bytesOfText(attributeText(value))] as const,
  );
  return { topic, ...key, value: event.data, headers };
}
