import { expect, test } from 'vitest';
import type { LibraryBatch } from './library.ts';
import { readBatches } from './records.ts';

const place = { topic: 't', partition: 1 };

function batch(firstOffset: number, texts: readonly string[], more: Partial<LibraryBatch> = {}): LibraryBatch {
  return {
    firstOffset: BigInt(firstOffset),
    lastOffsetDelta: texts.length - 1,
    firstTimestamp: 1000n,
    attributes: 0,
    records: texts.map((text, at) => ({
      offsetDelta: at,
      timestampDelta: BigInt(at),
      key: null,
      value: Buffer.from(text),
      headers: [[Buffer.from('h'), null]],
    })),
    ...more,
  };
}

const seen = (from: number, ...batches: LibraryBatch[]) => {
  const { records, next } = readBatches(place, from, batches);
  return [records.map(({ offset, value }) => `${offset} ${Buffer.from(value ?? []).toString()}`), next];
};

test('records have their offsets and times', () => {
  expect(readBatches(place, 5, [batch(5, ['a', 'b'])]).records[1]).toEqual({
    ...place,
    offset: 6,
    timestamp: 1001,
    key: undefined,
    value: Buffer.from('b'),
    headers: [['h', new Uint8Array(0)]],
  });
});

test.each([
  ['nothing', 3, [], [[], 3]],
  ['a batch that begins before', 6, [batch(5, ['a', 'b', 'c'])], [['6 b', '7 c'], 8]],
  ['several', 5, [batch(5, ['a']), batch(6, ['b'])], [['5 a', '6 b'], 7]],
  ['a batch that was compacted', 5, [batch(5, ['a'], { lastOffsetDelta: 9 })], [['5 a'], 15]],
  ['the end of a transaction', 5, [batch(5, ['a']), batch(6, ['x'], { attributes: 0x30 })], [['5 a'], 7]],
  ['a batch of before', 9, [batch(5, ['a'])], [[], 9]],
])('%s', (_, from, batches, expected) => {
  expect(seen(from, ...batches)).toEqual(expected);
});
