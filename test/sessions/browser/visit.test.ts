import { expect, test } from 'vitest';
import type { Visit } from './visit.ts';
import { isGood, told } from './visit.ts';

const certificate = { tls: 'TLS 1.3', names: ['shop.test', 'www.shop.test'], issuer: 'A CA' };
const redirect = { url: 'http://shop.test/', status: 301, protocol: 'http/1.1', connection: 1 };
const answer = { url: 'https://shop.test/', status: 200, protocol: 'h2', connection: 2, certificate };
const good: Visit = { answers: [answer], state: 'secure', serial: '01', text: 'What a shop!\n\nOpen.' };

test('a page is told by the answers on the way, by what the browser thinks of it, and by its text', () => {
  expect(told({ ...good, answers: [redirect, answer] })).toEqual([
    '301 http/1.1 http://shop.test/',
    '200 h2 https://shop.test/',
    'secure: TLS 1.3, shop.test www.shop.test by A CA',
    'What a shop!',
    'Open.',
  ]);
});

test("of the browser's own page instead, the heading is enough", () => {
  const visit = {
    answers: [],
    error: 'net::ERR_CERT_DATE_INVALID',
    state: 'insecure',
    text: 'Not private\nAttackers …',
  };
  expect(told(visit)).toEqual(['net::ERR_CERT_DATE_INVALID', 'insecure', 'Not private']);
});

test.each([
  ['as it should be', good, true],
  ['with an error', { ...good, error: 'net::ERR_ABORTED' }, false],
  ['not called secure', { ...good, state: 'neutral' }, false],
  ['over HTTP/1.1', { ...good, answers: [{ ...answer, protocol: 'http/1.1' }] }, false],
  ['answered with an error', { ...good, answers: [{ ...answer, status: 503 }] }, false],
  ['not answered', { ...good, answers: [] }, false],
])('a page %s', (_, visit, expected) => {
  expect(isGood(visit)).toBe(expected);
});
