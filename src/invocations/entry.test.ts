import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Entry } from './entry.ts';
import { decodeEntry, encodeEntry } from './entry.ts';

test('an entry and its body come back as they were', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.uint8Array(), (text, body) => {
      const entry: Entry = { kind: 'tried', id: text, attempt: { startedAt: 1, tookMs: 2, error: text }, nextAt: 3 };
      const found = decodeEntry(encodeEntry(entry, body));
      expect(found.entry).toEqual(entry);
      expect(Uint8Array.from(found.body)).toEqual(body);
    }),
  );
});

test.each([
  ['another form', [2, 0, 0, 0, 0], /form 1, not 2/],
  ['a length beyond its end', [1, 0, 0, 1, 0, 123, 125], /261 bytes or more, not 7/],
])('%s is none of ours', (_, bytes, message) => {
  expect(() => decodeEntry(Uint8Array.from(bytes))).toThrow(message);
});
