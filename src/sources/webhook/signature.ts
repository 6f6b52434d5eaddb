// Whether a call comes from whoever knows the secret. How long the answer takes tells nothing of it.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { WebhookCall } from './call.ts';
import { headerOf } from './call.ts';

/** How calls are signed. */
export interface Signing {
  readonly secret: Uint8Array;
  readonly header: string;
  /** Of the HMAC; `token` is the secret itself. */
  readonly algorithm: string;
  readonly encoding: 'hex' | 'base64';
  /** Before the signature. */
  readonly prefix: string;
}

export type SignatureVerdict = 'right' | 'missing' | 'wrong';

/** Judges the signature over the bytes of the body as they came. */
export function judgeSignature(call: WebhookCall, signing: Signing): SignatureVerdict {
  const given = headerOf(call, signing.header)?.trim();
  if (!given) return 'missing';
  return isSame(given, signing.prefix + expectedOf(call.body, signing)) ? 'right' : 'wrong';
}

function expectedOf(body: Uint8Array, { algorithm, secret, encoding }: Signing): string {
  if (algorithm === 'token') return new TextDecoder().decode(secret);
  return createHmac(algorithm, secret).update(body).digest(encoding);
}

/** By digests, which have one length whatever is compared. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
