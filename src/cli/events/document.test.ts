import { describe, expect, test } from 'vitest';
import { changesIn, documentOf } from './document.ts';

const base64 = (text: string | Uint8Array) => Buffer.from(text).toString('base64');
const of = (type: string | undefined, data: string | Uint8Array | undefined) => ({
  attributes: { id: '1', ...(type === undefined ? {} : { datacontenttype: type }) },
  ...(data === undefined ? {} : { data: base64(data) }),
});
const BYTES = new Uint8Array([255, 0, 1]);

describe('the document of an event', () => {
  test.each([
    ['application/json', '{"a": 1}', { data: { a: 1 } }],
    ['application/vnd.x+json; charset=utf-8', '[1]', { data: [1] }],
    [undefined, '"text"', { data: 'text' }],
    ['application/json', '{', { data_base64: base64('{') }],
    ['text/plain', '{"a": 1}', { data: '{"a": 1}' }],
    ['image/png', BYTES, { data_base64: base64(BYTES) }],
    ['text/plain', undefined, {}],
  ])('%s %s', (type, data, expected) => {
    const { id: _, datacontenttype: __, ...rest } = documentOf(of(type, data));
    expect(rest).toEqual(expected);
  });
});

describe('what was changed', () => {
  const story = of('application/json', '{"a":  1}');
  const document = documentOf(story);
  test.each<[string, object, ReturnType<typeof changesIn>]>([
    ['nothing', {}, undefined],
    ['data', { data: { a: 2 } }, { data: base64('{"a":2}') }],
    ['an attribute', { id: '2', n: 1 }, { set: { id: '2', n: 1 } }],
    [
      'another type of data',
      { datacontenttype: 'text/plain', data: 'x' },
      { set: { datacontenttype: 'text/plain' }, data: base64('x') },
    ],
    ['bytes', { data: undefined, data_base64: base64(BYTES) }, { data: base64(BYTES) }],
    ['no data', { data: undefined }, { data: '' }],
  ])('%s', (_, change, expected) => {
    const edited = JSON.parse(JSON.stringify({ ...document, ...change })) as unknown;
    expect(changesIn(story, edited)).toEqual(expected);
  });

  test('an attribute that is gone', () => {
    const { datacontenttype: _, ...rest } = document;
    expect(changesIn(story, rest)).toEqual({ unset: ['datacontenttype'] });
  });

  test.each([
    [[], 'an event is a JSON object'],
    [{ id: {} }, 'the attribute id must be a text'],
    [{ id: '1', data: 1, data_base64: '' }, 'not both'],
  ])('%j is refused', (edited, words) => {
    expect(() => changesIn(story, edited)).toThrow(words);
  });
});
