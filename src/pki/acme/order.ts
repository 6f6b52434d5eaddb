// One certificate by ACME, from the order to the chain: prove each name by a file that is fetched over HTTP, then be given it.

import type { Clock } from '#base/mod.ts';
import { isRecord, sleep } from '#base/mod.ts';
import type { KeyPair } from '../key-pair.ts';
import type { AcmeClient, AcmeObject } from './client.ts';
import { AcmeProblem, problemOf } from './problem.ts';

/** What the server will fetch, over plain HTTP at port 80 of the host (RFC 8555 §8.3). */
export interface HttpChallenge {
  readonly host: string;
  readonly token: string;
  /** What must be answered. */
  readonly keyAuthorization: string;
}

/** The path at which a challenge is fetched. */
export const challengePath = (token: string): string => `${CHALLENGE_PREFIX}${token}`;
export const CHALLENGE_PREFIX = '/.well-known/acme-challenge/';

export interface OrderOptions {
  readonly client: AcmeClient;
  readonly clock: Clock;
  /** Resolves when everybody who fetches the challenges gets what they are to be answered. */
  readonly present: (challenges: readonly HttpChallenge[], signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/** How often the server is asked how far it is where it does not say, and after how long its silence is a failure. */
const LOOK_MS = 1000;
const MAX_LOOK_MS = 30_000;
const PATIENCE_MS = 5 * 60_000;

interface Proof extends HttpChallenge {
  readonly authorization: string;
  readonly challenge: string;
}

/** A certificate for these names, with its chain. Throws an `AcmeProblem` that says what the server refused. */
export async function orderCertificate(names: readonly string[], options: OrderOptions): Promise<KeyPair> {
  const { client, signal } = options;
  const order = await client.newOrder(names, signal);
  await prove(order, options);
  const ready = await settled(order.url, ['pending'], options);
  const { requestCertificate } = await import('../certificate-request.ts');
  const { der, keyPem } = await requestCertificate(names);
  if (ready.status === 'ready') {
    const csr = Buffer.from(der).toString('base64url');
    await client.tell(textOf(ready, 'finalize'), { csr }, signal);
  }
  const done = await settled(order.url, ['pending', 'ready', 'processing'], options);
  if (done.status !== 'valid') throw refusal(done, 'the order');
  return { certPem: await client.download(textOf(done, 'certificate'), signal), keyPem };
}

/** Every name that the server does not know to be ours yet. */
async function prove(order: AcmeObject, options: OrderOptions): Promise<void> {
  const { client, signal, present } = options;
  const proofs: Proof[] = [];
  for (const url of listOf(order, 'authorizations')) {
    const proof = proofOf(await client.look(url, signal), client);
    if (proof) proofs.push(proof);
  }
  if (proofs.length === 0) return;
  await present(proofs, signal);
  for (const { challenge } of proofs) await client.tell(challenge, {}, signal);
  for (const { authorization, host } of proofs) {
    const end = await settled(authorization, ['pending'], options);
    if (end.status !== 'valid') throw challengeRefusal(end, host);
  }
}

function proofOf(authorization: AcmeObject, client: AcmeClient): Proof | undefined {
  if (authorization.status === 'valid') return undefined;
  const { identifier } = authorization.fields;
  const host = isRecord(identifier) ? String(identifier['value']) : '';
  if (authorization.status !== 'pending') throw challengeRefusal(authorization, host);
  const challenge = challengesOf(authorization).find(({ type }) => type === 'http-01');
  const { url, token } = challenge ?? {};
  if (typeof url !== 'string' || typeof token !== 'string')
    throw new AcmeProblem('unsupported', `the server does not let ${host} be proven by http-01`);
  return {
    host,
    token,
    keyAuthorization: client.key.keyAuthorization(token),
    authorization: authorization.url,
    challenge: url,
  };
}

/** Asks until the status is none of these. */
async function settled(
  url: string,
  passing: readonly string[],
  { client, clock, signal }: OrderOptions,
): Promise<AcmeObject> {
  const until = clock.monotonic() + PATIENCE_MS;
  for (;;) {
    const seen = await client.look(url, signal);
    if (!passing.includes(seen.status)) return seen;
    if (clock.monotonic() >= until)
      throw new AcmeProblem('timeout', `the server still says ${seen.status} after ${PATIENCE_MS / 60_000} minutes`);
    await sleep(clock, Math.min(MAX_LOOK_MS, Math.max(LOOK_MS, seen.retryAfterMs ?? 0)), signal);
  }
}

function refusal({ status, fields }: AcmeObject, what: string): AcmeProblem {
  return fields['error'] ? problemOf(fields['error'], 0) : new AcmeProblem('unknown', `${what} became ${status}`);
}

/** What the server saw when it fetched. */
function challengeRefusal(authorization: AcmeObject, host: string): AcmeProblem {
  const failed = challengesOf(authorization).find(({ error }) => error !== undefined);
  const { type, message } = failed ? problemOf(failed['error'], 0) : refusal(authorization, 'the authorization');
  return new AcmeProblem(type, `${host} could not be proven: ${message}`);
}

function challengesOf({ fields }: AcmeObject): readonly Record<string, unknown>[] {
  return Array.isArray(fields['challenges']) ? fields['challenges'].filter(isRecord) : [];
}

function listOf({ fields }: AcmeObject, field: string): readonly string[] {
  const found = fields[field];
  return Array.isArray(found) ? found.map(String) : [];
}

function textOf({ fields }: AcmeObject, field: string): string {
  const found = fields[field];
  if (typeof found !== 'string') throw new AcmeProblem('malformed', `the order names no ${field}`);
  return found;
}
