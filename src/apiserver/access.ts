// May this request be made? Who asks, on whose behalf, and whether they may.

import type { UserInfo } from '#machinery/mod.ts';
import { badRequest, unauthorized } from '#machinery/mod.ts';
import type { Authenticator } from './authn/authenticator.ts';
import { anonymous, AUTHENTICATED } from './authn/authenticator.ts';
import { serviceAccountGroups } from './authn/service-account-tokens.ts';
import type { Attributes, Authorizer } from './authz/attributes.ts';
import { asks, attributesOf, refusalOf } from './authz/attributes.ts';
import type { Exchange } from './exchange.ts';

export interface Access {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
}

/** What anybody may ask, without credentials: Kubernetes' system:public-info-viewer. */
const PUBLIC = /^\/(healthz|livez|readyz|version)(\/|$)/;

/** The user for whom the request is made, once it is settled that they may make it. Throws 401 and 403. */
export function admitted(exchange: Exchange, access: Access): UserInfo {
  const { info, request } = exchange;
  const verdict = access.authenticator.authenticate(request);
  if (verdict === 'wrong') throw unauthorized();
  const isPublic = !info.isResource && PUBLIC.test(info.path);
  if (isPublic) return verdict === 'none' ? anonymous : verdict.user;
  if (verdict === 'none') throw unauthorized();
  const user = impersonated(exchange, verdict.user, access.authorizer);
  demand(access.authorizer, withSelectedName(exchange, attributesOf(user, info)));
  return user;
}

function demand(authorizer: Authorizer, attributes: Attributes): void {
  const { allowed, reason } = authorizer.authorize(attributes);
  if (!allowed) throw refusalOf(attributes, reason);
}

/** A list or watch of one name counts as being about that name, so that rules with resourceNames can allow it. */
function withSelectedName({ query }: Exchange, attributes: Attributes): Attributes {
  if (attributes.verb !== 'list' && attributes.verb !== 'watch') return attributes;
  const match = /^metadata\.name==?([^,!=]+)$/.exec(query.get('fieldSelector') ?? '');
  return match?.[1] ? { ...attributes, name: match[1] } : attributes;
}

/** `kubectl --as`: another user, where the real one may take their place. */
function impersonated({ request }: Exchange, real: UserInfo, authorizer: Authorizer): UserInfo {
  const name = header(request.headers['impersonate-user'])[0];
  const groups = request.headersDistinct['impersonate-group'] ?? [];
  if (!name) {
    if (groups.length > 0) throw badRequest('requested impersonation of groups without impersonating a user');
    return real;
  }
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  if (account)
    demand(
      authorizer,
      asks(real, 'impersonate', { resource: 'serviceaccounts', namespace: account[1] ?? '', name: account[2] ?? '' }),
    );
  else demand(authorizer, asks(real, 'impersonate', { resource: 'users', name }));
  for (const group of groups) demand(authorizer, asks(real, 'impersonate', { resource: 'groups', name: group }));
  const own = account && groups.length === 0 ? serviceAccountGroups(account[1] ?? '') : groups;
  return { name, groups: name === anonymous.name ? anonymous.groups : [...new Set([...own, AUTHENTICATED])] };
}

function header(value: string | string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
