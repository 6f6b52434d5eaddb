// One HTTP/1 request as an exchange, over node:http's request and response.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '#base/mod.ts';
import type { HeadVerdict } from '../bad-input.ts';
import { headerList, headerValue } from '../headers.ts';
import type { TlsFacts } from '../tls-state.ts';
import { tlsFactsOf } from '../tls-state.ts';
import type { BodySink, BodySource, Exchange, RawHeaders, ResponseHead } from '../transport.ts';
import { trailerFields } from './http2-fields.ts';

export interface Http1Facts {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly verdict: HeadVerdict & { readonly ok: true };
  readonly expectsContinue: boolean;
  readonly clock: Clock;
  readonly lingerMs: number;
  /** Whether the server wants its clients to go. */
  readonly closing: () => boolean;
}

export class Http1Exchange implements Exchange, BodySource {
  readonly version: '1.0' | '1.1';
  readonly scheme: 'http' | 'https';
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly headers: RawHeaders;
  readonly remoteAddress: string;
  readonly bodyLength: number | undefined;
  readonly upgrade: string | undefined;
  readonly #facts: Http1Facts;
  readonly #socket: Socket;
  readonly #whenClosed: ((complete: boolean) => void)[] = [];
  #started = false;
  #extensible = false;
  #over = false;

  constructor(facts: Http1Facts) {
    const { request, response, verdict } = facts;
    this.#facts = facts;
    this.#socket = request.socket;
    this.version = request.httpVersion === '1.0' ? '1.0' : '1.1';
    this.scheme = (request.socket as TLSSocket).encrypted ? 'https' : 'http';
    this.method = request.method ?? '';
    this.target = verdict.target;
    this.authority = verdict.authority;
    this.headers = request.rawHeaders;
    this.remoteAddress = plainAddress(request.socket.remoteAddress);
    this.bodyLength = verdict.bodyLength;
    this.upgrade = upgradeOf(request);
    response.once('finish', () => {
      this.#lingerOverRest();
      this.#close(true);
    });
    response.once('close', () => this.#close(response.writableFinished));
    // What fails on the way to the client shows as its closing.
    response.on('error', () => {});
  }

  get tls(): TlsFacts | undefined {
    return tlsFactsOf(this.#socket);
  }

  get body(): BodySource {
    return this;
  }

  get headSent(): boolean {
    return this.#facts.response.headersSent;
  }

  get extensible(): boolean {
    return this.#extensible;
  }

  get over(): boolean {
    return this.#over;
  }

  get requestComplete(): boolean {
    return this.#facts.request.complete;
  }

  start(sink: BodySink): void {
    const { request, response, expectsContinue } = this.#facts;
    this.#started = true;
    if (expectsContinue && !response.headersSent) response.writeContinue();
    let ended = false;
    request.on('data', (chunk: Buffer) => sink.data(chunk));
    request.once('end', () => {
      ended = true;
      sink.end(request.rawTrailers);
    });
    const onGone = (error?: Error) => {
      if (!ended) sink.failed(error ?? new Error('the client closed the connection within its body'));
      ended = true;
    };
    request.once('error', onGone);
    request.once('close', () => onGone());
  }

  pause(): void {
    this.#facts.request.pause();
  }

  resume(): void {
    this.#facts.request.resume();
  }

  inform({ status, headers }: ResponseHead): void {
    const { response } = this.#facts;
    if (response.destroyed || response.headersSent || this.version === '1.0') return;
    response.writeInformation(status, trailerFields(headers));
  }

  respond({ status, reason, headers }: ResponseHead, ends: boolean): void {
    const { response, expectsContinue, closing } = this.#facts;
    if (response.destroyed || response.headersSent) return;
    // A client that still waits for its 100 may or may not send the body; only a new connection is unambiguous.
    if (closing() || (expectsContinue && !this.#started)) response.shouldKeepAlive = false;
    this.#extensible = !ends && this.method !== 'HEAD' && headerValue(headers, 'content-length') === undefined;
    if (reason === undefined) response.writeHead(status, [...headers]);
    else response.writeHead(status, reason, [...headers]);
    if (ends) response.end();
    else response.flushHeaders();
  }

  write(chunk: Uint8Array): boolean {
    return this.#facts.response.write(chunk);
  }

  onDrain(run: () => void): void {
    this.#facts.response.once('drain', run);
  }

  end(trailers: RawHeaders = []): void {
    const { response } = this.#facts;
    if (trailers.length > 0 && this.version === '1.1') response.addTrailers(pairs(trailers));
    response.end();
  }

  switchProtocols(headers: RawHeaders): Duplex {
    const { response } = this.#facts;
    const socket = this.#socket;
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', `Upgrade: ${this.upgrade ?? ''}`];
    for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
    response.detachSocket(socket);
    // The response hears nothing more of the connection it gave away.
    socket.once('close', () => this.#close(false));
    socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
    return socket;
  }

  abort(): void {
    this.#socket.destroy();
  }

  onClosed(run: (complete: boolean) => void): void {
    this.#whenClosed.push(run);
  }

  /** Runs its listeners at the first sign of the end. */
  #close(complete: boolean): void {
    if (this.#over) return;
    this.#over = true;
    for (const run of this.#whenClosed) run(complete);
  }

  /** After the answer the rest of a body is read for a while, so that the client reads the answer; then it is cut. */
  #lingerOverRest(): void {
    const { request, clock, lingerMs } = this.#facts;
    if (request.complete || this.upgrade !== undefined) return;
    request.resume();
    const timer = clock.after(lingerMs, () => this.#socket.destroy());
    request.once('close', () => timer.cancel());
    request.once('end', () => timer.cancel());
  }
}

/** The protocol a request asks to switch to, where the gateway can hand the connection over: not h2c, and without a body. */
export function upgradeOf({ httpVersion, rawHeaders }: IncomingMessage): string | undefined {
  const protocol = headerValue(rawHeaders, 'upgrade');
  if (!protocol || httpVersion !== '1.1' || /^h2c?\b/i.test(protocol)) return undefined;
  if (!/(^|,)\s*upgrade\s*(,|$)/i.test(headerList(rawHeaders, 'connection') ?? '')) return undefined;
  const bodied =
    headerValue(rawHeaders, 'transfer-encoding') !== undefined ||
    (headerValue(rawHeaders, 'content-length') ?? '0') !== '0';
  return bodied ? undefined : protocol;
}

function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d)/, '');
}

function pairs(headers: RawHeaders): [string, string][] {
  const out: [string, string][] = [];
  for (let i = 0; i < headers.length; i += 2) out.push([headers[i] ?? '', headers[i + 1] ?? '']);
  return out;
}
