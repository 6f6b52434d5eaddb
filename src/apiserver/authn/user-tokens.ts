// Tokens of the platform's users, as the store has them at this moment: who is removed is refused from then on.

import type { Clock } from '#base/mod.ts';
import { Secret, userOf, USERS_GROUP, USERS_NAMESPACE } from '#kinds/mod.ts';
import type { User } from '#kinds/mod.ts';
import type { Store } from '#objects/mod.ts';
import type { TokenAuthenticator } from './authenticator.ts';
import { digest } from './authenticator.ts';

/** Knows the users whose Secrets are in the store. */
export function userTokens(store: Pick<Store, 'list' | 'onChange'>, clock: Clock): TokenAuthenticator {
  const users = new Map<string, User>();
  const note = (secret: object | undefined, isThere: boolean) => {
    const user = secret && userOf(secret as Secret);
    if (!user) return;
    if (isThere) users.set(user.digest, user);
    else users.delete(user.digest);
  };
  for (const secret of store.list(Secret.resource, USERS_NAMESPACE)) note(secret, true);
  store.onChange(Secret.resource, ({ before, after }) => {
    note(before, false);
    note(after?.metadata.deletionTimestamp === undefined ? after : undefined, true);
  });
  return {
    read(token, audiences) {
      const user = users.get(digest(token));
      if (!user || (user.expires !== undefined && clock.now() >= user.expires)) return undefined;
      return { user: { name: user.name, groups: [USERS_GROUP] }, extra: {}, audiences };
    },
  };
}
