import { describe, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { createSigningKey, tokenSigner } from '#pki/mod.ts';
import type { IsAlive, TokenOrder } from './service-account-tokens.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';

const signer = tokenSigner(createSigningKey(), 'https://ebb.test');
const ORDER: TokenOrder = {
  subject: { namespace: 'shop', serviceAccount: { name: 'bot', uid: 'u1' }, pod: { name: 'p', uid: 'u2' } },
  audiences: [],
  expirationSeconds: 600,
};

function tokensWith(isAlive: IsAlive = () => true, clock = new VirtualClock()) {
  return { clock, tokens: new ServiceAccountTokens({ signer, audience: 'api', clock, isAlive }) };
}

describe('a token', () => {
  test('says whose it is', () => {
    const { tokens } = tokensWith();
    const { token, expirationTimestamp } = tokens.sign(ORDER);
    expect(expirationTimestamp).toBe('2026-01-01T00:10:00Z');
    expect(tokens.read(token, [])).toEqual({
      user: {
        name: 'system:serviceaccount:shop:bot',
        uid: 'u1',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:shop'],
      },
      extra: { 'authentication.kubernetes.io/pod-name': ['p'], 'authentication.kubernetes.io/pod-uid': ['u2'] },
      audiences: ['api'],
    });
  });

  test('is good for its audiences only', () => {
    const { tokens } = tokensWith();
    const { token } = tokens.sign({ ...ORDER, audiences: ['broker', 'sink'] });
    expect(tokens.read(token, [])).toBeUndefined();
    expect(tokens.read(token, ['sink', 'other'])?.audiences).toEqual(['sink']);
  });

  test('ends with its time', async () => {
    const { tokens, clock } = tokensWith();
    const { token } = tokens.sign(ORDER);
    await clock.advance(599_000);
    expect(tokens.read(token, [])).toBeDefined();
    await clock.advance(1000);
    expect(tokens.read(token, [])).toBeUndefined();
  });

  test.each([
    { what: 'forward, past its end', minutes: 11, isGood: false },
    { what: 'forward, to before that', minutes: 9, isGood: true },
    { what: 'back by a moment, as clocks differ', minutes: -0.5, isGood: true },
    { what: 'back, to before it was signed', minutes: -120, isGood: false },
  ])('goes by the new time where the clock is set $what', ({ minutes, isGood }) => {
    const { tokens, clock } = tokensWith();
    const { token } = tokens.sign(ORDER);
    clock.jump(minutes * 60_000);
    expect(tokens.read(token, []) !== undefined).toBe(isGood);
  });

  test.each(['ServiceAccount', 'Pod'])('ends with its %s', (gone) => {
    const { tokens } = tokensWith((kind) => kind !== gone);
    expect(tokens.read(tokens.sign(ORDER).token, [])).toBeUndefined();
  });
});

test.each(['hello', '', 'a.b', 'a.b.c', 'a.b.c.d'])('%s is no token', (text) => {
  expect(tokensWith().tokens.read(text, [])).toBeUndefined();
});

test('others find the keys', () => {
  const { tokens } = tokensWith();
  expect(tokens.keySet).toMatchObject({ keys: [{ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' }] });
  expect(tokens.discovery).toMatchObject({ issuer: 'https://ebb.test', jwks_uri: 'https://ebb.test/openid/v1/jwks' });
});
