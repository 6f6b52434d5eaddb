// Heads and bodies out of bytes: however they are cut, the same comes out.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldsIn, linesOf } from '../fields.ts';
import { backwardHeaders, onwardFields, onwardHeaders } from '../headers.ts';
import type { RawHeaders } from '../transport.ts';
import { BodyReader } from './body-reader.ts';
import { cutting, requestBytes } from './generate.fixture.ts';
import { HeadReader } from './head-reader.ts';
import { requestHead } from './request-head.ts';
import { endpointHead } from './response-head.ts';

const BOUNDS = { maxBytes: 300, maxFields: 5 };
const WIDE = { maxBytes: 100_000, maxFields: 100 };

/** Cuts text into chunks of bytes at these places. */
function chunks(text: string, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.filter((cut) => cut < text.length), text.length];
  return places.slice(1).map((to, i) => Buffer.from(text.slice(places[i], to), 'latin1'));
}

/** What one head of these bytes says, and how many bytes it took; or what is wrong. */
function readHead(kind: 'request' | 'response', text: string, cuts: readonly number[] = [], bounds = BOUNDS): unknown {
  const reader = new HeadReader(kind, bounds);
  let before = 0;
  for (const chunk of chunks(text, cuts)) {
    const end = reader.read(chunk, 0);
    if (reader.problem) return reader.problem.why;
    if (end >= 0)
      return {
        line: [reader.part(0), kind === 'request' ? reader.part(1) : ''],
        fields: reader.fields(),
        took: before + end,
      };
    before += chunk.length;
  }
  return 'more';
}

/** The body and trailers of these bytes, and what is left; or what is wrong. */
function readBody(text: string, cuts: readonly number[] = []): unknown {
  const reader = new BodyReader();
  reader.begin('chunks');
  let body = '';
  let rest = '';
  for (const chunk of chunks(text, cuts)) {
    const data = (bytes: Buffer, from: number, to: number) => void (body += bytes.toString('latin1', from, to));
    const end = reader.done ? 0 : reader.read(chunk, 0, { data });
    if (reader.problem) return reader.problem.why;
    rest += chunk.toString('latin1', end);
  }
  return reader.done ? { body, trailers: reader.trailers, rest } : 'more';
}

