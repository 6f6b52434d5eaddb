// Tokens in the names of ServiceAccounts, for deliveries of the data process to those who ask who sends.

import type { Clock } from '#base/mod.ts';
import type { ServiceAccountTokens } from '#apiserver/mod.ts';
import { ServiceAccount } from '#kinds/mod.ts';
import type { Informers } from '#objects/mod.ts';

const LIFE_SECONDS = 3600;
/** A token is made anew so long before its end. */
const RENEW_MS = 300_000;
const MAX_KEPT = 10_000;

interface Kept {
  readonly token: string;
  readonly uid: string | undefined;
  readonly from: number;
  readonly until: number;
}

/** Gives tokens of "namespace/name", and keeps each for most of its life. Throws where there is no such ServiceAccount. */
export function identityTokens(
  tokens: Pick<ServiceAccountTokens, 'sign'>,
  informers: Informers,
  clock: Clock,
): (identity: string, audience: string) => string {
  const accounts = informers.of(ServiceAccount);
  const kept = new Map<string, Kept>();
  return (identity, audience) => {
    const [namespace = '', name = ''] = identity.split('/');
    const account = accounts.get(namespace, name);
    if (!account) throw new Error(`there is no ServiceAccount ${identity} to send events as`);
    const { uid = '' } = account.metadata;
    const key = `${identity} ${audience}`;
    const known = kept.get(key);
    const from = clock.now();
    // Where the clock was set back it is not valid yet.
    if (known?.uid === uid && known.from <= from && from < known.until) return known.token;
    const subject = { namespace, serviceAccount: { name, uid } };
    const { token } = tokens.sign({ subject, audiences: [audience], expirationSeconds: LIFE_SECONDS });
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(key, { token, uid, from, until: from + LIFE_SECONDS * 1000 - RENEW_MS });
    return token;
  };
}
