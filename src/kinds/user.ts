// A user of the platform: a Secret in a namespace of the platform's own, which holds the digest of a token and no token.

import type { Secret } from './core/secret.ts';

export const USERS_NAMESPACE = 'ebb-system';
export const USER_SECRET_TYPE = 'ebb.dev/user';
/** On the Secret, and on the bindings that were made for the user. Its value is the user's name. */
export const USER_LABEL = 'ebb.dev/user';
/** The group of every such user. */
export const USERS_GROUP = 'ebb:users';

export interface User {
  readonly name: string;
  /** SHA-256 of the token, in base64. */
  readonly digest: string;
  /** Milliseconds since 1970 after which the token is worth nothing. */
  readonly expires?: number | undefined;
}

/** What is wrong with a user's name; undefined where nothing is. No name of the system's own can be had (`system:…`). */
export function userNameProblem(name: string): string | undefined {
  if (/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) && name.length <= 63) return undefined;
  return `a user's name has lower case letters, digits, '-' and '.', begins and ends with a letter or digit, and is no longer than 63, but is ${JSON.stringify(name)}`;
}

export function secretOf({ name, digest, expires }: User): Secret {
  const data = { digest, ...(expires === undefined ? {} : { expires: new Date(expires).toISOString() }) };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `user-${name}`, namespace: USERS_NAMESPACE, labels: { [USER_LABEL]: name } },
    type: USER_SECRET_TYPE,
    stringData: data,
  };
}

/** The user that a Secret stands for; undefined where it is another Secret, or not as `secretOf` makes them. */
export function userOf({ metadata, type, data = {} }: Secret): User | undefined {
  const name = metadata.labels?.[USER_LABEL] ?? '';
  if (type !== USER_SECRET_TYPE || metadata.namespace !== USERS_NAMESPACE || metadata.name !== `user-${name}`)
    return undefined;
  const digest = decoded(data.digest);
  if (!digest || userNameProblem(name)) return undefined;
  const until = decoded(data.expires);
  if (!until) return { name, digest };
  const expires = Date.parse(until);
  // An end that cannot be read must not become no end.
  return Number.isNaN(expires) ? undefined : { name, digest, expires };
}

function decoded(base64: string | undefined): string {
  try {
    return atob(base64 ?? '');
  } catch {
    return '';
  }
}
