// What changes in headers on the way through.

import { describe, expect, it } from 'vitest';
import type { OnwardFacts } from './headers.ts';
import { backwardHeaders, forwardedField, headerList, headerValue, onwardHeaders } from './headers.ts';

describe('onwardHeaders', () => {
  const facts: OnwardFacts = { headers: [], set: {}, remoteAddress: '10.0.0.9', scheme: 'http', protocol: 'http1' };
  const ours = ['X-Forwarded-For', '10.0.0.9', 'X-Forwarded-Proto', 'http', 'Forwarded', 'for=10.0.0.9;proto=http'];

  it.each<[string, Partial<OnwardFacts>, string[]]>([
    ['nothing but who asked', {}, ours],
    [
      'fields stay as they are spelled, in order',
      { headers: ['X-b', '1', 'X-A', '2', 'X-b', '3'] },
      ['X-b', '1', 'X-A', '2', 'X-b', '3', ...ours],
    ],
    [
      'hop by hop goes',
      {
        headers: [
          'Connection',
          'keep-alive, X-Hop',
          'Keep-Alive',
          '1',
          'X-Hop',
          '1',
          'Proxy-Connection',
          'x',
          'Upgrade',
          'x',
          'Transfer-Encoding',
          'chunked',
        ],
      },
      ours,
    ],
    [
      'framing and host are the engine’s',
      { headers: ['Host', 'a', 'Content-Length', '4', 'Expect', '100-continue'] },
      ours,
    ],
    [
      'what only we may say goes',
      {
        headers: [
          'Knative-Serving-Revision',
          'x',
          'knative-serving-tag',
          'x',
          'K-Proxy-Request',
          'x',
          'K-Original-Host',
          'x',
          'K-Network-Hash',
          'x',
        ],
      },
      ours,
    ],
    ['what only we may say of invocations goes', { headers: ['Ebb-Invocation-Id', 'x', 'ebb-attempt', '1'] }, ours],
    [
      'what we say of them ourselves stays',
      { headers: ['Ebb-Invocation-Id', 'x', 'Ebb-Attempt', '1'], isOwn: true },
      ['Ebb-Invocation-Id', 'x', 'Ebb-Attempt', '1', ...ours],
    ],
    [
      'set replaces',
      { headers: ['X-A', 'client', 'x-a', 'again'], set: { 'x-A': 'route' } },
      [...ours, 'x-A', 'route'],
    ],
    ['what routes say to us goes no further', { set: { 'K-Network-Hash': 'h', 'Knative-Serving-Tag': 't' } }, ours],
    ['cookies become one', { headers: ['cookie', 'a=1', 'cookie', 'b=2'] }, ['Cookie', 'a=1; b=2', ...ours]],
    ['te only to h2c', { headers: ['TE', 'trailers, gzip'] }, ours],
    ['te to h2c', { headers: ['TE', 'trailers, gzip'], protocol: 'h2c' }, ['TE', 'trailers', ...ours]],
    ['the original host', { originalHost: 'a.test' }, [...ours, 'K-Original-Host', 'a.test']],
    [
      'a proxy before us',
      { headers: ['X-Forwarded-For', '1.1.1.1', 'X-Forwarded-Proto', 'https', 'X-Forwarded-Host', 'pub'] },
      [
        'X-Forwarded-Host',
        'pub',
        'X-Forwarded-For',
        '1.1.1.1, 10.0.0.9',
        'X-Forwarded-Proto',
        'https',
        'Forwarded',
        'for=1.1.1.1;host=pub;proto=https, for=10.0.0.9',
      ],
    ],
    [
      'Forwarded that is there stays',
      { headers: ['Forwarded', 'for=a'] },
      ['Forwarded', 'for=a', 'X-Forwarded-For', '10.0.0.9', 'X-Forwarded-Proto', 'http'],
    ],
  ])('%s', (_, change, expected) => expect(onwardHeaders({ ...facts, ...change })).toEqual(expected));
});

describe('header lists', () => {
  it('are read by name', () => {
    const headers = ['A', '1', 'b', '2', 'a', '3'];
    expect([headerValue(headers, 'a'), headerList(headers, 'a'), headerValue(headers, 'c')]).toEqual([
      '1',
      '1, 3',
      undefined,
    ]);
  });

  it('lose what belongs to the connection on the way back', () => {
    expect(
      backwardHeaders([
        'Connection',
        'close, X-Hop',
        'X-Hop',
        '1',
        'Set-Cookie',
        'a',
        'Set-Cookie',
        'b',
        'Transfer-Encoding',
        'chunked',
        'Trailer',
        'x',
      ]),
    ).toEqual(['Set-Cookie', 'a', 'Set-Cookie', 'b', 'Trailer', 'x']);
  });

  it.each([
    ['1.1.1.1', 'http', undefined, 'for=1.1.1.1;proto=http'],
    ['::1', 'http', undefined, 'for="[::1]";proto=http'],
    ['[2001:db8::1], 1.1.1.1', 'https', 'h', 'for="[2001:db8::1]";host=h;proto=https, for=1.1.1.1'],
  ])('forwarded for %s', (forwardedFor, proto, host, expected) =>
    expect(forwardedField(forwardedFor, proto, host)).toBe(expected),
  );
});
