// One HTTP exchange with an API server, and one endless answer read by lines. Knows TLS and sockets, nothing of kinds.

import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Clock } from '#base/mod.ts';
import { sleep, systemClock } from '#base/mod.ts';
import type { HttpClientOptions } from './kubeconfig.ts';
import { errorOf } from './status.ts';

/** One request. The path begins after the server's URL and carries its query. */
export interface HttpCall {
  readonly method: string;
  readonly path: string;
  readonly body?: { readonly type: string; readonly text: string };
  /** How long the server may say nothing; a minute unless told. */
  readonly idleMs?: number;
}

/** Requests at a time; a controller that writes more waits here, as client-go's rate limit makes it wait. */
const MAX_SOCKETS = 32;
/** A server that says nothing for so long is taken for dead. */
const IDLE_MS = 60_000;
/** The longest answer that is read: a list of tens of thousands of objects. */
const MAX_ANSWER_BYTES = 512 * 2 ** 20;
/** The longest line of a watch: an object is at most a few megabytes. */
const MAX_LINE_LENGTH = 16 * 2 ** 20;
/** How often a server that is too busy is asked again. */
const BUSY_TRIES = 5;

export class Transport {
  readonly #options: HttpClientOptions;
  readonly #base: URL;
  readonly #clock: Clock;
  readonly #agent: HttpAgent | HttpsAgent;
  /** Watches hold their sockets, so they must not take those of requests. */
  readonly #watchAgent: HttpAgent | HttpsAgent;

  constructor(options: HttpClientOptions, clock: Clock = systemClock) {
    this.#options = options;
    this.#base = new URL(options.server);
    this.#clock = clock;
    this.#agent = this.#makeAgent(MAX_SOCKETS);
    this.#watchAgent = this.#makeAgent(Infinity);
  }

  /** The parsed JSON of a successful answer. Throws ApiError for a refusal, the socket's error where there was no answer. */
  async json(call: HttpCall): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      const response = await this.#sendTwice(call);
      const text = await textOf(response);
      const status = response.statusCode ?? 0;
      if (status < 400) return JSON.parse(text) as unknown;
      const wait = Number(response.headers['retry-after'] ?? Number.NaN);
      const isBusy = (status === 429 || status === 503) && Number.isFinite(wait) && tries < BUSY_TRIES;
      if (!isBusy) throw errorOf(status, text);
      await sleep(this.#clock, wait * 1000);
    }
  }

  /** The lines of an answer that goes on until the server or the signal ends it, or nothing came for `idleMs`. */
  async *lines(path: string, idleMs: number, signal: AbortSignal): AsyncGenerator<string, void, void> {
    if (signal.aborted) return;
    const response = await this.#send({ method: 'GET', path }, { agent: this.#watchAgent, timeout: idleMs, signal });
    try {
      if ((response.statusCode ?? 0) >= 400) throw errorOf(response.statusCode ?? 0, await textOf(response));
      yield* splitLines(response);
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    } finally {
      response.destroy();
    }
  }

  /** Lets go of all connections. */
  close(): void {
    this.#agent.destroy();
    this.#watchAgent.destroy();
  }

  #makeAgent(maxSockets: number): HttpAgent | HttpsAgent {
    const common = { keepAlive: true, maxSockets };
    if (this.#base.protocol === 'http:') return new HttpAgent(common);
    const { ca, cert, key, serverName, skipVerify } = this.#options;
    return new HttpsAgent({
      ...common,
      ...(ca ? { ca } : {}),
      ...(cert && key ? { cert, key } : {}),
      ...(serverName ? { servername: serverName } : {}),
      rejectUnauthorized: !skipVerify,
    });
  }

  // A kept connection may have been closed by the server just as the request went out; nothing was read of it then.
  async #sendTwice(call: HttpCall): Promise<IncomingMessage> {
    const options = { agent: this.#agent, timeout: call.idleMs ?? IDLE_MS };
    try {
      return await this.#send(call, options);
    } catch (thrown) {
      if (!(thrown instanceof StaleSocketError)) throw thrown;
      return await this.#send(call, options);
    }
  }

  #send({ method, path, body }: HttpCall, options: RequestOptions): Promise<IncomingMessage> {
    const { token, tokenNow, userAgent = 'ebb' } = this.#options;
    const bearer = tokenNow?.() ?? token;
    const headers = {
      Accept: 'application/json',
      'User-Agent': userAgent,
      ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}),
      ...(body ? { 'Content-Type': body.type, 'Content-Length': String(Buffer.byteLength(body.text)) } : {}),
    };
    const url = new URL(this.#base.pathname.replace(/\/$/, '') + path, this.#base);
    const make = url.protocol === 'http:' ? httpRequest : httpsRequest;
    return answered(make(url, { ...options, method, headers }), body?.text);
  }
}

/** The connection ended before a byte of the answer came, on a socket that had served others before. */
class StaleSocketError extends Error {
  override readonly name = 'StaleSocketError';
}

function answered(request: ClientRequest, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve);
    request.on('timeout', () => request.destroy(new Error('the API server did not answer in time')));
    request.on('error', (error: NodeJS.ErrnoException) => {
      const isStale = request.reusedSocket && error.code === 'ECONNRESET';
      reject(isStale ? new StaleSocketError(error.message, { cause: error }) : error);
    });
    request.end(body);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error(`the API server's answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

async function* splitLines(response: IncomingMessage): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response as AsyncIterable<Buffer>) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_LENGTH) throw new Error(`a watch event is longer than ${MAX_LINE_LENGTH} characters`);
    for (const line of lines) if (line) yield line;
  }
}
