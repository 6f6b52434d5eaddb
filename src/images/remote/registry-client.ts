// A client of other registries (distribution-spec v1.1): manifests by tag or digest, and blobs. What it gives is what was asked: digests are checked.

import type { Clock } from '#base/mod.ts';
import { isRecord } from '#base/mod.ts';
import { DigestMismatch, digestOfBytes, isDigest } from '../blobs.ts';
import type { Index, Manifest } from '../manifest.ts';
import { MANIFEST_TYPES, MAX_MANIFEST_BYTES, isIndex, isManifest } from '../manifest.ts';
import type { Reference } from '../reference.ts';
import type { Authorization } from './authorization.ts';
import { authorizationFor } from './authorization.ts';
import type { Credentials } from './credentials.ts';

/** A registry refused, or answered what it should not. `status` is that of HTTP, `code` the registry's own word. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly status: number;
  readonly code: string;

  constructor(message: string, { status, code }: { status: number; code: string }) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface RegistryClientOptions {
  readonly clock: Clock;
  readonly fetch?: typeof fetch;
  /** Which registries are spoken to without TLS: those on this machine unless told. */
  readonly isPlain?: (registry: string) => boolean;
}

/** As whom, and until when, to ask. */
export interface AskOptions {
  /** Tried in this order, and then nobody in particular. */
  readonly credentials?: readonly Credentials[];
  readonly signal?: AbortSignal;
}

export interface FetchedManifest {
  readonly digest: string;
  readonly bytes: Buffer;
  readonly document: Manifest | Index;
}

/** How many answers of registries to the question who may ask are remembered. */
const MAX_REMEMBERED = 1000;

export class RegistryClient {
  readonly #clock: Clock;
  readonly #fetch: typeof fetch;
  readonly #isPlain: (registry: string) => boolean;
  readonly #authorizations = new Map<string, Authorization>();

  constructor({ clock, fetch = globalThis.fetch, isPlain = isOnThisMachine }: RegistryClientOptions) {
    this.#clock = clock;
    this.#fetch = fetch;
    this.#isPlain = isPlain;
  }

  /** The digest behind a tag. Throws RegistryError where the registry refuses. */
  async digest(reference: Reference, options: AskOptions = {}): Promise<string> {
    return (await this.#told(reference, options)) ?? (await this.manifest(reference, options)).digest;
  }

  /** The digest as HEAD tells it; where that fails, GET may work, or else say why. */
  async #told(reference: Reference, options: AskOptions): Promise<string | undefined> {
    try {
      const response = await this.#ask('HEAD', reference, `manifests/${placeOf(reference)}`, options, {
        Accept: ACCEPT,
      });
      const digest = response.headers.get('docker-content-digest') ?? '';
      return isDigest(digest) ? digest : undefined;
    } catch (error) {
      if (error instanceof RegistryError) return undefined;
      throw error;
    }
  }

  /** The manifest or index behind a tag or digest. Throws DigestMismatch where it is not what the digest says. */
  async manifest(reference: Reference, options: AskOptions = {}): Promise<FetchedManifest> {
    const path = `manifests/${placeOf(reference)}`;
    const response = await this.#ask('GET', reference, path, options, { Accept: ACCEPT });
    const bytes = await gathered(bodyOf(response, MAX_MANIFEST_BYTES));
    const digest = digestOfBytes(bytes);
    if (reference.digest && digest !== reference.digest)
      throw new DigestMismatch(`expected ${reference.digest}, but ${response.url} is ${digest}`);
    return { digest, bytes, document: documentIn(bytes, response.url) };
  }

  /** The content of a blob, of this size at most. Its digest is for the taker to check, who sees all of it. */
  async blob(
    reference: Reference,
    { digest, size }: { readonly digest: string; readonly size: number },
    options: AskOptions = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#ask('GET', reference, `blobs/${digest}`, options);
    return bodyOf(response, size);
  }

  async #ask(
    method: 'GET' | 'HEAD',
    reference: Reference,
    path: string,
    options: AskOptions,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const { registry, repository } = reference;
    const url = new URL(`${this.#isPlain(registry) ? 'http' : 'https'}://${registry}/v2/${repository}/${path}`);
    const place = { url, method, headers, signal: options.signal };
    const key = `${registry}/${repository} ${JSON.stringify(options.credentials ?? [])}`;
    const known = this.#authorizations.get(key);
    let response = await this.#send(place, known && known.until > this.#clock.monotonic() ? known : undefined);
    const challenge = response.headers.get('www-authenticate') ?? '';
    if (!isDenied(response) || challenge === '') return accepted(response, place);
    for (const credentials of [...(options.credentials ?? []), undefined]) {
      const scope = `repository:${repository}:pull`;
      const authorization = await authorizationFor(challenge, {
        fetch: this.#fetch,
        clock: this.#clock,
        url,
        scope,
        credentials,
        signal: options.signal,
      });
      if (!authorization) continue;
      await response.body?.cancel();
      response = await this.#send(place, authorization);
      if (isDenied(response)) continue;
      this.#remember(key, authorization);
      break;
    }
    return accepted(response, place);
  }

  async #send({ url, method, headers, signal }: Place, authorization: Authorization | undefined): Promise<Response> {
    const all = authorization ? { ...headers, Authorization: authorization.header } : headers;
    try {
      return await this.#fetch(url, { method, headers: all, signal: signal ?? null });
    } catch (error) {
      if (signal?.aborted) throw error;
      const { cause } = error as { cause?: { message?: string } };
      throw new Error(`${method} ${url.href}: ${cause?.message || String(error)}`, { cause: error });
    }
  }

  #remember(key: string, authorization: Authorization): void {
    if (this.#authorizations.size >= MAX_REMEMBERED) this.#authorizations.clear();
    this.#authorizations.set(key, authorization);
  }
}

