import { expect, test } from 'vitest';
import type { Secret } from './core/secret.ts';
import { secretOf, userOf } from './user.ts';

const EXPIRES = Date.UTC(2026, 0, 2);

/** As the API keeps it: `stringData` has become `data`. */
function stored(expires: string | undefined): Secret {
  const { stringData: _, ...secret } = secretOf({ name: 'ann', digest: 'abc' });
  return { ...secret, data: { digest: btoa('abc'), ...(expires === undefined ? {} : { expires: btoa(expires) }) } };
}

test.each([
  [undefined, { name: 'ann', digest: 'abc' }],
  [new Date(EXPIRES).toISOString(), { name: 'ann', digest: 'abc', expires: EXPIRES }],
  ['tomorrow', undefined],
])('a Secret that ends %s stands for %j', (expires, user) => {
  expect(userOf(stored(expires))).toEqual(user);
});

test('a Secret of another name, type or namespace is nobody', () => {
  const secret = stored(undefined);
  const { metadata } = secret;
  expect(userOf({ ...secret, type: 'Opaque' })).toBeUndefined();
  expect(userOf({ ...secret, metadata: { ...metadata, namespace: 'default' } })).toBeUndefined();
  expect(userOf({ ...secret, metadata: { ...metadata, name: 'user-ben' } })).toBeUndefined();
});
