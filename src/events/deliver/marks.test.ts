import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Unfinished } from './marks.ts';
import { consumerOf, decodeConsumer, decodeHead, encodeConsumer, encodeHead, HEAD_MARK, markOf } from './marks.ts';

const stage = fc.option(
  fc.oneof(
    fc.record({ at: fc.constant('subscriber' as const), failures: fc.integer({ min: 1, max: 99 }) }),
    fc.record({
      at: fc.constant('dead-letter' as const),
      failures: fc.nat(99),
      cause: fc.record({
        destination: fc.webUrl(),
        status: fc.integer({ min: 100, max: 599 }),
        data: fc.base64String(),
      }),
    }),
  ),
  { nil: undefined },
);
const unfinished: fc.Arbitrary<Unfinished> = fc.record({
  offset: fc.nat(),
  key: fc.option(fc.string(), { nil: undefined }),
  stage,
});

test('what was kept of a consumer is what there was', () => {
  fc.assert(
    fc.property(fc.option(fc.nat(), { nil: undefined }), fc.array(unfinished), (cursor, all) => {
      expect(decodeConsumer(encodeConsumer({ cursor, unfinished: all }))).toEqual({ cursor, unfinished: all });
    }),
  );
});

test('a reply is not kept: its event is sent to the subscriber again', () => {
  const reply = { event: { attributes: new Map(), data: undefined }, headers: [] };
  const mark = {
    cursor: 3,
    unfinished: [{ offset: 1, key: undefined, stage: { at: 'reply' as const, failures: 2, reply } }],
  };
  expect(decodeConsumer(encodeConsumer(mark))).toEqual({
    cursor: 3,
    unfinished: [{ offset: 1, key: undefined, stage: undefined }],
  });
});

test('names', () => {
  expect(decodeHead(encodeHead(2 ** 40))).toBe(2 ** 40);
  expect([consumerOf(markOf('a/b')), consumerOf(HEAD_MARK)]).toEqual(['a/b', undefined]);
});
