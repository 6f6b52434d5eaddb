// Tokens of ServiceAccounts: who a signed token speaks for, and whether those it was made for are still there.

import type { Clock } from '#base/mod.ts';
import { rfc3339 } from '#base/mod.ts';
import type { TokenClaims, TokenSigner, TokenSubject } from '#pki/mod.ts';
import { serviceAccountUser } from '../authz/rbac.ts';
import type { TokenAuthenticator, TokenReading } from './authenticator.ts';

export interface TokenOrder {
  readonly subject: TokenSubject;
  /** The server's own audience where empty. */
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
}

export interface SignedToken {
  readonly token: string;
  /** RFC 3339. */
  readonly expirationTimestamp: string;
}

/** Says whether an object with this uid is still there; tokens of what is gone are no longer good. */
export type IsAlive = (kind: 'ServiceAccount' | 'Pod', namespace: string, name: string, uid: string) => boolean;

export interface TokenSettings {
  readonly signer: TokenSigner;
  /** The audience of tokens for this API server. */
  readonly audience: string;
  readonly clock: Clock;
  readonly isAlive: IsAlive;
}

/** Makes ServiceAccount tokens and knows them again. */
export class ServiceAccountTokens implements TokenAuthenticator {
  readonly #settings: TokenSettings;

  constructor(settings: TokenSettings) {
    this.#settings = settings;
  }

  sign({ subject, audiences, expirationSeconds }: TokenOrder): SignedToken {
    const { signer, audience, clock } = this.#settings;
    const wanted = audiences.length > 0 ? audiences : [audience];
    const issued = signer.issue(subject, { audiences: wanted, seconds: expirationSeconds, now: clock.now() });
    return { token: issued.token, expirationTimestamp: rfc3339(issued.expiresAt) };
  }

  read(token: string, audiences: readonly string[]): TokenReading | undefined {
    const { signer, audience, clock } = this.#settings;
    const wanted = audiences.length > 0 ? audiences : [audience];
    const claims = signer.verify(token, { audiences: wanted, now: clock.now() });
    if (!claims || !this.#isAlive(claims)) return undefined;
    return { ...userOf(claims), audiences: claims.aud.filter((one) => wanted.includes(one)) };
  }

  #isAlive({ 'kubernetes.io': { namespace, serviceaccount, pod } }: TokenClaims): boolean {
    const { isAlive } = this.#settings;
    if (!isAlive('ServiceAccount', namespace, serviceaccount.name, serviceaccount.uid)) return false;
    return !pod || isAlive('Pod', namespace, pod.name, pod.uid);
  }

  /** The public key as a JSON web key set (RFC 7517). */
  get keySet(): object {
    return this.#settings.signer.jwks();
  }

  /** What others need to check tokens by themselves. */
  get issuer(): { readonly issuer: string; readonly keys: readonly Record<string, unknown>[] } {
    const { signer } = this.#settings;
    return { issuer: signer.issuer, keys: signer.jwks().keys };
  }

  /** The OpenID Connect discovery document. */
  get discovery(): object {
    const { issuer } = this.#settings.signer;
    return {
      issuer,
      jwks_uri: `${issuer}/openid/v1/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    };
  }
}

function userOf({
  'kubernetes.io': { namespace, serviceaccount, pod },
}: TokenClaims): Pick<TokenReading, 'user' | 'extra'> {
  const { name, uid } = serviceaccount;
  return {
    user: { name: serviceAccountUser(namespace, name), uid, groups: serviceAccountGroups(namespace) },
    extra: pod
      ? { 'authentication.kubernetes.io/pod-name': [pod.name], 'authentication.kubernetes.io/pod-uid': [pod.uid] }
      : {},
  };
}

/** The groups that every ServiceAccount of a namespace is in. */
export function serviceAccountGroups(namespace: string): string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}
