// How an export reaches a collector: by HTTP with protobuf in it, or by gRPC (the OTLP specification 1.x).

import type { IncomingHttpHeaders } from 'node:http';
import type { IncomingHttpHeaders as IncomingHttp2Headers } from 'node:http2';
import type { Writable } from 'node:stream';

import type { Clock } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';

export type Signal = 'metrics' | 'traces';

/** How an attempt ended. `later`: the collector is away or busy, and the same may be sent again. */
export type Delivery =
  | { readonly outcome: 'taken' }
  | { readonly outcome: 'later'; readonly why: string; readonly afterMs?: number }
  | { readonly outcome: 'refused'; readonly why: string };

/** A collector. */
export interface Sender {
  /** Never rejects: what cannot be sent now may be sent later. */
  send(body: Uint8Array): Promise<Delivery>;
  close(): void;
}

/** One attempt may take this long from its beginning to its end (the specification's default). */
const TIMEOUT_MS = 10_000;
/** More of what a collector says is of no use to anybody. */
const MOST_SAID = 500;
const RETRYABLE = new Set([429, 502, 503, 504]);
/** gRPC's: cancelled, deadline exceeded, aborted, out of range, unavailable, data loss; and resource exhausted. */
const RETRYABLE_GRPC = new Set([1, 4, 8, 10, 11, 14, 15]);

const SERVICES: Readonly<Record<Signal, string>> = {
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
};

/** A collector's address as Knative reads it: without a scheme it is https, without a path it is the signal's usual one. */
export function collectorUrl(endpoint: string, signal: Signal): URL {
  const url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(endpoint) ? endpoint : `https://${endpoint}`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new Error(`a collector is reached by http or https, but the endpoint is ${JSON.stringify(endpoint)}`);
  if (url.pathname === '/') url.pathname = `/v1/${signal}`;
  return url;
}

/** By HTTP/1.1, a request for each export. */
export async function httpSender(endpoint: string, signal: Signal, clock: Clock): Promise<Sender> {
  const url = collectorUrl(endpoint, signal);
  const { request, Agent } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    send: (body) =>
      new Promise((resolve) => {
        const headers = {
          'content-type': 'application/x-protobuf',
          'content-length': body.length,
          'user-agent': 'ebb',
        };
        const asked = request(url, { method: 'POST', headers, agent }, (response) => {
          let said = '';
          response.setEncoding('utf8').on('data', (text: string) => (said += said.length < MOST_SAID ? text : ''));
          response.on('error', (error) => resolve({ outcome: 'later', why: error.message }));
          response.once('close', () => resolve(httpDelivery(response.statusCode ?? 0, response.headers, said)));
        });
        endLate(asked, clock);
        asked.on('error', (error) => resolve({ outcome: 'later', why: error.message }));
        asked.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** A collector that answers drop by drop is as good as none. */
function endLate(exchange: Pick<Writable, 'destroy' | 'once'>, clock: Clock): void {
  const late = () => void exchange.destroy(new Error(`no whole answer within ${TIMEOUT_MS / 1000} s`));
  const timer = clock.after(TIMEOUT_MS, late);
  exchange.once('close', () => timer.cancel());
}

function httpDelivery(status: number, headers: IncomingHttpHeaders, said: string): Delivery {
  if (status >= 200 && status < 300) return { outcome: 'taken' };
  const why = `status ${status} ${said.slice(0, MOST_SAID).trim()}`.trim();
  if (!RETRYABLE.has(status)) return { outcome: 'refused', why };
  const seconds = Number(headers['retry-after']);
  return { outcome: 'later', why, ...(seconds > 0 ? { afterMs: seconds * 1000 } : {}) };
}

/** By gRPC, which is HTTP/2 with a length before the message and a status behind it. */
export async function grpcSender(endpoint: string, signal: Signal, clock: Clock): Promise<Sender> {
  const url = collectorUrl(endpoint, signal);
  const { connect } = await import('node:http2');
  let session: ReturnType<typeof connect> | undefined;
  const open = () => {
    if (session && !session.closed && !session.destroyed) return session;
    session = connect(url.origin);
    // Whoever waits for an answer hears of it by its stream.
    session.on('error', () => {});
    session.unref();
    return session;
  };
  return {
    send: (body) =>
      new Promise<Delivery>((resolve) => {
        const stream = open().request({
          ':method': 'POST',
          ':path': SERVICES[signal],
          'content-type': 'application/grpc',
          te: 'trailers',
          'user-agent': 'ebb',
        });
        let told: Told = {};
        const note = (headers: IncomingHttp2Headers) => (told = { ...told, ...headers });
        endLate(stream, clock);
        stream.on('response', note).on('trailers', note).resume();
        stream.once('error', (error) => resolve({ outcome: 'later', why: error.message }));
        stream.once('close', () => resolve(grpcDelivery(told)));
        stream.end(framed(body));
      }).catch((error: unknown) => ({ outcome: 'later', why: messageOf(error) })),
    close: () => session?.destroy(),
  };
}

function framed(body: Uint8Array): Buffer {
  const frame = Buffer.alloc(5 + body.length);
  frame.writeUInt32BE(body.length, 1);
  frame.set(body, 5);
  return frame;
}

/** What the answer's head and its end said. */
type Told = Readonly<Record<string, string | number | readonly string[] | undefined>>;

function grpcDelivery(told: Told): Delivery {
  if (told['grpc-status'] === undefined) {
    const status = told[':status'];
    return {
      outcome: 'later',
      why: typeof status === 'number' ? `status ${status}, not gRPC` : 'the connection broke',
    };
  }
  const code = Number(told['grpc-status']);
  if (code === 0) return { outcome: 'taken' };
  const why = `gRPC status ${code} ${unescaped(told['grpc-message'])}`.trim();
  return { outcome: RETRYABLE_GRPC.has(code) ? 'later' : 'refused', why };
}

/** gRPC's messages are percent-encoded; one that is not well so is told as it is. */
function unescaped(message: Told[string]): string {
  const text = typeof message === 'string' ? message : '';
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
