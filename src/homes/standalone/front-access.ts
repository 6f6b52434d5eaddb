// Who may use the console and the registry from other machines: their users, as far as their roles go.

import type { Authenticator, Authorizer } from '#apiserver/mod.ts';
import { asks, tokenIn } from '#apiserver/mod.ts';
import { Namespace, Service } from '#kinds/mod.ts';
import type { UserInfo } from '#machinery/mod.ts';
import type { Store } from '#objects/mod.ts';
import type { FrontWish } from './front.ts';

/** The user with a token, as the bearer's or as the password of Basic. */
export function userBy(authenticator: Authenticator): (authorization: string | undefined) => UserInfo | undefined {
  return (authorization) => {
    const token = tokenIn(authorization);
    return token === undefined ? undefined : authenticator.read(token, [])?.user;
  };
}

const isRead = (method: string) => method === 'GET' || method === 'HEAD';

/** The console shows every namespace, so who looks must be allowed to read services in all of them, who acts to change them. */
export function consoleAccess(authorizer: Authorizer): (wish: FrontWish) => boolean {
  return ({ user, method }) => may(authorizer, user, isRead(method) ? 'list' : 'update', '');
}

/** Every user may pull; who may make services in some namespace may push. */
export function registryAccess(authorizer: Authorizer, store: Pick<Store, 'list'>): (wish: FrontWish) => boolean {
  return ({ user, method }) =>
    isRead(method) ||
    ['', ...store.list(Namespace.resource).map(({ metadata }) => metadata.name)].some((namespace) =>
      may(authorizer, user, 'create', namespace),
    );
}

function may(authorizer: Authorizer, user: UserInfo, verb: string, namespace: string): boolean {
  const { group, names } = Service;
  return authorizer.authorize(asks(user, verb, { group, resource: names.plural, namespace })).allowed;
}
