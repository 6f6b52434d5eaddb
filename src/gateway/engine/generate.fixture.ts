// Requests as fuzzers and clients send them: mostly in order, each part at times a little wrong.

import * as fc from 'fast-check';

/** So rare that most requests have one thing wrong, or none. */
const RIGHT_TO_WRONG = 40;

/** Nearly always the first; else one of the others. */
function mostly(right: fc.Arbitrary<string>, ...wrong: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof({ weight: RIGHT_TO_WRONG, arbitrary: right }, { weight: 1, arbitrary: fc.constantFrom(...wrong) });
}

const is = (...texts: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);

const lineEnd = mostly(is('\r\n'), '\n', '\r', '\r\r\n', '\r\n ', '\r\n\t', '\n\r', '');
const method = mostly(
  is('GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'QUERY'),
  'get',
  'FOO',
  'G@T',
  '',
  'PRI',
  'CONNECT',
  'SOURCE',
  'M-SEARCH',
  'GET\t',
  ' GET',
);
const target = mostly(
  is('/', '/a?b=c', '/a%20b', '*', 'http://h/x', '/é'.replace('é', '\xe9')),
  'a',
  '//',
  '/a b',
  '/a#b',
  '/\0',
  '/\x7f',
  'http://u@h/',
  'http:///',
  'https://h?x',
  'ftp://h/',
  '',
);
const version = mostly(
  is('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'),
  'HTTP/2.0',
  'HTTP/0.9',
  'HTTP/1.2',
  'HTTP/1.10',
  'http/1.1',
  'HTTP/1.1 ',
  'ICE/1.0',
  'HTTP/11',
  '',
);
const space = mostly(is(' '), '  ', '\t', '', '\x0b');
const name = mostly(
  is('X-A', 'x-b', 'Accept', 'Connection', 'Trailer', 'TE', 'X!#$%&*+.^_`|~'),
  'Host',
  'Content-Length',
  'Transfer-Encoding',
  'Upgrade',
  'Expect',
  'content-length',
  'X A',
  'X\0',
  'X\xe9',
  '',
  'Host ',
  'Content-Length\t',
  'Transfer\u00adEncoding',
  '"X"',
  'X(',
);
const value = mostly(
  is(
    'h',
    '0',
    '4',
    '5',
    'chunked',
    'close',
    'keep-alive',
    'Upgrade',
    'websocket',
    'h2c',
    '100-continue',
    'a, b',
    'x\xe9y',
    '',
  ),
  '+4',
  '-1',
  '4,4',
  '4, 5',
  '0x4',
  '4 ',
  '04',
  '99999999999999999999',
  'Chunked',
  'gzip, chunked',
  'chunked, gzip',
  'chunked,chunked',
  'xchunked',
  'identity',
  '\x0bchunked',
  'chunked\x0b',
  'a\0b',
  'a\x01b',
  'a\rb',
  'a\nb',
  'a\x7fb',
  '\u000c4',
  'h, h',
  'h/x',
  'u@h',
);
const colon = mostly(is(': ', ':', ':\t'), ' : ', '', ' ', '::', ': \r\n ');
const field = fc.tuple(name, colon, value, lineEnd).map((parts) => parts.join(''));

const size = mostly(
  is('0', '1', '4', 'a', '05', 'A'),
  '',
  '0x4',
  '+4',
  '-1',
  ' 4',
  '4 ',
  'g',
  '4\t',
  'ffffffffffffffff',
  'fffffffffffffffff',
  '1\0',
  '00000000000000000000000000000000004',
);
const extension = mostly(
  is('', '', ';a', ';a=b', ';a="b c"', ';a=b;c'),
  ';',
  '; a',
  ';a ',
  ' ;a',
  ';a=',
  ';a="b',
  ';a="\\"',
  ';a=b c',
  ';\n',
  ';a\nb',
  ';a=\xe9',
  ';a="\xe9"',
  ';a="\x01"',
  ',a',
);
const chunkText = is('', 'a', 'body', '0123456789', '\r\n', '0\r\n\r\n', 'GET / HTTP/1.1\r\n');
const chunk = fc
  .tuple(mostly(is('exact'), 'other'), size, chunkText, extension, lineEnd, lineEnd)
  .map(
    ([fit, other, text, after, first, last]) =>
      `${fit === 'exact' ? text.length.toString(16) : other}${after}${first}${text}${last}`,
  );
const lastChunk = fc
  .tuple(mostly(is('0'), '00', '', '0 ', '0x0'), extension, lineEnd, fc.array(field, { maxLength: 2 }), lineEnd)
  .map(([zero, after, first, trailers, end]) => `${zero}${after}${first}${trailers.join('')}${end}`);

const firstLine = fc
  .tuple(mostly(is(''), '\r\n', '\n', '\r', ' '), method, space, target, space, version, lineEnd)
  .map((parts) => parts.join(''));

const plain = fc
  .tuple(firstLine, fc.array(field, { maxLength: 5 }), lineEnd)
  .map(([line, fields, end]) => `${line}Host: h\r\n${fields.join('')}${end}`);
const bare = fc
  .tuple(firstLine, fc.array(field, { maxLength: 5 }), lineEnd)
  .map(([line, fields, end]) => `${line}${fields.join('')}${end}`);
const counted = fc
  .tuple(fc.array(field, { maxLength: 2 }), chunkText, mostly(is(''), ' ', '0'), lineEnd)
  .map(
    ([fields, body, before, end]) =>
      `POST /n HTTP/1.1\r\nHost: h\r\n${fields.join('')}Content-Length: ${before}${body.length}${end}\r\n${body}`,
  );
const chunked = fc
  .tuple(fc.array(field, { maxLength: 2 }), fc.array(chunk, { maxLength: 3 }), lastChunk)
  .map(
    ([fields, chunks, last]) =>
      `POST /c HTTP/1.1\r\nHost: h\r\n${fields.join('')}Transfer-Encoding: chunked\r\n\r\n${chunks.join('')}${last}`,
  );

const request = fc.oneof(plain, plain, bare, counted, chunked, chunked);

/** A byte put in, changed or taken out somewhere. */
const slip = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  take: fc.integer({ min: 0, max: 2 }),
  put: fc.oneof(
    is('', '\r', '\n', '\r\n', '\0', ' ', '\t', ':', ';', ',', '\x7f', '\xff', '\x0b', '0', '"', '\\'),
    fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  ),
});

/** One to three requests on one connection, with at most two slips. Each character is a byte. */
export const requestBytes: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(request, { minLength: 1, maxLength: 3 }),
    fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(slip, { maxLength: 2 }) }),
  )
  .map(([requests, slips]) => {
    let bytes = requests.join('');
    for (const { at, take, put } of slips) {
      const where = Math.floor(at * bytes.length);
      bytes = bytes.slice(0, where) + put + bytes.slice(where + take);
    }
    return Buffer.from(bytes, 'latin1').toString('latin1');
  });

/** Where to cut bytes into packets. */
export const cutting: fc.Arbitrary<number[]> = fc
  .uniqueArray(fc.integer({ min: 1, max: 200 }), { maxLength: 4 })
  .map((cuts) => cuts.sort((a, b) => a - b));
