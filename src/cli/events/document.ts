// An event as a person reads and edits it: the JSON format of CloudEvents; and what was changed in it. Pure.

import { equal, isRecord } from '#base/mod.ts';
import type { EventStory, Redrive } from '#kinds/mod.ts';
import { usage } from '../failure.ts';

type Attribute = string | number | boolean;

interface Data {
  /** Absent where there are none. */
  readonly bytes?: Uint8Array;
  /** Where they are text. */
  readonly text?: string;
  /** Where they are JSON, and said to be. */
  readonly json?: unknown;
}

/** The data in every form that fits. */
export function dataOf({ data, attributes }: Pick<EventStory, 'data' | 'attributes'>): Data {
  if (data === undefined) return {};
  const bytes = Buffer.from(data, 'base64');
  const text = textOf(bytes);
  if (text === undefined) return { bytes };
  const json = isJson(attributes['datacontenttype']) ? parsed(text) : undefined;
  return { bytes, text, ...(json === undefined ? {} : { json }) };
}

const isJson = (type: Attribute | undefined): boolean =>
  type === undefined || /^[^;]*[/+]json\s*(;|$)/i.test(String(type));

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** In the JSON format, ready to be sent with `Content-Type: application/cloudevents+json`. */
export function documentOf(story: Pick<EventStory, 'data' | 'attributes'>): Record<string, unknown> {
  const { json, text, bytes } = dataOf(story);
  if (bytes === undefined) return { ...story.attributes };
  if (json !== undefined) return { ...story.attributes, data: json };
  const isText = text !== undefined && !isJson(story.attributes['datacontenttype']);
  return { ...story.attributes, ...(isText ? { data: text } : { data_base64: story.data }) };
}

export type Changes = Pick<Redrive['spec'], 'set' | 'unset' | 'data'>;

/** From a document to what is to be changed; undefined where nothing is. Throws a usage Failure for what is no event. */
export function changesIn(story: Pick<EventStory, 'data' | 'attributes'>, edited: unknown): Changes | undefined {
  if (!isRecord(edited)) throw usage('an event is a JSON object with its attributes and data');
  const { data, data_base64: base64, ...attributes } = edited;
  for (const [name, value] of Object.entries(attributes))
    if (!['string', 'number', 'boolean'].includes(typeof value))
      throw usage(`the attribute ${name} must be a text, a number, or true or false, but is ${JSON.stringify(value)}`);
  const set = Object.fromEntries(
    Object.entries(attributes as Record<string, Attribute>).filter(([name, value]) => story.attributes[name] !== value),
  );
  const unset = Object.keys(story.attributes).filter((name) => !(name in attributes));
  const fresh = freshData(story, { data, base64, type: attributes['datacontenttype'] as Attribute | undefined });
  if (Object.keys(set).length + unset.length === 0 && fresh === undefined) return undefined;
  return {
    ...(Object.keys(set).length > 0 ? { set } : {}),
    ...(unset.length > 0 ? { unset } : {}),
    ...(fresh === undefined ? {} : { data: fresh }),
  };
}

/** Base64 of data that differ; undefined where they do not. */
function freshData(
  story: Pick<EventStory, 'data' | 'attributes'>,
  { data, base64, type }: { readonly data: unknown; readonly base64: unknown; readonly type: Attribute | undefined },
): string | undefined {
  const before = documentOf(story);
  if (equal(data, before['data']) && base64 === before['data_base64']) return undefined;
  if (data !== undefined && base64 !== undefined) throw usage('an event has data or data_base64, not both');
  if (typeof base64 === 'string') return base64;
  if (data === undefined) return '';
  const text = typeof data === 'string' && !isJson(type) ? data : JSON.stringify(data);
  return Buffer.from(text).toString('base64');
}
