import { describe, expect, test } from 'vitest';
import type { CloudEvent } from './event.ts';
import { attributeText, textOf, withAttributes } from './event.ts';

const event: CloudEvent = {
  attributes: new Map<string, string | number | boolean>([
    ['specversion', '1.0'],
    ['id', '1'],
    ['subject', 'a b'],
    ['hop', 3],
  ]),
  data: new Uint8Array([1]),
  written: new Map([['subject', 'a b']]),
};

test.each([
  ['text', 'text'],
  [-7, '-7'],
  [true, 'true'],
])('the canonical text of %o', (value, text) => {
  expect(attributeText(value)).toBe(text);
});

test('the text of an attribute that is not set is undefined', () => {
  expect(textOf(event, 'hop')).toBe('3');
  expect(textOf(event, 'ttl')).toBeUndefined();
});

describe('changing attributes', () => {
  test('sets and removes them in a copy that shares the data', () => {
    const changed = withAttributes(event, { ttl: 255, hop: undefined });
    expect([...changed.attributes]).toEqual([
      ['specversion', '1.0'],
      ['id', '1'],
      ['subject', 'a b'],
      ['ttl', 255],
    ]);
    expect(changed.data).toBe(event.data);
    expect(changed.written).toBe(event.written);
    expect(event.attributes.has('ttl')).toBe(false);
  });

  test('forgets how a value was written that is no longer so', () => {
    expect(withAttributes(event, { subject: 'c d' }).written?.has('subject')).toBe(false);
    expect(event.written?.has('subject')).toBe(true);
  });
});
