import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ServerWord } from './protocol.ts';
import { NatsParser, publication } from './protocol.ts';

const TALK = Buffer.from(
  [
    'INFO {"version":"2.15.3","headers":true,"max_payload":1048576}\r\n',
    '+OK\r\n',
    "-ERR 'Authorization Violation'\r\n",
    'PING\r\n',
    'pong\r\n',
    'MSG a.b 1 5\r\nhello\r\n',
    'MSG a.b 1 reply.to 0\r\n\r\n',
    'HMSG in.1 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n',
    'HMSG in.2 1 reply 32 36\r\nNATS/1.0\r\nA: 1\r\nEbb-Key: x:y\r\n\r\n\r\n\r\n\r\n',
  ].join(''),
  'latin1',
);

const plain = (word: ServerWord) =>
  word.kind === 'message'
    ? { ...word.message, headers: [...word.message.headers], payload: word.message.payload.toString('latin1') }
    : word;

const WORDS = [
  { kind: 'info', info: { version: '2.15.3', headers: true, max_payload: 1_048_576 } },
  { kind: 'ok' },
  { kind: 'error', text: 'Authorization Violation' },
  { kind: 'ping' },
  { kind: 'pong' },
  { subject: 'a.b', headers: [], status: undefined, payload: 'hello' },
  { subject: 'a.b', headers: [], status: undefined, payload: '' },
  { subject: 'in.1', headers: [], status: 503, payload: '' },
  {
    subject: 'in.2',
    headers: [
      ['A', '1'],
      ['Ebb-Key', 'x:y'],
    ],
    status: undefined,
    payload: '\r\n\r\n',
  },
];

test('words are the same however their bytes come in pieces', () => {
  const cuts = fc.array(fc.nat(TALK.length), { maxLength: 8 });
  fc.assert(
    fc.property(cuts, (places) => {
      const parser = new NatsParser();
      const ends = [...places.sort((a, b) => a - b), TALK.length];
      const words = ends.flatMap((end, index) => parser.take(TALK.subarray(ends[index - 1] ?? 0, end)));
      expect(words.map(plain)).toEqual(WORDS);
    }),
    { seed: 3 },
  );
});

test('what is no word of NATS is told', () => {
  expect(() => new NatsParser().take(Buffer.from('HTTP/1.1 400 Bad Request\r\n'))).toThrow(
    'a word of NATS was expected from the server, but it said "HTTP/1.1 400 Bad Request"',
  );
});

test('publications have their sizes, with headers and without', () => {
  expect(publication('a.b', 'in.1', Buffer.from('hi')).toString()).toBe('PUB a.b in.1 2\r\nhi\r\n');
  expect(publication('a.b', 'in.1', Buffer.from('hi'), [['Ebb-Key', 'k']]).toString()).toBe(
    'HPUB a.b in.1 24 26\r\nNATS/1.0\r\nEbb-Key: k\r\n\r\nhi\r\n',
  );
});
