// Requests of deliveries over the wire: plain HTTP by the gateway's own client, TLS by Node's.

import type { IncomingMessage } from 'node:http';
import { Agent, request as requestTls } from 'node:https';
import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import type { CancelSignal } from '#base/mod.ts';
import { asAbortSignal } from '#base/mod.ts';
import type { ClientEngine, RawHeaders, UpstreamFailure } from '#gateway/mod.ts';
import { Fields } from '#gateway/mod.ts';
import type { SendRequest } from '#events/mod.ts';

export interface WireAnswer {
  readonly status: number;
  readonly headers: RawHeaders;
  readonly body: Uint8Array;
}

/** Where to connect to. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** The port that a URL means, where it names none too. */
export function portOf({ protocol, port }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

/** Answers are held in memory as a whole; a longer one fails. */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** Connections to one destination that are kept. */
const KEPT_SOCKETS = 16;
/** Authorities beside the usual ones for which connections are kept. */
const MAX_AGENTS = 100;

export class Wire {
  readonly #client: ClientEngine;
  readonly #agents = new Map<string, Agent>();
  #trusted: readonly string[] = [];

  constructor(client: ClientEngine) {
    this.#client = client;
  }

  /** One POST. A connection that turns out to have gone before anything was sent is made anew. */
  async send(request: SendRequest, place: Place, signal: CancelSignal): Promise<WireAnswer> {
    if (request.url.protocol === 'https:') return this.#overTls(request, place, signal);
    try {
      return await this.#plain(request, place, signal, false);
    } catch (error) {
      if (!(error instanceof NotSent)) throw error;
      return this.#plain(request, place, signal, true);
    }
  }

  /** From here on these are trusted beside the usual authorities: certificates in PEM. */
  trust(certificates: readonly string[]): void {
    this.#trusted = certificates;
    for (const agent of this.#agents.values()) retire(agent);
    this.#agents.clear();
  }

  close(): void {
    this.#client.close();
    for (const agent of this.#agents.values()) agent.destroy();
  }

  #plain({ url, headers, body }: SendRequest, { host, port }: Place, signal: CancelSignal, fresh: boolean) {
    return new Promise<WireAnswer>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      let [status, answered]: [number, RawHeaders] = [0, []];
      const settle = (run: () => void) => {
        signal.removeEventListener('abort', onAbort);
        run();
      };
      const done = () => settle(() => resolve({ status, headers: answered, body: Buffer.concat(chunks) }));
      const breakOff = (error: Error) => {
        stream.abort();
        settle(() => reject(error));
      };
      const onAbort = () => breakOff(signal.reason as Error);
      const stream = this.#client.send(
        {
          host,
          port,
          protocol: 'http1',
          method: 'POST',
          target: `${url.pathname}${url.search}`,
          authority: url.host,
          fields: Fields.of(headers),
          bodyLength: body.length,
          fresh,
        },
        {
          ready() {
            if (body.length > 0) stream.write(body);
            stream.end();
          },
          informed() {},
          head(head, ends) {
            [status, answered] = [head.status, head.headers];
            if (ends) done();
          },
          data(chunk) {
            bytes += chunk.length;
            if (bytes > MAX_ANSWER_BYTES) breakOff(new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`));
            else chunks.push(Buffer.from(chunk));
          },
          end: done,
          switched(_, pipe) {
            pipe.destroy();
            settle(() => reject(new Error('the subscriber changed the protocol')));
          },
          failed: (failure) => settle(() => reject(errorOf(failure, fresh))),
        },
      );
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #overTls({ url, headers, body, caCerts }: SendRequest, { host, port }: Place, signal: CancelSignal) {
    const wanted = asAbortSignal(signal);
    return new Promise<WireAnswer>((resolve, reject) => {
      const request = requestTls(
        {
          host,
          port,
          ...(isIP(url.hostname) ? {} : { servername: url.hostname }),
          method: 'POST',
          path: `${url.pathname}${url.search}`,
          headers: ['Host', url.host, ...headers, 'Content-Length', String(body.length)],
          agent: this.#agentFor(caCerts ?? ''),
          signal: wanted.signal,
        },
        (response) => void whole(response).then(resolve, reject),
      );
      request.once('error', reject);
      request.end(body);
    }).finally(() => wanted.letGo());
  }

  #agentFor(caCerts: string): Agent {
    const known = this.#agents.get(caCerts);
    if (known) return known;
    const ca = caCerts ? [...this.#trusted, caCerts] : this.#trusted;
    const agent = new Agent({
      keepAlive: true,
      maxFreeSockets: KEPT_SOCKETS,
      ...(ca.length > 0 ? { ca: [...rootCertificates, ...ca] } : {}),
    });
    this.#agents.set(caCerts, agent);
    const [oldest] = this.#agents.keys();
    if (this.#agents.size > MAX_AGENTS && oldest !== undefined) {
      const last = this.#agents.get(oldest);
      if (last) retire(last);
      this.#agents.delete(oldest);
    }
    return agent;
  }
}

/** Requests under way end as they began; after that nothing of it is kept. */
function retire(agent: Agent): void {
  agent.maxFreeSockets = 0;
  for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
}

/** Nothing of it reached the application. */
class NotSent extends Error {
  override readonly name = 'NotSent';
}

function errorOf({ error, sent }: UpstreamFailure, fresh: boolean): Error {
  return sent === 'reused' && !fresh ? new NotSent(error.message, { cause: error }) : error;
}

async function whole(response: IncomingMessage): Promise<WireAnswer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, headers: response.rawHeaders, body: Buffer.concat(chunks) };
}
