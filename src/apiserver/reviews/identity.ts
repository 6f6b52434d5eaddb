// Reviews of authentication.k8s.io: whose token is this, and who am I.

import type { JsonObject } from '#base/mod.ts';
import type { UserInfo } from '#machinery/mod.ts';
import { badRequest } from '#machinery/mod.ts';
import type { Authenticator, TokenReading } from '../authn/authenticator.ts';

/** Whose token it is, where it is good for one of the audiences asked for (TokenReview). */
export function tokenStatus(authenticator: Authenticator, spec: JsonObject): JsonObject {
  const { token, audiences } = spec;
  if (typeof token !== 'string' || token === '')
    throw badRequest('token is required for TokenReview in authentication');
  const wanted = Array.isArray(audiences) ? audiences.map(String) : [];
  const reading = authenticator.read(token, wanted);
  if (!reading)
    return {
      authenticated: false,
      user: {},
      error: 'invalid bearer token, or it was not made for the audiences asked for',
    };
  return { authenticated: true, user: shownUser(reading), audiences: [...reading.audiences] };
}

/** Who asks (SelfSubjectReview). */
export function selfStatus(user: UserInfo): JsonObject {
  return { userInfo: shownUser({ user, extra: {} }) };
}

function shownUser({ user, extra }: Pick<TokenReading, 'user' | 'extra'>): JsonObject {
  const entries = Object.entries(extra);
  return {
    username: user.name,
    ...(user.uid ? { uid: user.uid } : {}),
    groups: [...user.groups],
    ...(entries.length > 0 ? { extra: Object.fromEntries(entries.map(([key, values]) => [key, [...values]])) } : {}),
  };
}