interface Place {
  readonly url: URL;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal | undefined;
}

const ACCEPT = MANIFEST_TYPES.join(', ');

/** Whether a registry is on this machine, where no TLS is needed: `localhost`, `127.0.0.1:5050`, `[::1]:5050`. */
export function isOnThisMachine(registry: string): boolean {
  const host = registry.replace(/:\d+$/, '');
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}

function placeOf({ digest, tag = 'latest' }: Reference): string {
  return digest ?? tag;
}

function isDenied({ status }: Response): boolean {
  return status === 401 || status === 403;
}

async function accepted(response: Response, { method, url }: Place): Promise<Response> {
  if (response.ok) return response;
  const { status } = response;
  const text = method === 'HEAD' ? '' : (await gathered(bodyOf(response, MAX_MANIFEST_BYTES))).toString();
  const { code, message } = refusalIn(text) ?? { code: '', message: response.statusText || 'no reason given' };
  throw new RegistryError(`${method} ${url.href}: ${status}${code ? ` ${code}` : ''}: ${message}`, { status, code });
}

/** The first of the errors a registry lists. */
function refusalIn(text: string): { code: string; message: string } | undefined {
  try {
    const document: unknown = JSON.parse(text);
    const [first] = isRecord(document) && Array.isArray(document.errors) ? (document.errors as unknown[]) : [];
    return isRecord(first) ? { code: String(first.code), message: String(first.message) } : undefined;
  } catch {
    return undefined;
  }
}

function documentIn(bytes: Buffer, from: string): Manifest | Index {
  let document: unknown;
  try {
    document = JSON.parse(bytes.toString());
  } catch (error) {
    throw new Error(`${from} is no JSON`, { cause: error });
  }
  if (isManifest(document) || isIndex(document)) return document;
  throw new Error(`${from} is neither an image manifest nor an image index (schema version 2)`);
}

/**
 * The body, no more than `most` bytes of it. It holds the response until it is read: `fetch` empties the body of one that the garbage
 * collector has found before anybody began to read.
 */
async function* bodyOf(response: Response, most: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > most) throw new Error(`${response.url} is larger than the ${most} bytes that were expected`);
    yield chunk;
  }
}

async function gathered(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(chunks));
}
