import { describe, expect, test } from 'vitest';
import { mediaType } from './media-type.ts';
import { isTimestamp } from './timestamp.ts';
import { isAbsolute, uriFault } from './uri.ts';

describe('a timestamp', () => {
  test.each([
    '2018-04-05T17:31:00Z',
    '2018-04-05t17:31:00z',
    '2018-04-05T17:31:00.123456789+02:00',
    '2020-02-29T00:00:00-11:30',
    '2016-12-31T23:59:60Z',
    '0001-01-01T00:00:00Z',
  ])('%s', (text) => {
    expect(isTimestamp(text)).toBe(true);
  });

  test.each([
    '2018-04-05',
    '2018-04-05 17:31:00Z',
    '2018-04-05T17:31:00',
    '2018-04-05T17:31Z',
    '2018-04-05T24:00:00Z',
    '2018-04-05T17:60:00Z',
    '2018-04-05T17:31:00.Z',
    '2018-04-05T17:31:00+0200',
    '2018-04-31T17:31:00Z',
    '2019-02-29T17:31:00Z',
    '1900-02-29T17:31:00Z',
    '2018-13-01T17:31:00Z',
    '2018-04-00T17:31:00Z',
    ' 2018-04-05T17:31:00Z',
  ])('is not %s', (text) => {
    expect(isTimestamp(text)).toBe(false);
  });
});

describe('a URI reference', () => {
  test.each([
    ['/mycontext'],
    ['1-555-123-4567'],
    ['urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66'],
    ['mailto:a@b'],
    ['http://user:pw@[::1]:80/p?q=1:2#f'],
    ['//host/p'],
    ['?a:b'],
    ['./a:b'],
    ['with spaces and é'],
  ])('%s', (text) => {
    expect(uriFault(text)).toBeUndefined();
  });

  test.each([
    ['a\nb', 'one with a control character'],
    ['/%zz', 'one with a broken escape'],
    ['/a#%2', 'one with a broken escape'],
    [':a', 'one with a colon in its first segment, but without a scheme'],
    ['a b:c', 'one with a colon in its first segment, but without a scheme'],
    ['http://a b/', 'one with a broken host'],
    ['http://a:b/', 'one with a broken host'],
    ['http://[::1/', 'one with a broken host'],
    ['http://h/%', 'one with a broken escape'],
  ])('is not %o', (text, fault) => {
    expect(uriFault(text)).toBe(fault);
  });

  test('is absolute where it has a scheme', () => {
    expect([isAbsolute('x+1:y'), isAbsolute('//h/p'), isAbsolute('1:2')]).toEqual([true, false, false]);
  });
});

describe('a media type', () => {
  test.each([
    ['application/json', { name: 'application/json', json: true, utf8: true }],
    ['Text/JSON; Charset="UTF-8"', { name: 'text/json', json: true, utf8: true }],
    ['application/vnd.x+json ; v=1;', { name: 'application/vnd.x+json', json: true, utf8: true }],
    ['text/plain;charset=latin1', { name: 'text/plain', json: false, utf8: false }],
    ['text/plain; a="b;\\"c"', { name: 'text/plain', json: false, utf8: true }],
    ['application/jsonx', { name: 'application/jsonx', json: false, utf8: true }],
    ['json', { name: 'json', json: false, utf8: true }],
  ])('%s', (text, type) => {
    expect(mediaType(text)).toEqual(type);
    expect(mediaType(text)).toEqual(type);
  });

  test.each([
    '',
    'a b',
    'text/',
    '/plain',
    'text/plain; a',
    'text/plain; a=1; A=2',
    'text/plain; a="b',
    'text/plain, text/html',
    'text/plain\r\nX: y',
    '\ntext/plain',
    'text/plain;\n a=b',
    'text/plain; a="\n"',
    'text/plain; a="é"',
  ])('is not %o', (text) => {
    expect(mediaType(text)).toBeUndefined();
    expect(mediaType(text)).toBeUndefined();
  });
});
