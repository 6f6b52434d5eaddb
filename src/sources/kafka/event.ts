// The event that a record of Kafka becomes: a record that is one goes on as it is.

import type { AttributeValue, CloudEvent } from '#events/mod.ts';
import { isAttributeName, withAttributes } from '#events/mod.ts';
import type { KafkaRecord } from '#kafka/mod.ts';
import { eventOfRecord, headerOf } from '#kafka/mod.ts';
import type { CeOverrides } from '#kinds/mod.ts';
import { KAFKA_EVENT_TYPE } from '#kinds/mod.ts';
import { makeEvent } from '../make-event.ts';

export type KeyType = 'string' | 'int' | 'float' | 'byte-array';

/** Of which source the events are. */
export interface RecordSource {
  readonly namespace: string;
  readonly name: string;
  readonly keyType: KeyType;
  readonly overrides: CeOverrides | undefined;
}

/** Headers of records become extensions whose names begin so. */
const HEADER_EXTENSION = 'kafkaheader';

export function kafkaSourceUri({ namespace, name }: Pick<RecordSource, 'namespace' | 'name'>, topic: string): string {
  return `/apis/v1/namespaces/${namespace}/kafkasources/${name}#${topic}`;
}

/** The event of a record. What is set on every event of the source is set last. */
export function eventOf(record: KafkaRecord, source: RecordSource): CloudEvent {
  const found = eventOfRecord(record);
  if (found) return overridden(found, source.overrides);
  const { topic, partition, offset, timestamp, key, value, headers } = record;
  const event = makeEvent({
    id: `partition:${partition}/offset:${offset}`,
    type: KAFKA_EVENT_TYPE,
    source: kafkaSourceUri(source, topic),
    subject: `partition:${partition}#${offset}`,
    time: timestamp,
    datacontenttype: dataTypeOf(headers),
    data: value,
  });
  const extensions: Record<string, AttributeValue> = key ? { key: keyOf(key, source.keyType) } : {};
  for (const [name, text] of headers) {
    const extension = HEADER_EXTENSION + name.toLowerCase();
    if (isAttributeName(extension)) extensions[extension] = new TextDecoder().decode(text);
  }
  return overridden(withAttributes(event, extensions), source.overrides);
}

/** What says that it is an event, and is none, must not be taken for one further on. */
function dataTypeOf(headers: KafkaRecord['headers']): string | undefined {
  const type = headerOf(headers, 'content-type');
  return type && /^\s*application\/cloudevents/i.test(type) ? undefined : type;
}

function overridden(event: CloudEvent, overrides: CeOverrides | undefined): CloudEvent {
  const all = Object.entries(overrides?.extensions ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  return all.length > 0 ? withAttributes(event, Object.fromEntries(all)) : event;
}

/** As Kafka's own serializers write them: big-endian, of four or eight bytes. What is neither is text. */
function keyOf(key: Uint8Array, type: KeyType): AttributeValue {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  if (type === 'byte-array') return Buffer.from(key).toString('base64');
  // An attribute that is a number has 32 bits; a larger one is its digits.
  if (type === 'int' && key.length === 4) return view.getInt32(0);
  if (type === 'int' && key.length === 8) return String(view.getBigInt64(0));
  if (type === 'float' && key.length === 4) return String(view.getFloat32(0));
  if (type === 'float' && key.length === 8) return String(view.getFloat64(0));
  return new TextDecoder().decode(key);
}
