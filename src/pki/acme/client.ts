// An ACME account's words to its server (RFC 8555): each a signed request with a nonce that is used once.

import type { Backoff, Clock } from '#base/mod.ts';
import { backoffMs, isRecord, sleep } from '#base/mod.ts';
import type { AccountBinding, AccountKey } from './jws.ts';
import { AcmeProblem, problemOf } from './problem.ts';
import type { AcmeAnswer, AcmeTransport } from './transport.ts';

export interface AcmeClientOptions {
  /** URL of the server's directory. */
  readonly directory: string;
  /** Where the server writes to about the account; may be empty. */
  readonly email: string;
  readonly key: AccountKey;
  /** For servers that take only whom they know. */
  readonly binding?: AccountBinding | undefined;
  readonly transport: AcmeTransport;
  readonly clock: Clock;
}

/** A resource of the server, as far as it says. */
export interface AcmeObject {
  readonly url: string;
  readonly status: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly retryAfterMs: number | undefined;
}

interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
}

/** A nonce may be too old by the time it is used; the server then gives a fresh one with its refusal (§6.5). */
const MAX_NONCE_TRIES = 10;
/** A server that gave no answer, or stumbled, is asked again: a lost connection is no reason to give up an order. */
const ASK_AGAIN: Backoff = { firstMs: 1000, maxMs: 10_000, factor: 3 };
const MAX_TRIES = 4;

export class AcmeClient {
  readonly key: AccountKey;
  readonly #options: AcmeClientOptions;
  #directory: Promise<Directory> | undefined;
  #account: Promise<string> | undefined;
  #nonce: string | undefined;

  constructor(options: AcmeClientOptions) {
    this.#options = options;
    this.key = options.key;
  }

