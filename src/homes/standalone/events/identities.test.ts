import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TokenOrder } from '#apiserver/mod.ts';
import { ServiceAccount } from '#kinds/mod.ts';
import { sourcesWorld } from '../../../../test/sources/world.ts';
import { identityTokens } from './identities.ts';

let world: Awaited<ReturnType<typeof sourcesWorld>>;
let orders: TokenOrder[];
let give: (identity: string, audience: string) => string;

const account = (): ServiceAccount => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'me', namespace: 'default' },
});

beforeEach(async () => {
  world = await sourcesWorld();
  orders = [];
  const sign = (order: TokenOrder) => {
    orders.push(order);
    return { token: `token ${orders.length}`, expirationTimestamp: '' };
  };
  give = identityTokens({ sign }, world.informers, world.clock);
});
afterEach(() => world.stop());

test('a token is made for the account and the audience, and kept for most of its life', async () => {
  const { metadata } = await world.client.create(ServiceAccount, account());
  expect([give('default/me', 'a'), give('default/me', 'a'), give('default/me', 'b')]).toEqual([
    'token 1',
    'token 1',
    'token 2',
  ]);
  const subject = { namespace: 'default', serviceAccount: { name: 'me', uid: metadata.uid } };
  expect(orders[0]).toEqual({ subject, audiences: ['a'], expirationSeconds: 3600 });
  await world.clock.advance(3_299_000);
  expect(give('default/me', 'a')).toBe('token 1');
  await world.clock.advance(2000);
  expect(give('default/me', 'a')).toBe('token 3');
});

test('an account that is made anew is another', async () => {
  await world.client.create(ServiceAccount, account());
  give('default/me', 'a');
  await world.client.delete(ServiceAccount, 'default', 'me');
  expect(() => give('default/me', 'a')).toThrow('there is no ServiceAccount default/me to send events as');
  await world.client.create(ServiceAccount, account());
  expect(give('default/me', 'a')).toBe('token 2');
});

test.each([
  { what: 'forward, past most of its life', minutes: 56, isKept: false },
  { what: 'forward, to before that', minutes: 54, isKept: true },
  { what: 'back', minutes: -120, isKept: false },
])('it is made anew or not by the new time where the clock is set $what', async ({ minutes, isKept }) => {
  await world.client.create(ServiceAccount, account());
  give('default/me', 'a');
  world.clock.jump(minutes * 60_000);
  expect(give('default/me', 'a')).toBe(isKept ? 'token 1' : 'token 2');
});
