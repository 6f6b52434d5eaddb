// From a registry's challenge and credentials to an `Authorization` header: Basic, or a token fetched from where the challenge says.

import type { Clock } from '#base/mod.ts';
import { isRecord } from '#base/mod.ts';
import { challengesIn } from './challenge.ts';
import type { Challenge } from './challenge.ts';
import type { Credentials } from './credentials.ts';

export interface Authorization {
  readonly header: string;
  /** Until when it is good, in the clock's monotonic milliseconds. */
  readonly until: number;
}

export interface TokenRequest {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** The URL that was refused: a token may come from a place without TLS only where the registry is one itself. */
  readonly url: URL;
  /** `repository:library/nginx:pull`. */
  readonly scope: string;
  readonly credentials: Credentials | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Tokens that do not say how long they are good are so for a minute. */
const DEFAULT_SECONDS = 60;
/** What a token is given back of its life, for the way it has to travel. */
const MARGIN_MS = 5000;

/** The header to ask again with; undefined where the challenge cannot be met with these credentials. */
export async function authorizationFor(header: string, request: TokenRequest): Promise<Authorization | undefined> {
  const challenges = challengesIn(header);
  const { credentials } = request;
  if (credentials && 'registryToken' in credentials)
    return { header: `Bearer ${credentials.registryToken}`, until: Infinity };
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (bearer) return token(bearer, request);
  const isBasic = challenges.some(({ scheme }) => scheme === 'basic');
  return isBasic && credentials && 'username' in credentials
    ? { header: basic(credentials), until: Infinity }
    : undefined;
}

function basic({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

async function token({ parameters }: Challenge, request: TokenRequest): Promise<Authorization | undefined> {
  const realm = realmOf(parameters.realm, request.url);
  const asked = { service: parameters.service ?? '', scope: parameters.scope ?? request.scope };
  const response = await ask(realm, asked, request);
  if (response.status === 401 || response.status === 403) {
    await response.body?.cancel();
    return undefined;
  }
  if (!response.ok) throw new Error(`${realm.href} gave no token: ${response.status} ${await response.text()}`);
  const document: unknown = await response.json();
  const found = isRecord(document) ? (document.token ?? document.access_token) : undefined;
  if (typeof found !== 'string') throw new Error(`${realm.href} answered without a token`);
  const seconds = isRecord(document) && typeof document.expires_in === 'number' ? document.expires_in : DEFAULT_SECONDS;
  return { header: `Bearer ${found}`, until: request.clock.monotonic() + seconds * 1000 - MARGIN_MS };
}

/** Throws where credentials would travel in the open though the registry itself is under TLS. */
function realmOf(realm: string | undefined, asked: URL): URL {
  if (!realm || !URL.canParse(realm))
    throw new Error(`${asked.host} asks for a token, but not from a valid address: ${JSON.stringify(realm)}`);
  const url = new URL(realm);
  if (url.protocol === 'https:' || (asked.protocol === 'http:' && url.protocol === 'http:')) return url;
  throw new Error(`${asked.host} asks for a token from ${url.origin}, which is not under TLS`);
}

function ask(
  realm: URL,
  { service, scope }: { service: string; scope: string },
  { fetch, credentials, signal }: TokenRequest,
): Promise<Response> {
  if (credentials && 'identityToken' in credentials) {
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: credentials.identityToken,
      client_id: 'ebb',
      service,
      scope,
    });
    return fetch(realm, { method: 'POST', body, signal: signal ?? null });
  }
  const url = new URL(realm);
  if (service) url.searchParams.set('service', service);
  url.searchParams.set('scope', scope);
  const headers: Record<string, string> =
    credentials && 'username' in credentials ? { Authorization: basic(credentials) } : {};
  return fetch(url, { headers, signal: signal ?? null });
}
