import { expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { Secret, USER_LABEL, USER_SECRET_TYPE, USERS_NAMESPACE } from '#kinds/mod.ts';
import { digest } from './authenticator.ts';
import { userTokens } from './user-tokens.ts';

const HOUR = 3_600_000;

function secretWith(expires: number): Secret {
  return {
    apiVersion: Secret.apiVersion,
    kind: Secret.kind,
    metadata: { name: 'user-ann', namespace: USERS_NAMESPACE, labels: { [USER_LABEL]: 'ann' } },
    type: USER_SECRET_TYPE,
    data: { digest: btoa(digest('token')), expires: btoa(new Date(expires).toISOString()) },
  };
}

test.each([
  { what: 'forward, past its end', hours: 9, isGood: false },
  { what: 'forward, to before that', hours: 7, isGood: true },
  { what: 'back', hours: -9, isGood: true },
])('the token of a user goes by the new time where the clock is set $what', ({ hours, isGood }) => {
  const clock = new VirtualClock();
  const secret = secretWith(clock.now() + 8 * HOUR);
  const tokens = userTokens({ list: () => [secret], onChange: () => () => {} }, clock);
  expect(tokens.read('token', [])?.user.name).toBe('ann');
  clock.jump(hours * HOUR);
  expect(tokens.read('token', []) !== undefined).toBe(isGood);
});
