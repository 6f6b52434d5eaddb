// One request of an HTTP/1 connection, and the answer to it.

import type { Duplex } from 'node:stream';
import { headerValue } from '../headers.ts';
import type { TlsFacts } from '../tls-state.ts';
import type { BodySink, BodySource, Exchange, RawHeaders, ResponseHead } from '../transport.ts';
import type { RequestHead } from './request-head.ts';
import { EndpointHead } from './response-head.ts';
import type { ServerConnection } from './server-connection.ts';
import type { ResponseBody } from './write-head.ts';
import { interimText, lastChunkText, responseText } from './write-head.ts';

/** How far the answer is: before its head, in its body, or whole. */
type Sending = 'nothing-yet' | ResponseBody | 'over';

export class EngineExchange implements Exchange, BodySource {
  readonly #connection: ServerConnection;
  readonly #head: RequestHead;
  #sink: BodySink | undefined;
  #started = false;
  #sending: Sending = 'nothing-yet';
  #extensible = false;
  #stays = false;
  /** Bytes of an answer of told length that are still owed. */
  #left = 0;
  #closed = false;
  #whenClosed: ((complete: boolean) => void)[] | undefined;

  constructor(connection: ServerConnection, head: RequestHead) {
    this.#connection = connection;
    this.#head = head;
  }

  get version(): '1.0' | '1.1' {
    return this.#head.version;
  }

  get method(): string {
    return this.#head.method;
  }

  get target(): string {
    return this.#head.target;
  }

  get authority(): string {
    return this.#head.authority;
  }

  get headers(): RawHeaders {
    return this.#head.headers;
  }

  get passing(): string | undefined {
    return this.#head.passing;
  }

  get bodyLength(): number | undefined {
    return this.#head.bodyLength;
  }

  get upgrade(): string | undefined {
    return this.#head.upgrade;
  }

  get scheme(): 'http' | 'https' {
    return this.#connection.scheme;
  }

  get remoteAddress(): string {
    return this.#connection.remoteAddress;
  }

  get tls(): TlsFacts | undefined {
    return this.#connection.tls;
  }

  get body(): BodySource {
    return this;
  }

  get headSent(): boolean {
    return this.#sending !== 'nothing-yet';
  }

  get extensible(): boolean {
    return this.#extensible;
  }

  /** Whether the whole answer was said. */
  get answered(): boolean {
    return this.#sending === 'over';
  }

  start(sink: BodySink): void {
    if (this.#closed) return sink.failed(new Error('the client closed the connection'));
    this.#sink = sink;
    this.#started = true;
    if (this.#connection.bodyRead) return this.bodyEnded([]);
    if (this.#head.expectsContinue && !this.headSent) this.#connection.outlet.say('HTTP/1.1 100 Continue\r\n\r\n');
    this.#connection.startBody();
  }

  pause(): void {
    if (this.#sink) this.#connection.pauseBody();
  }

  resume(): void {
    if (this.#sink) this.#connection.resumeBody();
  }

  inform(head: ResponseHead): void {
    if (!this.#closed && !this.headSent && this.version === '1.1') this.#connection.outlet.say(interimText(head));
  }

  respond(head: ResponseHead, ends: boolean): void {
    if (this.#closed || this.headSent) return;
    const length = lengthOf(head);
    const body = this.#bodyOf(head.status, length, ends);
    const stays = body !== 'to-the-end' && this.#mayStay();
    const connection = stays ? (this.version === '1.0' ? 'keep-alive' : undefined) : 'close';
    const { outlet, host } = this.#connection;
    outlet.say(responseText(head, { body, connection, date: host.date }));
    this.#stays = stays;
    this.#extensible = body === 'chunks' || body === 'to-the-end';
    this.#sending = body;
    if (body === 'as-told') this.#left = length ?? 0;
    if (ends) this.#finish();
  }

  write(chunk: Uint8Array): boolean {
    const { outlet } = this.#connection;
    if (this.#closed) return true;
    switch (this.#sending) {
      case 'chunks':
        return outlet.writeChunk(chunk);
      case 'to-the-end':
        return outlet.write(chunk);
      case 'as-told':
        this.#left -= chunk.length;
        if (this.#left >= 0) return outlet.write(chunk);
        // One byte more than was told would be read as the next answer.
        this.abort();
        return true;
      default:
        return true;
    }
  }

  onDrain(run: () => void): void {
    this.#connection.onRoom(run);
  }

  end(trailers: RawHeaders = []): void {
    if (this.#closed || this.#sending === 'over' || this.#sending === 'nothing-yet') return;
    if (this.#sending === 'chunks') this.#connection.outlet.say(lastChunkText(trailers));
    this.#finish();
  }

  switchProtocols(headers: RawHeaders): Duplex {
    this.#sending = 'over';
    return this.#connection.switchProtocols(this.upgrade ?? '', headers);
  }

  abort(): void {
    if (this.#closed) return;
    // Only a reset tells a client that reads to the end that this is not it.
    this.#connection.cut(this.#sending === 'to-the-end');
  }

  onClosed(run: (complete: boolean) => void): void {
    (this.#whenClosed ??= []).push(run);
  }

  // What the connection tells.

  data(chunk: Buffer): void {
    this.#sink?.data(chunk);
  }

  bodyEnded(trailers: RawHeaders): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.end(trailers);
  }

  bodyFailed(error: Error): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.failed(error);
  }

  closed(complete: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    const listeners = this.#whenClosed;
    if (listeners) for (const run of listeners) run(complete);
  }

  #bodyOf(status: number, length: number | undefined, ends: boolean): ResponseBody {
    if (this.method === 'HEAD' || status === 204 || status === 304) return 'absent';
    if (length !== undefined) return 'as-told';
    if (ends) return 'none';
    return this.version === '1.1' ? 'chunks' : 'to-the-end';
  }

  /** A client that still waits for its 100 may or may not send the body, and what follows a declined upgrade is as unclear. */
  #mayStay(): boolean {
    const { keepAlive, expectsContinue, upgrade } = this.#head;
    if (!keepAlive || upgrade !== undefined || this.#connection.host.closing) return false;
    return !expectsContinue || this.#started;
  }

  #finish(): void {
    if (this.#left > 0) return this.abort();
    this.#sending = 'over';
    this.#sink = undefined;
    this.closed(true);
    this.#connection.answered(this.#stays);
  }
}

/** What it tells of its body's length; NaN where that is no number. */
function lengthOf(head: ResponseHead): number | undefined {
  if (head instanceof EndpointHead) return head.contentLength;
  const length = headerValue(head.headers, 'content-length');
  return length === undefined ? undefined : Number(length);
}
