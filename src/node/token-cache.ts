// The tokens of one Pod's ServiceAccount, signed anew only when most of their life is over.

import type { Clock } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';

type Sign = (pod: Pod, audience: string | undefined, seconds: number) => Promise<string>;

/** Part of its life after which a token is replaced, as kubelet does. */
export const RENEWED_AT = 0.8;

export function cachedTokens(sign: Sign, clock: Clock): Sign {
  const kept = new Map<string, { readonly token: string; readonly until: number }>();
  return async (pod, audience, seconds) => {
    const key = JSON.stringify([audience, seconds]);
    const found = kept.get(key);
    if (found && clock.now() < found.until) return found.token;
    const until = clock.now() + seconds * 1000 * RENEWED_AT;
    const token = await sign(pod, audience, seconds);
    kept.set(key, { token, until });
    return token;
  };
}
