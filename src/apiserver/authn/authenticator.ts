// Who is asking: by client certificate, by bearer token, or nobody in particular.

import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { UserInfo } from '#machinery/mod.ts';

export const AUTHENTICATED = 'system:authenticated';
/** Who asks without credentials. */
export const anonymous: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** What a presented credential turned out to be. */
export type Verdict = { readonly user: UserInfo } | 'none' | 'wrong';

/** Looks at one request, or at a token alone. Never throws for a wrong credential. */
export interface Authenticator {
  authenticate(request: IncomingMessage): Verdict;
  /** As TokenAuthenticator. */
  read(token: string, audiences: readonly string[]): TokenReading | undefined;
}

/** A token that was found good: whose it is, and for which of the audiences asked for it was made. */
export interface TokenReading {
  readonly user: UserInfo;
  readonly extra: Readonly<Record<string, readonly string[]>>;
  readonly audiences: readonly string[];
}

/** Knows bearer tokens. */
export interface TokenAuthenticator {
  /** Undefined where the token says nothing to it or is not (any more) good. No audiences: those of this server. */
  read(token: string, audiences: readonly string[]): TokenReading | undefined;
}

/** Asks for the certificate first, then for a bearer token. A wrong credential counts only where no other is right. */
export function authenticatorOf(tokens: readonly TokenAuthenticator[]): Authenticator {
  const read = (token: string, audiences: readonly string[]) => {
    for (const known of tokens) {
      const reading = known.read(token, audiences);
      if (reading) return { ...reading, user: authenticated(reading.user) };
    }
    return undefined;
  };
  return {
    read,
    authenticate(request) {
      const byCertificate = certificateVerdict(request);
      if (typeof byCertificate === 'object') return { user: authenticated(byCertificate.user) };
      const token = bearerToken(request.headers.authorization);
      if (token === undefined) return byCertificate;
      return read(token, []) ?? 'wrong';
    },
  };
}

function authenticated(user: UserInfo): UserInfo {
  return user.groups.includes(AUTHENTICATED) ? user : { ...user, groups: [...user.groups, AUTHENTICATED] };
}

/**
 * The token of `Authorization: Bearer …`, or of `Basic …` as its password, for clients that know no other; undefined where the
 * header is absent or of another scheme.
 */
export function tokenIn(header: string | undefined): string | undefined {
  const [scheme = '', value = ''] = (header ?? '').trim().split(/\s+/);
  if (scheme.toLowerCase() !== 'basic') return bearerToken(header);
  const pair = Buffer.from(value, 'base64').toString();
  return pair.slice(pair.indexOf(':') + 1) || undefined;
}

/** The token of `Authorization: Bearer …`; undefined where the header is absent or of another scheme. */
function bearerToken(header: string | undefined): string | undefined {
  const [scheme = '', token] = (header ?? '').trim().split(/\s+/);
  return scheme.toLowerCase() === 'bearer' && token ? token : undefined;
}

/** Reading a certificate costs more than most requests, and a connection never changes its own. */
const verdicts = new WeakMap<TLSSocket, Verdict>();

function certificateVerdict({ socket }: IncomingMessage): Verdict {
  if (!(socket instanceof TLSSocket)) return 'none';
  const known = verdicts.get(socket);
  if (known !== undefined) return known;
  const verdict = verdictOn(socket);
  verdicts.set(socket, verdict);
  return verdict;
}

/** The subject's common name is the user, its organizations are the groups (Kubernetes' X509 client certificates). */
function verdictOn(socket: TLSSocket): Verdict {
  const { subject } = socket.getPeerCertificate();
  if (!subject) return 'none';
  const name = listOf(subject.CN)[0];
  return socket.authorized && name ? { user: { name, groups: listOf(subject.O) } } : 'wrong';
}

function listOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** Users of tokens that are known beforehand. Tokens are kept as digests only. */
export function staticTokens(users: ReadonlyMap<string, UserInfo>): TokenAuthenticator {
  const byDigest = new Map([...users].map(([token, user]) => [digest(token), user]));
  return {
    read(token, audiences) {
      const user = byDigest.get(digest(token));
      return user && { user, extra: {}, audiences };
    },
  };
}

/** How tokens are known without being kept: SHA-256 in base64. */
export function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
