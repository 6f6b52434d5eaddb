// The tokens of one Pod's ServiceAccount, signed anew only when most of their life is over.

import type { Clock } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';

type Sign = (pod: Pod, audience: string | undefined, seconds: number) => Promise<string>;

/** Part of its life after which a token is replaced, as kubelet does. */
export const RENEWED_AT = 0.8;

export function cachedTokens(sign: Sign, clock: Clock): Sign {
  const kept = new Map<string, { readonly token: string; readonly from: number; readonly until: number }>();
  return async (pod, audience, seconds) => {
    const key = JSON.stringify([audience, seconds]);
    const found = kept.get(key);
    const from = clock.now();
    // Where the clock was set back it is not valid yet.
    if (found && found.from <= from && from < found.until) return found.token;
    const until = from + seconds * 1000 * RENEWED_AT;
    const token = await sign(pod, audience, seconds);
    kept.set(key, { token, from, until });
    return token;
  };
}
