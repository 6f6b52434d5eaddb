import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanJson } from './json-scan.ts';

describe('what is written twice', () => {
  test.each([
    ['{"a":1,"a":2}', ['a']],
    ['{"a":{"b":1,"b":2}}', ['a.b']],
    ['{"a":[{"b":1},{"b":1,"b":2}]}', ['a[1].b']],
    ['{"a":"b","b":"a"}', []],
    ['{"a":["x","x"],"b":"\\"a\\":"}', []],
    ['{"a" : 1, "\\u0061" : 2}', ['a']],
    ['{"a":1,"a":2,"a":3}', ['a']],
  ])('%s', (text, duplicates) => {
    expect(scanJson(text).duplicates).toEqual(duplicates);
  });
});

test('objects that were written by JSON.stringify have no duplicates', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => scanJson(JSON.stringify(value)).duplicates.length === 0));
});

test('any text ends the scan, however deep it pretends to be', () => {
  fc.assert(fc.property(fc.string(), (text) => scanJson(text).depth >= 0));
  expect(scanJson('['.repeat(1_000_000)).depth).toBe(501);
});