describe('HeadReader', () => {
  it.each<[string, string, unknown]>([
    [
      'a request and more',
      'GET / HTTP/1.1\r\nA: 1\r\nb:\t2 \t\r\nC:\r\n\r\nmore',
      { line: ['GET', '/'], fields: ['A', '1', 'b', '2', 'C', ''], took: 36 },
    ],
    ['an empty line before', '\r\nGET / HTTP/1.1\r\n\r\n', { line: ['GET', '/'], fields: [], took: 20 }],
    ['a blank alone as value', 'GET / HTTP/1.1\r\nA: \r\n\r\n', { line: ['GET', '/'], fields: ['A', ''], took: 23 }],
    ['half', 'GET / HTTP/1.1\r\nA: 1\r\n', 'more'],
    ['too many fields', `GET / HTTP/1.1\r\n${'A:1\r\n'.repeat(6)}`, 'too many header fields'],
    ['too many bytes', `GET /${'a'.repeat(300)}`, 'request head is too large'],
    ['a method without end', 'A'.repeat(40), 'malformed request line'],
  ])('request: %s', (_, text, expected) => expect(readHead('request', text)).toEqual(expected));

  it.each<[string, string, unknown]>([
    [
      'a status line',
      'HTTP/1.1 200 Fine day\r\nA: 1\r\n\r\n',
      { line: ['HTTP/1.1 200 Fine day', ''], fields: ['A', '1'], took: 31 },
    ],
    ['a bare line feed', 'HTTP/1.1 200 OK\nA: 1\r\n\r\n', 'malformed status line'],
    ['frames of HTTP/2', '\0\0\x12\x04\0', 'malformed status line'],
  ])('response: %s', (_, text, expected) => expect(readHead('response', text)).toEqual(expected));

  it('reads the same however the bytes are cut', () => {
    fc.assert(
      fc.property(requestBytes, cutting, (bytes, cuts) => {
        expect(readHead('request', bytes, cuts, WIDE)).toEqual(readHead('request', bytes, [], WIDE));
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});

describe('requestHead', () => {
  it('says the same of what goes on as lines and as a list', () => {
    const name = fc.constantFrom(...'Accept X-A Connection Keep-Alive Content-Length cookie TE Date X-Hop'.split(' '));
    const rare = fc.constantFrom(...'X-Forwarded-For forwarded knative-serving-x K-Network-Probe Upgrade'.split(' '));
    const value = fc.constantFrom('', '0', 'close', 'keep-alive', 'x-hop, close', 'a: b', '\xe9 \t"', 'trailers');
    const field = fc.tuple(
      fc.oneof({ weight: 9, arbitrary: name }, { weight: 1, arbitrary: rare }),
      fc.oneof({ weight: 9, arbitrary: fc.constant(': ') }, { weight: 1, arbitrary: fc.constantFrom(':', ':\t ') }),
      value,
      fc.oneof({ weight: 9, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.constantFrom(' ', '\t ') }),
    );
    let passed = 0;
    fc.assert(
      fc.property(fc.array(field, { maxLength: 6 }), fc.boolean(), (fields, sets) => {
        const reader = new HeadReader('request', WIDE);
        const lines = fields.map((parts) => `${parts.join('')}\r\n`).join('');
        reader.read(Buffer.from(`GET / HTTP/1.1\r\nHost: a.test\r\n${lines}\r\n`, 'latin1'), 0);
        const head = requestHead(reader);
        if ('why' in head) return;
        if (head.passing !== undefined) passed++;
        expect(head.headers).toEqual(reader.fields());
        const { headers, passing } = head;
        const set: Record<string, string> = sets ? { 'Knative-Serving-Revision': 'r', 'K-Original-Host': 'h' } : {};
        const more = { set, originalHost: undefined, protocol: 'http1', remoteAddress: '::1', scheme: 'http' } as const;
        const asList = onwardHeaders({ ...more, headers });
        const asLines = onwardFields({ ...more, headers, passing }, more);
        expect(cookieFirst(fieldsIn(asLines.lines))).toEqual(cookieFirst(asList));
        expect(cookieFirst(asLines.list)).toEqual(cookieFirst(asList));
      }),
      { seed: 1, numRuns: 3000 },
    );
    expect(passed).toBeGreaterThan(500);
  });
});

/** A cookie that is the only one may go on where it stood, or behind the others. */
function cookieFirst(headers: RawHeaders): RawHeaders {
  const at = headers.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === 'cookie');
  if (at < 0 || headers[at + 1] === '') return headers.filter((_, i) => at < 0 || (i !== at && i !== at + 1));
  return ['Cookie', headers[at + 1] ?? '', ...headers.slice(0, at), ...headers.slice(at + 2)];
}

describe('BodyReader', () => {
  it.each<[string, string, unknown]>([
    [
      'chunks',
      '2\r\nhe\r\nA;x="a\\"b";y\r\n0123456789\r\n0\r\n\r\nrest',
      { body: 'he0123456789', trailers: [], rest: 'rest' },
    ],
    ['trailers', '0\r\nX-A: 1\r\nX-B: 2\r\n\r\n', { body: '', trailers: ['X-A', '1', 'X-B', '2'], rest: '' }],
    ['half', '2\r\nh', 'more'],
    ['no size', '\r\n', 'malformed chunk size'],
    ['a size beyond all bounds', '1000000000000001\r\n', 'malformed chunk size'],
    ['endless zeros', '0'.repeat(40), 'malformed chunk size'],
    ['an extension without a name', '1;\r\na\r\n', 'malformed chunk extension'],
    ['an extension without end', `1;${'a'.repeat(5000)}`, 'chunk extensions are too large'],
    ['trailers that frame', '0\r\ntransfer-encoding: x\r\n\r\n', 'a trailer that would change the framing'],
    ['trailers without end', `0\r\nA: ${'a'.repeat(17_000)}`, 'trailers are too large'],
  ])('%s', (_, text, expected) => expect(readBody(text)).toEqual(expected));

  it('reads the same however the bytes are cut', () => {
    const body = requestBytes.map((bytes) => bytes.slice(bytes.indexOf('\r\n\r\n') + 4));
    fc.assert(
      fc.property(body, cutting, (bytes, cuts) => {
        expect(readBody(bytes, cuts)).toEqual(readBody(bytes));
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});

describe('endpointHead', () => {
  it.each<[string, string, string, unknown]>([
    [
      'a length',
      'GET',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n',
      { status: 200, reason: 'OK', framing: 2, keepAlive: true },
    ],
    [
      'no reason',
      'GET',
      'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n',
      { status: 200, reason: undefined, framing: 2, keepAlive: true },
    ],
    ['chunks', 'GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n', { framing: 'chunks', keepAlive: true }],
    ['to the end', 'GET', 'HTTP/1.1 200 OK\r\n\r\n', { framing: 'to-the-end', keepAlive: false }],
    ['HTTP/1.0', 'GET', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n', { framing: 2, keepAlive: false }],
    [
      'HTTP/1.0 that stays',
      'GET',
      'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n',
      { framing: 2, keepAlive: true },
    ],
    [
      'one that goes',
      'GET',
      'HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\n',
      { keepAlive: false },
    ],
    ['HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n', { framing: 0 }],
    [
      'HEAD in chunks',
      'HEAD',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      { framing: 0, keepAlive: true },
    ],
    ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n', { framing: 0 }],
    [
      'two lengths that agree',
      'GET',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n',
      { why: 'more than one Content-Length header' },
    ],
    [
      'a length that is none',
      'GET',
      'HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\n',
      { why: 'malformed Content-Length' },
    ],
    [
      'a length and chunks',
      'GET',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n',
      { why: 'both Content-Length and Transfer-Encoding' },
    ],
    [
      'another coding',
      'GET',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
      { why: 'unknown transfer coding' },
    ],
    [
      'chunks in HTTP/1.0',
      'GET',
      'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      { why: 'unknown transfer coding' },
    ],
    ['a status below all', 'GET', 'HTTP/1.1 099 Odd\r\n\r\n', { why: 'malformed status line' }],
    ['another version', 'GET', 'HTTP/2.0 200 OK\r\n\r\n', { why: 'malformed status line' }],
  ])('%s', (_, method, text, expected) => {
    const reader = new HeadReader('response', { maxBytes: 1000, maxFields: 10 });
    reader.read(Buffer.from(text, 'latin1'), 0);
    expect(endpointHead(reader, method)).toMatchObject(expected as object);
  });

  it.each<[string, string, string]>([
    ['stays as it came', 'HTTP/1.1 200 Fine\r\nA: 1\r\nb: 2\r\n', 'HTTP/1.1 200 Fine\r\nA: 1\r\nb: 2\r\n'],
    [
      'gets the usual blanks',
      'HTTP/1.1 200 OK\r\nA:1\r\nB:\t2 \r\nC:\r\n',
      'HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nC: \r\n',
    ],
    ['gets the usual reason', 'HTTP/1.1 404\r\nA: 1\r\n', 'HTTP/1.1 404 Not Found\r\nA: 1\r\n'],
    ['gets our version', 'HTTP/1.0 200 OK\r\nA: 1\r\n', 'HTTP/1.1 200 OK\r\nA: 1\r\n'],
    [
      'loses what is for its connection',
      'HTTP/1.1 200 OK\r\nKeep-Alive: 5\r\nA: 1\r\nCONNECTION: close\r\ntransfer-encoding: chunked\r\nB: 2\r\n',
      'HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n',
    ],
    [
      'loses what Connection names',
      'HTTP/1.1 200 OK\r\nA: 1\r\nX-Hop: 1\r\nConnection: x-hop\r\nB: 2\r\n',
      'HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n',
    ],
    ['has no fields', 'HTTP/1.1 204 No Content\r\n', 'HTTP/1.1 204 No Content\r\n'],
  ])('as text %s', (_, text, expected) => expect(readResponse(`${text}\r\n`)).toMatchObject({ text: expected }));

  it('says the same as text and as a list, and as the fields that were read say', () => {
    const name = fc.constantFrom(
      'A',
      'b-C',
      'Date',
      'Connection',
      'Keep-Alive',
      'Trailer',
      'X-Hop',
      'knative-serving-x',
    );
    const value = fc.constantFrom('', 'a', 'close', 'keep-alive', 'x-hop, close', 'a: b', '\xe9 \t"', 'A, Date');
    const field = fc.tuple(name, fc.constantFrom(':', ': ', ':  ', ':\t'), value, fc.constantFrom('', ' ', '\t '));
    fc.assert(
      fc.property(fc.array(field, { maxLength: 8 }), (fields) => {
        const lines = fields.map((parts) => `${parts.join('')}\r\n`).join('');
        const passed = backwardHeaders(fields.flatMap(([named, , said]) => [named, said]));
        const head = readResponse(`HTTP/1.1 200 OK\r\n${lines}\r\n`);
        expect(head).toMatchObject({ headers: passed, text: `HTTP/1.1 200 OK\r\n${linesOf(passed)}` });
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});

function readResponse(text: string): unknown {
  const reader = new HeadReader('response', { maxBytes: 1000, maxFields: 10 });
  reader.read(Buffer.from(text, 'latin1'), 0);
  return endpointHead(reader, 'GET');
}
