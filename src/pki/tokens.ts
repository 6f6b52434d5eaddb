// ServiceAccount tokens: signed JWTs as Kubernetes issues them (RFC 7519, ES256), and the keys to check them by (RFC 7517).

import type { KeyObject } from 'node:crypto';
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';

/** Whom a token speaks for. */
export interface TokenSubject {
  readonly namespace: string;
  readonly serviceAccount: { readonly name: string; readonly uid: string };
  readonly pod?: { readonly name: string; readonly uid: string };
}

export interface TokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  /** Seconds since 1970. */
  readonly exp: number;
  readonly iat: number;
  readonly nbf: number;
  readonly 'kubernetes.io': {
    readonly namespace: string;
    readonly serviceaccount: { readonly name: string; readonly uid: string };
    readonly pod?: { readonly name: string; readonly uid: string };
  };
}

/** Signs and checks tokens with one key. */
export interface TokenSigner {
  readonly issuer: string;
  issue(
    subject: TokenSubject,
    options: { readonly audiences: readonly string[]; readonly seconds: number; readonly now: number },
  ): { readonly token: string; readonly expiresAt: number };
  /** The claims, or undefined where the token is not ours, is damaged, has ended, or is for another audience. */
  verify(
    token: string,
    options: { readonly audiences: readonly string[]; readonly now: number },
  ): TokenClaims | undefined;
  /** The public key as a JSON Web Key Set. */
  jwks(): { readonly keys: readonly Record<string, unknown>[] };
}

/** A new signing key in PEM. */
export function createSigningKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
}

export function tokenSigner(keyPem: string, issuer: string): TokenSigner {
  const privateKey = createPrivateKey(keyPem);
  const publicKey = createPublicKey(privateKey);
  const kid = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  const header = encode({ alg: 'ES256', kid });
  return {
    issuer,
    issue(subject, { audiences, seconds, now }) {
      const iat = Math.floor(now / 1000);
      const body = `${header}.${encode(claimsOf(subject, issuer, audiences, iat, seconds))}`;
      return { token: `${body}.${signature(body, privateKey)}`, expiresAt: (iat + seconds) * 1000 };
    },
    verify(token, { audiences, now }) {
      const [head = '', payload = '', mark = '', ...rest] = token.split('.');
      if (rest.length > 0 || head !== header) return undefined;
      const isOurs = verify(
        'sha256',
        Buffer.from(`${head}.${payload}`),
        { key: publicKey, dsaEncoding: 'ieee-p1363' },
        Buffer.from(mark, 'base64url'),
      );
      if (!isOurs) return undefined;
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as TokenClaims;
      const isNow = claims.nbf * 1000 <= now + 60_000 && now < claims.exp * 1000;
      return isNow && claims.iss === issuer && claims.aud.some((audience) => audiences.includes(audience))
        ? claims
        : undefined;
    },
    jwks: () => ({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' }] }),
  };
}

function claimsOf(
  { namespace, serviceAccount, pod }: TokenSubject,
  iss: string,
  aud: readonly string[],
  iat: number,
  seconds: number,
): TokenClaims {
  return {
    iss,
    sub: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
    aud,
    exp: iat + seconds,
    iat,
    nbf: iat,
    'kubernetes.io': { namespace, serviceaccount: serviceAccount, ...(pod ? { pod } : {}) },
  };
}

function signature(body: string, key: KeyObject): string {
  return sign('sha256', Buffer.from(body), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