  /** Asks for a certificate for these names (§7.4). */
  async newOrder(names: readonly string[], signal: AbortSignal): Promise<AcmeObject> {
    const identifiers = names.map((value) => ({ type: 'dns', value }));
    const answer = await this.#patiently(signal, async () =>
      this.#signed((await this.#found()).newOrder, { identifiers }, signal),
    );
    return this.#objectOf(answer, answer.headers['location'] ?? '');
  }

  /** A resource as it is now (§6.3). */
  async look(url: string, signal: AbortSignal): Promise<AcmeObject> {
    return this.#objectOf(await this.#patiently(signal, () => this.#signed(url, undefined, signal)), url);
  }

  /**
   * Says something to a resource: that a challenge may be looked at, or the request that an order ends with. Said once: a
   * server that has heard it refuses to hear it again.
   */
  async tell(url: string, payload: object, signal: AbortSignal): Promise<AcmeObject> {
    return this.#objectOf(await this.#signed(url, payload, signal), url);
  }

  /** The certificate with those that vouch for it, in PEM (§7.4.2). */
  async download(url: string, signal: AbortSignal): Promise<string> {
    return (await this.#patiently(signal, () => this.#signed(url, undefined, signal))).body;
  }

  /** For what may be asked twice. */
  async #patiently<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await ask();
      } catch (error) {
        if (signal.aborted || tries >= MAX_TRIES || !passes(error)) throw error;
        await sleep(this.#options.clock, backoffMs(ASK_AGAIN, tries), signal);
      }
    }
  }

  async #signed(url: string, payload: unknown, signal: AbortSignal): Promise<AcmeAnswer> {
    const account = await this.#registered();
    return this.#post(url, payload, account, signal);
  }

  /**
   * The account is made at the first need; a server that knows the key answers with the account there is (§7.3). Like the
   * directory it is for all orders, so it goes on where the order that asked first is given up; the transport bounds it.
   */
  #registered(): Promise<string> {
    this.#account ??= this.#register(new AbortController().signal).catch((error: unknown) => {
      this.#account = undefined;
      throw error;
    });
    return this.#account;
  }

  async #register(signal: AbortSignal): Promise<string> {
    const { newAccount } = await this.#found();
    const { email, binding } = this.#options;
    const payload = {
      termsOfServiceAgreed: true,
      ...(email ? { contact: [`mailto:${email}`] } : {}),
      ...(binding ? { externalAccountBinding: this.key.bind(binding, newAccount) } : {}),
    };
    const { headers } = await this.#post(newAccount, payload, undefined, signal);
    if (!headers['location']) throw new AcmeProblem('malformed', 'the server gave the new account no URL');
    return headers['location'];
  }

  async #post(url: string, payload: unknown, account: string | undefined, signal: AbortSignal): Promise<AcmeAnswer> {
    for (let tries = 1; ; tries++) {
      const nonce = await this.#freshNonce(signal);
      const body = this.key.sign(url, nonce, account, payload);
      const answer = await this.#send({ method: 'POST', url, body }, signal);
      if (answer.status < 400) return answer;
      const problem = problemOf(jsonOf(answer.body), answer.status, this.#retryAfter(answer));
      if (problem.type === 'accountDoesNotExist') this.#account = undefined;
      if (problem.type !== 'badNonce' || tries >= MAX_NONCE_TRIES) throw problem;
    }
  }

  async #freshNonce(signal: AbortSignal): Promise<string> {
    const kept = this.#nonce;
    this.#nonce = undefined;
    if (kept !== undefined) return kept;
    const { newNonce } = await this.#found();
    // Not by #send, which keeps the nonce for anybody: of two orders that ask at once each has its own.
    const { headers } = await this.#options.transport({ method: 'HEAD', url: newNonce }, signal);
    const nonce = headers['replay-nonce'];
    if (nonce === undefined) throw new AcmeProblem('malformed', 'the server gave no nonce');
    return nonce;
  }

  async #send(request: Parameters<AcmeTransport>[0], signal: AbortSignal): Promise<AcmeAnswer> {
    const answer = await this.#options.transport(request, signal);
    this.#nonce = answer.headers['replay-nonce'] ?? this.#nonce;
    return answer;
  }

  #found(): Promise<Directory> {
    this.#directory ??= this.#find(new AbortController().signal).catch((error: unknown) => {
      this.#directory = undefined;
      throw error;
    });
    return this.#directory;
  }

  async #find(signal: AbortSignal): Promise<Directory> {
    const url = this.#options.directory;
    const answer = await this.#send({ method: 'GET', url }, signal);
    const body = jsonOf(answer.body);
    if (answer.status >= 400) throw problemOf(body, answer.status, this.#retryAfter(answer));
    const { newNonce, newAccount, newOrder } = isRecord(body) ? body : {};
    if (typeof newNonce !== 'string' || typeof newAccount !== 'string' || typeof newOrder !== 'string')
      throw new AcmeProblem(
        'malformed',
        `${url} is no directory of an ACME server: it names no newNonce, newAccount, newOrder`,
      );
    return { newNonce, newAccount, newOrder };
  }

  #objectOf(answer: AcmeAnswer, url: string): AcmeObject {
    const body = jsonOf(answer.body);
    const fields = isRecord(body) ? body : {};
    const { status } = fields;
    return { url, fields, status: typeof status === 'string' ? status : '', retryAfterMs: this.#retryAfter(answer) };
  }

  /** Seconds, or a date (RFC 9110 §10.2.3), which counts from the server's own date where it tells that. */
  #retryAfter({ headers }: AcmeAnswer): number | undefined {
    const text = headers['retry-after'];
    if (text === undefined) return undefined;
    const from = Date.parse(headers['date'] ?? '') || this.#options.clock.now();
    const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - from;
    return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
  }
}

/** Whether the next try may end otherwise: there was no answer, or one that blames the server, or it has lost the account. */
function passes(error: unknown): boolean {
  if (!(error instanceof AcmeProblem)) return true;
  return error.type === 'accountDoesNotExist' || (error.status >= 500 && error.retryAfterMs === undefined);
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
