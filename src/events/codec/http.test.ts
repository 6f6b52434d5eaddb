import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { AttributeValue, CloudEvent } from '../event.ts';
import type { Decoded } from './http.ts';
import { decodeHttp, encodeBatched, encodeBinary, encodeStructured } from './http.ts';

interface EventShown {
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly data?: string;
  readonly dataBytes?: string;
}

interface Case extends Partial<EventShown> {
  readonly why: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  readonly bytes?: string;
  readonly mode?: 'binary' | 'structured';
  readonly events?: readonly EventShown[];
  readonly outcome?: string;
  readonly problem?: string;
  readonly binary?: Readonly<Record<string, string>>;
  readonly document?: string;
}

const cases = parse(readFileSync(new URL('./http.cases.yaml', import.meta.url), 'utf8'), { merge: true }) as Case[];

function rawHeaders(headers: Case['headers']): string[] {
  return Object.entries(headers).flatMap(([name, values]) => [values].flat().flatMap((value) => [name, value]));
}

function shown({ attributes, data }: CloudEvent): object {
  return { attributes: [...attributes], data: data && Buffer.from(data).toString('hex') };
}

function expected({ attributes, data, dataBytes }: EventShown): object {
  return {
    attributes: Object.entries(attributes),
    data: data === undefined ? dataBytes : Buffer.from(data).toString('hex'),
  };
}

function eventOf(decoded: Decoded): CloudEvent {
  if (decoded.outcome !== 'event') throw new Error(JSON.stringify(decoded));
  return decoded.event;
}

describe('an HTTP message', () => {
  test.each(cases)('$why', (one) => {
    const body = one.bytes === undefined ? Buffer.from(one.body ?? '') : Buffer.from(one.bytes, 'hex');
    const decoded = decodeHttp(rawHeaders(one.headers), body);
    if (one.outcome !== undefined) {
      expect(decoded).toEqual({ outcome: one.outcome, problem: one.problem });
      return;
    }
    if (one.events) {
      if (decoded.outcome !== 'batch') throw new Error(JSON.stringify(decoded));
      expect(decoded.events.map(shown)).toEqual(one.events.map(expected));
      return;
    }
    expect(decoded).toMatchObject({ outcome: 'event', mode: one.mode });
    const event = eventOf(decoded);
    expect(shown(event)).toEqual(expected({ ...one, attributes: one.attributes ?? {} }));
    if (one.binary) expect(encodeBinary(event).headers).toEqual(rawHeaders(one.binary));
    if (one.document !== undefined) expect(Buffer.from(encodeStructured(event).body).toString()).toBe(one.document);
  });
});

describe('encoding', () => {
  const event = eventOf(
    decodeHttp(['ce-specversion', '1.0', 'ce-id', '1', 'ce-source', '/s', 'ce-type', 't'], Buffer.from('{}')),
  );
  const typed = (type: string, data: Uint8Array): CloudEvent => ({
    attributes: new Map([...event.attributes, ['datacontenttype', type]]),
    data,
  });

  test('names the format', () => {
    expect(encodeStructured(event).headers).toEqual(['content-type', 'application/cloudevents+json']);
    expect(encodeBatched([]).headers).toEqual(['content-type', 'application/cloudevents-batch+json']);
    expect(Buffer.from(encodeBatched([]).body).toString()).toBe('[]');
  });

  test('an event without data has an empty body', () => {
    expect(encodeBinary({ ...event, data: undefined }).body).toHaveLength(0);
  });

  test.each([
    ['JSON', 'application/json', '{"a": 1.0}', '"data":{"a": 1.0}'],
    ['JSON with white space around it, which a document would lose', 'application/json', '1\n', '"data_base64":"MQo="'],
    ['what is called JSON, but is none', 'application/json', '{', '"data_base64":"ew=="'],
    ['text', 'text/plain', 'é\n', '"data":"é\\n"'],
    ['text of another charset', 'text/plain; charset=latin1', 'é', '"data_base64":"w6k="'],
    ['plain letters of another charset', 'text/plain; charset=latin1', 'e', '"data":"e"'],
  ])('%s', (_, type, data, member) => {
    expect(Buffer.from(encodeStructured(typed(type, Buffer.from(data))).body).toString()).toContain(`,${member}}`);
  });

  test('bytes that are no text', () => {
    const { body } = encodeStructured(typed('text/plain', new Uint8Array([0xff])));
    expect(Buffer.from(body).toString()).toContain(',"data_base64":"/w=="}');
  });
});
