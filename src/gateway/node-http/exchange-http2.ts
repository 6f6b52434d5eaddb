// One HTTP/2 stream as an exchange, over node:http2.

import type { ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { BadInput } from '../bad-input.ts';
import { judgeHead } from '../bad-input.ts';
import { headerValue } from '../headers.ts';
import type { TlsFacts } from '../tls-state.ts';
import { tlsFactsOf } from '../tls-state.ts';
import type { BodySink, BodySource, Exchange, RawHeaders, ResponseHead } from '../transport.ts';
import { lowerNames, trailerFields } from './http2-fields.ts';

/** Set where the frame of the head ends the stream, too. */
export const END_STREAM = 1;

/** RFC 9113 §8.3.1: whoever reads Host, and whoever reads the authority, must not part. */
const TWO_HOSTS = { ok: false, status: 400, why: 'Host differs from :authority' } as const;

interface Http2Facts {
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly headers: RawHeaders;
  readonly bodyLength: number | undefined;
}

export class Http2Exchange implements Exchange, BodySource {
  readonly version = '2';
  readonly scheme: 'http' | 'https';
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly headers: RawHeaders;
  readonly remoteAddress: string;
  readonly bodyLength: number | undefined;
  readonly upgrade = undefined;
  readonly #stream: ServerHttp2Stream;
  #received: RawHeaders = [];
  #trailers: RawHeaders = [];
  #extensible = false;

  /** The exchange, or why the stream was refused (it has been answered then). */
  static from(stream: ServerHttp2Stream, flags: number, rawHeaders: RawHeaders): Http2Exchange | BadInput {
    const pseudo = new Map<string, string>();
    const headers: string[] = [];
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] ?? '';
      const value = rawHeaders[i + 1] ?? '';
      if (name.startsWith(':')) pseudo.set(name, value);
      else headers.push(name, value);
    }
    const method = pseudo.get(':method') ?? '';
    const host = pseudo.get(':authority');
    const other = headerValue(headers, 'host');
    const judged = host === undefined ? headers : ['host', host, ...without(headers, 'host')];
    const differs = host !== undefined && other !== undefined && other.toLowerCase() !== host.toLowerCase();
    const verdict = differs
      ? TWO_HOSTS
      : judgeHead({ version: '2', method, target: pseudo.get(':path') ?? '', headers: judged });
    stream.on('error', () => {});
    if (!verdict.ok) {
      stream.respond({ ':status': verdict.status, 'content-type': 'text/plain; charset=utf-8' });
      stream.end(`${verdict.why}\n`);
      return verdict;
    }
    const bodyLength = (flags & END_STREAM) === END_STREAM ? 0 : verdict.bodyLength;
    return new Http2Exchange(stream, {
      method,
      target: verdict.target,
      authority: verdict.authority,
      headers,
      bodyLength,
    });
  }

  private constructor(stream: ServerHttp2Stream, facts: Http2Facts) {
    const socket = stream.session?.socket;
    this.#stream = stream;
    // They may come before anybody reads the body.
    stream.once('trailers', (_fields: unknown, _flags: number, raw: RawHeaders) => void (this.#received = raw));
    this.scheme = (socket as TLSSocket | undefined)?.encrypted ? 'https' : 'http';
    this.remoteAddress = (socket?.remoteAddress ?? '').replace(/^::ffff:(?=\d)/, '');
    this.method = facts.method;
    this.target = facts.target;
    this.authority = facts.authority;
    this.headers = facts.headers;
    this.bodyLength = facts.bodyLength;
  }

  get tls(): TlsFacts | undefined {
    return tlsFactsOf(this.#stream.session?.socket);
  }

  get body(): BodySource {
    return this;
  }

  get headSent(): boolean {
    return this.#stream.headersSent;
  }

  get extensible(): boolean {
    return this.#extensible;
  }

  start(sink: BodySink): void {
    const stream = this.#stream;
    let ended = false;
    if (/^100-continue$/i.test(headerValue(this.headers, 'expect') ?? '')) stream.additionalHeaders({ ':status': 100 });
    stream.on('data', (chunk: Buffer) => sink.data(chunk));
    stream.once('end', () => {
      // A stream that is reset ends, too, but without having been closed by its sender.
      if (stream.aborted || ended) return;
      ended = true;
      // Node tells of trailers in a tick of its own, which may follow that of the end.
      setImmediate(() => sink.end(this.#received));
    });
    stream.once('close', () => {
      if (!ended) sink.failed(new Error(`the client reset the stream (code ${stream.rstCode})`));
      ended = true;
    });
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  inform({ status, headers }: ResponseHead): void {
    const stream = this.#stream;
    if (!stream.destroyed && !stream.headersSent)
      stream.additionalHeaders({ ...trailerFields(headers), ':status': status });
  }

  respond({ status, headers }: ResponseHead, ends: boolean): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.headersSent) return;
    this.#extensible = !ends && headerValue(headers, 'content-length') === undefined;
    if (!ends) stream.once('wantTrailers', () => stream.sendTrailers(trailerFields(this.#trailers)));
    stream.respond([':status', String(status), ...lowerNames(headers)], { endStream: ends, waitForTrailers: !ends });
  }

  write(chunk: Uint8Array): boolean {
    return this.#stream.destroyed || this.#stream.write(chunk);
  }

  onDrain(run: () => void): void {
    this.#stream.once('drain', run);
  }

  end(trailers: RawHeaders = []): void {
    this.#trailers = trailers;
    this.#stream.end();
  }

  switchProtocols(): never {
    throw new Error('an HTTP/2 stream is not upgraded');
  }

  abort(): void {
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  onClosed(run: (complete: boolean) => void): void {
    this.#stream.once('close', () =>
      run(this.#stream.rstCode === constants.NGHTTP2_NO_ERROR && this.#stream.writableFinished),
    );
  }
}

function without(headers: RawHeaders, name: string): string[] {
  const out: string[] = [];
  for (let i = 0; i < headers.length; i += 2)
    if (headers[i]?.toLowerCase() !== name) out.push(headers[i] ?? '', headers[i + 1] ?? '');
  return out;
}
