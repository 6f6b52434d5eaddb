// Requests of ACME are signed by the account's key (RFC 8555 §6.2, RFC 7515, RFC 7638).

import { createHash, createHmac, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** By what a server knows its own customer: a name and a shared key, as base64url. */
export interface AccountBinding {
  readonly kid: string;
  readonly hmac: string;
}

/** A key (ECDSA, P-256) that an account is known by. */
export class AccountKey {
  readonly #key: KeyObject;
  readonly #jwk: { readonly crv: string; readonly kty: string; readonly x: string; readonly y: string };

  constructor(keyPem: string) {
    this.#key = createPrivateKey(keyPem);
    const { crv = '', kty = '', x = '', y = '' } = createPublicKey(this.#key).export({ format: 'jwk' });
    // In the order of RFC 7638 §3.
    this.#jwk = { crv, kty, x, y };
  }

  /** What a challenge must answer: the token, and whose it is (RFC 8555 §8.1). */
  keyAuthorization(token: string): string {
    const thumbprint = createHash('sha256').update(JSON.stringify(this.#jwk)).digest('base64url');
    return `${token}.${thumbprint}`;
  }

  /** Binds the account to one that the server knows already (§7.3.4). `url` is that at which accounts are made. */
  bind({ kid, hmac }: AccountBinding, url: string): object {
    const protectedHead = base64url(JSON.stringify({ alg: 'HS256', kid, url }));
    const payload = base64url(JSON.stringify(this.#jwk));
    const signature = createHmac('sha256', Buffer.from(hmac, 'base64url'))
      .update(`${protectedHead}.${payload}`)
      .digest('base64url');
    return { protected: protectedHead, payload, signature };
  }

  /** A signed request. An account that is known is named by its URL, a new one shows its key. No payload: POST-as-GET (§6.3). */
  sign(url: string, nonce: string, account: string | undefined, payload: unknown): string {
    const head = { alg: 'ES256', nonce, url, ...(account === undefined ? { jwk: this.#jwk } : { kid: account }) };
    const protectedHead = base64url(JSON.stringify(head));
    const body = payload === undefined ? '' : base64url(JSON.stringify(payload));
    const signature = sign('sha256', Buffer.from(`${protectedHead}.${body}`), {
      key: this.#key,
      dsaEncoding: 'ieee-p1363',
    });
    return JSON.stringify({ protected: protectedHead, payload: body, signature: signature.toString('base64url') });
  }
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
