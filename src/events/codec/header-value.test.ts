import { describe, expect, test } from 'vitest';
import { decodeHeaderValue, encodeHeaderValue } from './header-value.ts';

describe('text', () => {
  test.each([
    ['plain/text?&#', 'plain/text?&#'],
    ['Euro € 😀', 'Euro%20%E2%82%AC%20%F0%9F%98%80'],
    ['"a"', '%22a%22'],
    ['100%', '100%25'],
    ['\u0001\u007f', '%01%7F'],
  ])('%o is written %s, and read back', (text, value) => {
    expect(encodeHeaderValue(text, 'text')).toBe(value);
    expect(decodeHeaderValue(value, 'text')).toBe(text);
  });

  test.each([
    ['%41%e2%82%AC', 'A€'],
    ['100%', '100%'],
    ['%zz', '%zz'],
    ['"a \\"b\\" \\\\"', 'a "b" \\'],
    ['"%22"', '"'],
    ['"a" and "b"', '"a" and "b"'],
    ['"', '"'],
    ['%ff', undefined],
    ['%C3 %A9', undefined],
    ['%ED%A0%80', undefined],
  ])('%s is read as %o', (value, text) => {
    expect(decodeHeaderValue(value, 'text')).toBe(text);
  });
});

describe('a URI', () => {
  test.each([
    ['http://h/a%20b', 'http://h/a%20b'],
    ['http://h/100%25', 'http://h/100%2525'],
    ['http://h/100%25%20', 'http://h/100%25%20'],
    ['/s', '/s'],
  ])('%s is written %s, and read back', (uri, value) => {
    expect(encodeHeaderValue(uri, 'uri')).toBe(value);
    expect(decodeHeaderValue(value, 'uri')).toBe(uri);
  });

  test('with letters that a URI cannot have is written as one that is none of them', () => {
    expect(encodeHeaderValue('http://h/é b', 'uri')).toBe('http://h/%C3%A9%20b');
  });
});
