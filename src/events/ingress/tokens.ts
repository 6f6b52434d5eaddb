// Bearer tokens of producers (RFC 7519), checked by the public keys of the issuers that the control plane names.

import type { KeyObject } from 'node:crypto';
import { createPublicKey, verify } from 'node:crypto';
import type { TokenIssuer } from '../control.ts';

/** Clocks may differ by so much. */
const LEEWAY_MS = 60_000;
/** Tokens that were checked; each is checked once, for signatures are dear. */
const MAX_KNOWN = 1000;

interface Claims {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  readonly exp?: number;
  readonly nbf?: number;
}

interface Header {
  readonly alg?: string;
  readonly kid?: string;
}

interface Key {
  readonly issuer: string;
  readonly id: string | undefined;
  readonly key: KeyObject;
}

/** Signatures as their names are registered (RFC 7518 §3.1): by elliptic curve and by RSA. */
const ALGORITHMS: ReadonlySet<string> = new Set(['ES256', 'RS256']);

export class Tokens {
  #keys: readonly Key[] = [];
  readonly #known = new Map<string, Claims>();

  /** Tokens of other issuers hold no longer. */
  trust(issuers: readonly TokenIssuer[]): void {
    this.#known.clear();
    this.#keys = issuers.flatMap(({ issuer, keys }) =>
      keys.map((jwk) => ({
        issuer,
        id: (jwk as { kid?: string }).kid,
        key: createPublicKey({ key: jwk, format: 'jwk' }),
      })),
    );
  }

  /** The subject; throws with what is wrong with the token. `now` is wall time in milliseconds. */
  subjectOf(token: string, audience: string, now: number): string {
    const claims = this.#known.get(token) ?? this.#check(token);
    const { sub, aud, exp, nbf = 0 } = claims;
    if (exp === undefined || now >= exp * 1000) throw new Error('it has expired');
    if (nbf * 1000 > now + LEEWAY_MS) throw new Error('it does not hold yet');
    if (![aud].flat().includes(audience)) throw new Error(`it is not for the audience ${audience}`);
    if (!sub) throw new Error('it does not say whose it is');
    return sub;
  }

  #check(token: string): Claims {
    const [head = '', payload = '', mark = '', ...rest] = token.split('.');
    const header: Header | undefined = read(head);
    const claims: Claims | undefined = read(payload);
    if (!header || !claims || rest.length > 0) throw new Error('it is no JSON web token');
    if (!ALGORITHMS.has(header.alg ?? ''))
      throw new Error(`its signature is of a kind that is not taken: ${header.alg}`);
    const keys = this.#keys.filter(
      ({ issuer, id }) => issuer === claims.iss && (id === undefined || id === header.kid),
    );
    if (keys.length === 0) throw new Error(`its issuer ${claims.iss} is not known, or not by this key`);
    const signed = Buffer.from(`${head}.${payload}`);
    const signature = Buffer.from(mark, 'base64url');
    if (!keys.some(({ key }) => isSignedBy(key, header.alg ?? '', signed, signature)))
      throw new Error("its signature is not the issuer's");
    this.#known.set(token, claims);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    return claims;
  }
}

function isSignedBy(key: KeyObject, algorithm: string, signed: Buffer, signature: Buffer): boolean {
  const type = algorithm === 'ES256' ? 'ec' : 'rsa';
  return key.asymmetricKeyType === type && verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

function read(part: string): object | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
