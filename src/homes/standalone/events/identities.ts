// Tokens in the names of ServiceAccounts, for those who send events to those who ask who sends.

import type { Clock } from '#base/mod.ts';
import type { ServiceAccountTokens } from '#apiserver/mod.ts';
import { ServiceAccount } from '#kinds/mod.ts';
import type { Informers } from '#objects/mod.ts';

const LIFE_SECONDS = 3600;
/** A token is made anew so long before its end. */
const RENEW_MS = 300_000;
const MAX_KEPT = 10_000;

/** Gives a token of a ServiceAccount ("namespace/name") for an audience. Throws where there is no such account. */
export type TokenOf = (identity: string, audience: string) => string;

/** Tokens that are new, each good for an hour. */
export function newTokens(tokens: Pick<ServiceAccountTokens, 'sign'>, informers: Informers): TokenOf {
  const accounts = informers.of(ServiceAccount);
  return (identity, audience) => {
    const [namespace = '', name = ''] = identity.split('/');
    const { uid } = accounts.get(namespace, name)?.metadata ?? {};
    if (uid === undefined) throw new Error(`there is no ServiceAccount ${identity} to send events as`);
    const subject = { namespace, serviceAccount: { name, uid } };
    return tokens.sign({ subject, audiences: [audience], expirationSeconds: LIFE_SECONDS }).token;
  };
}

interface Kept {
  readonly token: string;
  readonly uid: string | undefined;
  readonly from: number;
  readonly until: number;
}

/** Tokens that are kept, each for most of its life. */
export function identityTokens(
  tokens: Pick<ServiceAccountTokens, 'sign'>,
  informers: Informers,
  clock: Clock,
): TokenOf {
  const accounts = informers.of(ServiceAccount);
  const make = newTokens(tokens, informers);
  const kept = new Map<string, Kept>();
  return (identity, audience) => {
    const [namespace = '', name = ''] = identity.split('/');
    const uid = accounts.get(namespace, name)?.metadata.uid;
    const key = `${identity} ${audience}`;
    const known = kept.get(key);
    const from = clock.now();
    // Where the clock was set back it is not valid yet.
    if (known && known.uid === uid && known.from <= from && from < known.until) return known.token;
    const token = make(identity, audience);
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(key, { token, uid, from, until: from + LIFE_SECONDS * 1000 - RENEW_MS });
    return token;
  };
}
