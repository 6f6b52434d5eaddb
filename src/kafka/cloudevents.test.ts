// Events as records and back.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CloudEvent } from '#events/mod.ts';
import { eventOfRecord, headerOf, recordOfEvent } from './cloudevents.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const headers = (all: Record<string, string>) =>
  Object.entries(all).map(([name, value]) => [name, bytes(value)] as const);
const NEEDED = { ce_specversion: '1.0', ce_id: '1', ce_source: '/s', ce_type: 't' };

/** Text without control characters, which no attribute may have. */
const word = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((text) => text.trim() !== '' && !/\p{C}/u.test(text));
const events = fc.record({
  id: word,
  type: word,
  partitionkey: fc.option(word, { nil: undefined }),
  ext: fc.option(word, { nil: undefined }),
  data: fc.uint8Array({ maxLength: 100 }),
});

test.each(['binary', 'structured'] as const)('what goes in comes out, in %s mode', (mode) => {
  fc.assert(
    fc.property(events, ({ data, ...more }) => {
      const all = { specversion: '1.0', source: '/s', datacontenttype: 'application/octet-stream', ...more };
      const given = Object.entries(all).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as const],
      );
      const event: CloudEvent = { attributes: new Map(given), data };
      const record = recordOfEvent('t', event, mode);
      const back = eventOfRecord(record);
      expect(Object.fromEntries(back?.attributes ?? [])).toEqual(Object.fromEntries(given));
      expect([...(back?.data ?? [])]).toEqual([...data]);
      expect(record.key && new TextDecoder().decode(record.key)).toBe(more.partitionkey);
    }),
    { numRuns: 300 },
  );
});

describe('what is an event', () => {
  test.each<[string, Record<string, string>, string, boolean]>([
    ['all that an event needs', NEEDED, 'x', true],
    ['a header without its prefix', { ...NEEDED, other: '1' }, 'x', true],
    ['no headers', {}, '{"specversion":"1.0"}', false],
    ['no id', { ...NEEDED, ce_id: '' }, 'x', false],
    ['another version', { ...NEEDED, ce_specversion: '2.0' }, 'x', false],
    ['a name that no attribute may have, which is left out', { ...NEEDED, 'ce_a-b': '1' }, 'x', true],
    [
      'a document',
      { 'Content-Type': 'application/cloudevents+json' },
      '{"specversion":"1.0","id":"1","source":"/s","type":"t"}',
      true,
    ],
    ['half a document', { 'content-type': 'application/cloudevents+json' }, '{"specversion":"1.0"}', false],
    ['a batch, which a record is not', { 'content-type': 'application/cloudevents-batch+json' }, '[]', false],
  ])('%s', (_, all, value, isEvent) => {
    expect(eventOfRecord({ headers: headers(all), value: bytes(value) }) !== undefined).toBe(isEvent);
  });

  test('a value that is not there is an event without data', () => {
    expect(eventOfRecord({ headers: headers(NEEDED), value: undefined })).toMatchObject({ data: undefined });
  });

  test('names of headers have any case', () => {
    expect(headerOf(headers({ 'Content-TYPE': 'a/b' }), 'content-type')).toBe('a/b');
  });
});
