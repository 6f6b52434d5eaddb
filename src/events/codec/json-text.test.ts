import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endOfValue, isBareJson, stringAt } from './json-text.ts';

describe('the end of a JSON value', () => {
  test.each([
    ['{"a":[1,{}],"b":"]}"} , 2', '{"a":[1,{}],"b":"]}"}'],
    ['[ ]x', '[ ]'],
    ['"a\\"b" c', '"a\\"b"'],
    ['-0.5e+3]', '-0.5e+3'],
    ['0123', '0'],
    ['nullnull', 'null'],
  ])('in %s', (text, value) => {
    expect(text.slice(0, endOfValue(text, 0))).toBe(value);
  });

  test.each([
    ['', 'a value at byte 0, but has its end'],
    ['tru', 'a value at byte 0, but has "t"'],
    ['-', 'a digit at byte 1, but has its end'],
    ['1.', 'a digit at byte 2, but has its end'],
    ['1e+x', 'a digit at byte 3, but has "x"'],
    ['"\\x"', 'an escape of JSON at byte 1, but has "\\\\"'],
    ['"\\u12', 'an escape of JSON at byte 1, but has "\\\\"'],
    ['"a\n"', 'the end of the string at byte 2, but has "\\n"'],
    ['"a', 'the end of the string at byte 2, but has its end'],
    ['[1 2]', ', or ] at byte 3, but has "2"'],
    ['[1,]', 'a value at byte 3, but has "]"'],
    ['{"a":1 "b"}', ', or } at byte 7, but has "\\""'],
    ['{"a" 1}', ': at byte 5, but has "1"'],
    ['{a:1}', '" at byte 1, but has "a"'],
    ['{"a":1]', ', or } at byte 6, but has "]"'],
  ])('cannot be found in %s', (text, problem) => {
    expect(() => endOfValue(text, 0)).toThrow(`the JSON document should have ${problem}`);
  });

  test('is found however deep the value is', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(endOfValue(deep, 0)).toBe(deep.length);
  });

  test('is found in what JavaScript takes for JSON, and in nothing else', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '\\',
      '\\u00e9',
      '1',
      '-',
      '.',
      'e',
      '0',
      'true',
      'null',
      ' ',
    );
    const pieces = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(pieces, fc.json()), (text) => {
        expect(isBareJson(text)).toBe(isJson(text) && text === text.trim());
      }),
      { numRuns: 5000 },
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test.each([
  ['"plain"', 'plain'],
  ['"a\\u0020\\"\\n"', 'a "\n'],
  ['"é"', 'é'],
])('the string %s', (text, value) => {
  const bytes = Buffer.from(text).toString('latin1');
  expect(stringAt(bytes, 0, bytes.length)).toBe(value);
});
