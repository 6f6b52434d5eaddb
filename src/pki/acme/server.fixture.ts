// An ACME server in memory, as far as a client can tell: it checks signatures and nonces, and does what the test tells it to.

import { createHmac, createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { AcmeAnswer, AcmeRequest, AcmeTransport } from './transport.ts';

const BASE = 'https://acme.test';
export const DIRECTORY = `${BASE}/dir`;

type Body = Record<string, unknown>;
type Reply = Partial<AcmeAnswer>;

/** What a signed request said. */
interface Said {
  readonly url: string;
  readonly payload: Body | undefined;
  readonly kid: string | undefined;
}

export class FakeAcme {
  /** Every signed request that was accepted: path and payload. */
  readonly log: string[] = [];
  /** Replies that go before what the server would say, by path; each is used once. */
  readonly instead = new Map<string, Reply[]>();
  /** What became of authorizations that were asked to be looked at. */
  verdict: Body = { status: 'valid' };
  challengeType = 'http-01';
  orderStatus = 'valid';
  /** The shared key that accounts must be bound by. */
  wantsBinding: string | undefined;
  #nonces = new Set<string>();
  #accounts = new Map<string, KeyObject>();
  #count = 0;
  #names: readonly { value: string }[] = [];
  #proven = new Set<string>();
  #finalized = false;

  readonly transport: AcmeTransport = async ({ method, url, body }: AcmeRequest) => {
    const path = url.slice(BASE.length);
    const reply = this.#planned(path) ?? (method === 'POST' ? this.#signed(path, body ?? '') : this.#open(path));
    const nonce = `nonce-${++this.#count}`;
    this.#nonces.add(nonce);
    return { status: 200, body: '', ...reply, headers: { 'replay-nonce': nonce, ...reply.headers } };
  };

  /** Names that the server knows to be ours already. */
  prove(...names: string[]): void {
    for (const name of names) this.#proven.add(name);
  }

  forgetAccounts(): void {
    this.#accounts.clear();
  }

  #planned(path: string): Reply | undefined {
    return this.instead.get(path)?.shift();
  }

  #open(path: string): Reply {
    if (path !== '/dir') return {};
    return json({ newNonce: `${BASE}/nonce`, newAccount: `${BASE}/account`, newOrder: `${BASE}/order` });
  }

  #signed(path: string, body: string): Reply {
    const said = this.#check(body);
    if ('fault' in said) return refusal(said.fault, said.fault);
    if (said.url !== `${BASE}${path}`) return refusal('unauthorized', 'signed for another URL');
    this.log.push(said.payload ? `${path} ${JSON.stringify(said.payload)}` : path);
    return this.#serve(path, said);
  }

  #check(body: string): Said | { fault: string } {
    const { protected: head, payload, signature } = JSON.parse(body) as Record<string, string>;
    const { alg, nonce, url, jwk, kid } = fromBase64(head) as Body & { nonce: string; url: string; kid?: string };
    if (!this.#nonces.delete(nonce)) return { fault: 'badNonce' };
    const key = kid === undefined ? createPublicKey({ key: jwk as Body, format: 'jwk' }) : this.#accounts.get(kid);
    if (!key) return { fault: 'accountDoesNotExist' };
    const signed = Buffer.from(`${head}.${payload}`);
    const isGood = verify(
      'sha256',
      signed,
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature ?? '', 'base64url'),
    );
    if (alg !== 'ES256' || !isGood) return { fault: 'malformed' };
    if (kid === undefined) this.#accounts.set(`${BASE}/account/1`, key);
    return { url, kid, payload: payload ? (fromBase64(payload) as Body) : undefined };
  }

  #serve(path: string, { payload }: Said): Reply {
    const [, kind, name = ''] = path.split('/');
    switch (kind) {
      case 'account':
        if (this.wantsBinding && !isBound(payload, this.wantsBinding)) {
          this.#accounts.clear();
          return refusal('externalAccountRequired', 'accounts must be bound');
        }
        return { ...json({ status: 'valid' }), status: 201, headers: { location: `${BASE}/account/1` } };
      case 'order':
        if (payload) this.#names = payload['identifiers'] as { value: string }[];
        return { ...json(this.#order()), headers: { location: `${BASE}/order/1` } };
      case 'authz':
        return json(this.#authorization(name));
      case 'challenge':
        this.#proven.add(name);
        return json({ status: 'processing' });
      case 'finalize':
        this.#finalized = true;
        return json(this.#order());
      default:
        return { body: 'the chain\n' };
    }
  }

  #order(): Body {
    const isProven = this.#names.every(({ value }) => this.#proven.has(value));
    return {
      status: this.#finalized ? this.orderStatus : isProven ? 'ready' : 'pending',
      authorizations: this.#names.map(({ value }) => `${BASE}/authz/${value}`),
      finalize: `${BASE}/finalize`,
      certificate: `${BASE}/certificate`,
    };
  }

  #authorization(name: string): Body {
    const challenge = { type: this.challengeType, url: `${BASE}/challenge/${name}`, token: `token-${name}` };
    const seen = this.#proven.has(name) ? this.verdict : { status: 'pending' };
    return { identifier: { type: 'dns', value: name }, challenges: [challenge], ...seen };
  }
}

function isBound(account: Body | undefined, hmac: string): boolean {
  const {
    protected: head = '',
    payload = '',
    signature,
  } = (account?.['externalAccountBinding'] ?? {}) as Record<string, string>;
  const wanted = createHmac('sha256', Buffer.from(hmac, 'base64url')).update(`${head}.${payload}`).digest('base64url');
  return signature === wanted && (fromBase64(head) as Body)['url'] === `${BASE}/account`;
}

/** A problem document as servers send it. */
export function refusal(
  type: string,
  detail: string,
  more: Body = {},
  headers: AcmeAnswer['headers'] = {},
  status = 400,
): Reply {
  return { ...json({ type: `urn:ietf:params:acme:error:${type}`, detail, ...more }), status, headers };
}

function json(body: Body): Reply {
  return { body: JSON.stringify(body), headers: {} };
}

function fromBase64(text = ''): unknown {
  return JSON.parse(Buffer.from(text, 'base64url').toString());
}
