import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Tokens } from './tokens.ts';

const NOW = Date.UTC(2026, 0, 1);
const SECOND = NOW / 1000;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(claims: object, key: KeyObject = ec.privateKey, header: object = { alg: 'ES256', kid: 'e' }): string {
  const body = `${encode(header)}.${encode({ iss: 'i', sub: 'me', aud: ['a'], exp: SECOND + 60, ...claims })}`;
  return `${body}.${sign('sha256', Buffer.from(body), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

function tokens(): Tokens {
  const all = new Tokens();
  const keys = [
    { ...ec.publicKey.export({ format: 'jwk' }), kid: 'e' },
    { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'r' },
  ];
  all.trust([{ issuer: 'i', keys }]);
  return all;
}

describe('whose a token is', () => {
  test.each([
    ['by elliptic curve', token({})],
    ['by RSA', token({}, rsa.privateKey, { alg: 'RS256', kid: 'r' })],
    ['for several audiences', token({ aud: ['x', 'a'] })],
    ['for one', token({ aud: 'a' })],
    ['of a clock that is a little ahead', token({ nbf: SECOND + 30 })],
  ])('%s', (_, text) => {
    const all = tokens();
    expect([all.subjectOf(text, 'a', NOW), all.subjectOf(text, 'a', NOW)]).toEqual(['me', 'me']);
  });

  test.each([
    ['is no token', 'x', 'it is no JSON web token'],
    ['has no JSON', 'a.b.c', 'it is no JSON web token'],
    ['has a part too many', `${token({})}.x`, 'it is no JSON web token'],
    ['has expired', token({ exp: SECOND }), 'it has expired'],
    ['never expires', token({ exp: undefined }), 'it has expired'],
    ['does not hold yet', token({ nbf: SECOND + 90 }), 'it does not hold yet'],
    ['is for others', token({ aud: ['b'] }), 'it is not for the audience a'],
    ['is nobody’s', token({ sub: '' }), 'it does not say whose it is'],
    ['is of another issuer', token({ iss: 'j' }), 'its issuer j is not known, or not by this key'],
    ['is by another key', token({}, ec.privateKey, { alg: 'ES256', kid: 'x' }), 'not by this key'],
    ['is signed by a stranger', token({}, stranger.privateKey), "its signature is not the issuer's"],
    ['is not signed', token({}, ec.privateKey, { alg: 'none', kid: 'e' }), 'of a kind that is not taken: none'],
    ['is signed in another way than it says', token({}, ec.privateKey, { alg: 'RS256', kid: 'e' }), 'not the issuer'],
  ])('%s: refused', (_, text, why) => {
    expect(() => tokens().subjectOf(text, 'a', NOW)).toThrow(why);
  });

  test('a token that was known is forgotten with its issuer', () => {
    const all = tokens();
    const text = token({});
    all.subjectOf(text, 'a', NOW);
    all.trust([]);
    expect(() => all.subjectOf(text, 'a', NOW)).toThrow('is not known');
  });
});
