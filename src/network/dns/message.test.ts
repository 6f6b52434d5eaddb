import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Query } from './message.ts';
import { fitAnswer, RCODE, readQuery, TYPE, writeAnswer } from './message.ts';

/** A query as a resolver sends it. */
function ask(name: string, type: number, edns = false): Uint8Array {
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  const extra = edns ? [0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0] : [];
  return Uint8Array.from([
    0x12,
    0x34,
    0x01,
    0x00,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    edns ? 1 : 0,
    ...labels,
    0,
    0,
    type,
    0,
    1,
    ...extra,
  ]);
}

const query = (name: string, maxBytes = 512): Query => ({
  id: 0x1234,
  recursionDesired: true,
  opcode: 0,
  question: { name, type: TYPE.A },
  maxBytes,
});

describe('a query', () => {
  test.each([
    ['is read', ask('Web.Default.svc', TYPE.A), query('web.default.svc')],
    ['says how much its sender can take', ask('a.b', TYPE.A, true), query('a.b', 4096)],
  ])('%s', (_what, message, expected) => {
    expect(readQuery(message)).toEqual(expected);
  });

  test.each([
    ['too short', new Uint8Array(5)],
    ['an answer', Uint8Array.from([0x12, 0x34, 0x81, 0, ...ask('a', 1).subarray(4)])],
    ['two questions', Uint8Array.from([0, 1, 1, 0, 0, 2, ...ask('a', 1).subarray(6)])],
    ['a name that is cut off', ask('abc', 1).subarray(0, 15)],
    ['a compressed name', Uint8Array.from([...ask('a', 1).subarray(0, 12), 0xc0, 12, 0, 1, 0, 1])],
  ])('that is none: %s', (_what, message) => {
    expect(readQuery(message)).toBeUndefined();
  });

  test('no bytes whatever throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void readQuery(bytes)));
  });
});

test('an answer repeats the question and carries the records', () => {
  const bytes = writeAnswer(query('a.b'), {
    rcode: RCODE.ok,
    records: [{ type: 'A', name: 'a.b', ttl: 5, address: '10.96.1.2' }],
  });
  const header = '12348580 0001 0001 0000 0000';
  const question = '01610162 00 0001 0001';
  const record = '01610162 00 0001 0001 00000005 0004 0a600102';
  expect(Buffer.from(bytes).toString('hex')).toBe(`${header}${question}${record}`.replaceAll(' ', ''));
});

test('one that does not fit by UDP says so', () => {
  const records = Array.from({ length: 40 }, (_, i) => ({
    type: 'A' as const,
    name: 'a.b',
    ttl: 5,
    address: `10.0.0.${i}`,
  }));
  const bytes = fitAnswer(query('a.b'), { rcode: RCODE.ok, records });
  expect([bytes.length <= 512, ((bytes[2] ?? 0) & 2) !== 0]).toEqual([true, true]);
});
