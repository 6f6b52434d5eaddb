// One connection of a client: heads and bodies come out of its bytes, one exchange after the other.

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '#base/mod.ts';
import { answerRaw } from '../node-http/raw-answer.ts';
import type { TlsFacts } from '../tls-state.ts';
import { tlsFactsOf } from '../tls-state.ts';
import type { Exchange, RawHeaders, ServerLimits } from '../transport.ts';
import type { BodyTaker } from './body-reader.ts';
import { BodyReader, copied, part } from './body-reader.ts';
import { EngineExchange } from './exchange.ts';
import { handOver } from './hand-over.ts';
import { HeadReader } from './head-reader.ts';
import { HeldBytes } from './held-bytes.ts';
import { Outlet } from './outlet.ts';
import type { LentReads } from './lent-reads.ts';
import type { Problem } from './problem.ts';
import { problemError } from './problem.ts';
import { requestHead } from './request-head.ts';
import type { Sweep, Swept } from './sweep.ts';
import type { Turn } from './turn.ts';
import { switchingText } from './write-head.ts';

/** What a connection asks of the listener it came in by. */
export interface Host {
  readonly clock: Clock;
  readonly limits: ServerLimits;
  readonly turn: Turn;
  readonly sweep: Sweep;
  /** Whether clients are to go. */
  readonly closing: boolean;
  /** The `Date` field as it is now. */
  readonly date: string;
  serve(exchange: Exchange): void;
  refused(problem: { readonly status: number; readonly why: string }): void;
  /** The connection speaks HTTP/2; the bytes of it that were read are in it again. */
  takeHttp2(socket: Socket): void;
}

/** Bytes that are kept while nobody reads them, before the client is held back. */
const HOLD = 16 * 1024;
/** A client that ends its side has left, or only says that it sends nothing more. Which, shows in this time. */
const HALF_CLOSED_MS = 250;
const MAX_FIELDS = 1000;
/** No HTTP/1 method begins like the preface of HTTP/2 (RFC 9113 §3.4), so three bytes tell them apart. */
const HTTP2_MARK = Buffer.from('PRI');

export class ServerConnection implements Swept, BodyTaker {
  readonly host: Host;
  readonly outlet: Outlet;
  readonly scheme: 'http' | 'https';
  dueSweep: number;
  readonly #socket: Socket;
  readonly #reads: LentReads | undefined;
  readonly #head: HeadReader;
  readonly #body = new BodyReader();
  readonly #held = new HeldBytes();
  #remoteAddress: string | undefined;
  /** What the last request asked for. */
  #authority = '';
  #exchange: EngineExchange | undefined;
  #sniffing: boolean;
  /** Bytes are being read right now, so whoever ends an exchange need not go on to the next. */
  #consuming = false;
  #bodyWanted = false;
  #bodyPaused = false;
  /** Bytes that follow came before an upgrade was declined, so nobody knows in which protocol they are. */
  #unclear = false;
  #ended = false;
  #leaving = false;
  #detached = false;
  readonly #whenRoomy: (() => void)[] = [];
  #halfClosed: Timer | undefined;

  /** Bytes come by `reads` where there are such, else as the socket's data. */
  constructor(socket: Socket, host: Host, scheme: 'http' | 'https', reads?: LentReads) {
    this.host = host;
    this.scheme = scheme;
    this.outlet = new Outlet(socket, host.turn);
    this.#socket = socket;
    this.#reads = reads;
    this.#head = new HeadReader('request', { maxBytes: host.limits.maxHeadBytes, maxFields: MAX_FIELDS });
    this.#sniffing = scheme === 'http';
    this.dueSweep = host.sweep.after(host.limits.headTimeoutMs);
    host.sweep.add(this);
    if (reads) reads.take = this.#onBytes;
    else socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('close', this.#onClose);
  }

  get remoteAddress(): string {
    return (this.#remoteAddress ??= (this.#socket.remoteAddress ?? '').replace(/^::ffff:(?=\d)/, ''));
  }

  get tls(): TlsFacts | undefined {
    return tlsFactsOf(this.#socket);
  }

  get open(): boolean {
    return !this.#detached && !this.#socket.destroyed;
  }

  get bodyRead(): boolean {
    return this.#body.done;
  }

  // What the exchange asks for.

  /** The body's bytes are wanted from here on. */
  startBody(): void {
    this.#bodyWanted = true;
    this.#goOn();
    if (this.#ended && !this.#body.done) this.cut();
  }

  pauseBody(): void {
    this.#bodyPaused = true;
    this.#socket.pause();
  }

  resumeBody(): void {
    this.#bodyPaused = false;
    if (this.#held.length <= HOLD) this.#socket.resume();
  }

  onRoom(run: () => void): void {
    this.#whenRoomy.push(run);
  }

  /** The answer is out. The next request follows, or the connection goes, once the body was read to its end. */
  answered(stays: boolean): void {
    if (!stays) return this.#leave();
    if (this.#body.done) this.#next();
    else {
      this.#bodyWanted = true;
      this.dueSweep = this.host.sweep.after(this.host.limits.lingerMs);
      this.resumeBody();
    }
    this.#goOn();
  }

  switchProtocols(upgrade: string, headers: RawHeaders): Duplex {
    this.outlet.say(switchingText(upgrade, headers));
    this.outlet.settle();
    const exchange = this.#exchange;
    this.#socket.once('close', () => exchange?.closed(false));
    return this.#detach();
  }

  /** The listener closes: goes now where nothing is going on, else after the answer. */
  retire(): void {
    if (this.#exchange !== undefined || this.#leaving || this.#detached) return;
    if (this.outlet.empty) this.#socket.destroy();
    else this.#leave();
  }

  cut(reset = false): void {
    if (this.#detached) return;
    this.outlet.settle();
    if (reset) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** Its time is over: for a head, for the next request, or for the rest of what nobody reads. */
  late(): void {
    if (this.#exchange === undefined && !this.#leaving && this.#head.begun)
      this.#refuse({ status: 408, why: 'the request head did not arrive in time' });
    else this.#socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => this.#onBytes(chunk, chunk.length);

  readonly #onBytes = (chunk: Buffer, to: number): void => {
    if (this.#leaving) return;
    if (this.#exchange === undefined && this.#held.length === 0) this.#unclear = false;
    if (this.#sniffing && !this.#isHttp1(chunk, to)) return;
    if (this.#held.length > 0) this.#hold(chunk, 0, to);
    else this.#consume(chunk, to);
  };

  /** The first bytes tell HTTP/1 from HTTP/2; until then they are held. */
  #isHttp1(chunk: Buffer, to: number): boolean {
    if (this.#held.length === 0 && chunk[0] !== HTTP2_MARK[0]) {
      this.#sniffing = false;
      return true;
    }
    this.#held.add(chunk, 0, to);
    const seen = this.#held.bytes;
    const common = Math.min(seen.length, HTTP2_MARK.length);
    const alike = seen.compare(HTTP2_MARK, 0, common, 0, common) === 0;
    if (alike && common < HTTP2_MARK.length) return false;
    this.#sniffing = false;
    if (alike) this.host.takeHttp2(this.#detach());
    else this.#goOn();
    return false;
  }

  #hold(chunk: Buffer, from: number, to: number): void {
    this.#held.add(chunk, from, to);
    if (this.#held.length > HOLD) this.#socket.pause();
  }

  /** Reads what is held, as far as it can be read now. */
  #goOn(): void {
    if (this.#consuming || this.#held.length === 0) return;
    const bytes = this.#held.bytes;
    this.#held.clear();
    this.#consume(bytes, bytes.length);
    if (!this.#bodyPaused && this.#held.length <= HOLD && this.open) this.#socket.resume();
  }

  #consume(chunk: Buffer, to: number): void {
    this.#consuming = true;
    let at = 0;
    while (!this.#leaving && !this.#detached) {
      if (this.#exchange === undefined) {
        if (at === to) break;
        if (this.#unclear) {
          this.#leave();
          break;
        }
        if (!this.outlet.roomy) {
          this.#hold(chunk, at, to);
          break;
        }
        at = this.#readHead(chunk, at, to);
        if (at < 0) break;
      } else if (this.#bodyWanted && !this.#body.done) {
        if (at === to) break;
        at = this.#readBody(chunk, at, to);
      } else {
        if (at < to) this.#hold(chunk, at, to);
        break;
      }
    }
    this.#consuming = false;
  }

  #readHead(chunk: Buffer, from: number, to: number): number {
    const begun = this.#head.begun;
    const end = this.#head.read(chunk, from, to);
    if (this.#head.problem) this.#refuse(this.#head.problem);
    else if (end >= 0) return this.#serve(chunk, end, to);
    else if (!begun) this.dueSweep = this.host.sweep.after(this.host.limits.headTimeoutMs);
    return end;
  }

  /** Returns how far the chunk is dealt with, or -1. */
  #serve(chunk: Buffer, end: number, to: number): number {
    const head = requestHead(this.#head, this.#authority);
    if ('why' in head) {
      this.#refuse(head);
      return -1;
    }
    this.#authority = head.authority;
    this.dueSweep = Infinity;
    this.#body.begin(head.bodyLength ?? 'chunks');
    this.#bodyWanted = false;
    this.#unclear = head.asksForUpgrade;
    const exchange = new EngineExchange(this, head);
    this.#exchange = exchange;
    // What follows may go with the connection to another protocol.
    const early = head.upgrade !== undefined && end < to;
    if (early) this.#hold(chunk, end, to);
    this.host.serve(exchange);
    return early ? to : end;
  }

  /** A part of the request's body, from its reader. */
  data(chunk: Buffer, from: number, to: number): void {
    this.#exchange?.data(this.#reads ? copied(chunk, from, to) : part(chunk, from, to));
  }

  #readBody(chunk: Buffer, from: number, to: number): number {
    const exchange = this.#exchange as EngineExchange;
    const end = this.#body.read(chunk, from, this, to);
    if (this.#body.problem) this.#breakBody(exchange, this.#body.problem);
    else if (this.#body.done) {
      exchange.bodyEnded(this.#body.trailers);
      if (exchange.answered && this.#exchange === exchange) this.#next();
    }
    return end;
  }

  /** The framing broke in the middle; what follows cannot be told from the body any more. */
  #breakBody(exchange: EngineExchange, problem: Problem): void {
    if (exchange.headSent) this.#socket.destroy();
    else this.#refuse(problem);
    exchange.bodyFailed(problemError(problem));
    exchange.closed(false);
  }

  /** Ready for the next request. */
  #next(): void {
    this.#exchange = undefined;
    this.dueSweep = this.host.sweep.after(this.host.limits.keepAliveMs);
    if (this.#bodyPaused) this.resumeBody();
    if (this.#ended || this.host.closing) this.#leave();
  }

  /** Says what is to be said, then goes; the client has a while to read it before the connection is cut. */
  #leave(): void {
    this.#leaving = true;
    this.#exchange = undefined;
    this.#halfClosed?.cancel();
    this.outlet.settle();
    const { sweep, limits } = this.host;
    // A slow client takes what is left at its own pace, but not for ever.
    this.dueSweep = sweep.after(limits.keepAliveMs);
    this.#socket.end(() => (this.dueSweep = sweep.after(limits.lingerMs)));
    this.#held.clear();
    this.#socket.resume();
  }

  #refuse(problem: { readonly status: number; readonly why: string }): void {
    this.host.refused(problem);
    this.outlet.settle();
    const { clock, limits } = this.host;
    answerRaw(this.#detach(), { ...problem, clock, lingerMs: limits.lingerMs });
  }

  /** The socket is somebody else's from here on. */
  #detach(): Socket {
    this.#detached = true;
    this.#halfClosed?.cancel();
    this.host.sweep.remove(this);
    const socket = this.#socket;
    if (this.#reads) this.#reads.take = undefined;
    else socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('drain', this.#onDrain);
    socket.off('close', this.#onClose);
    const early = this.#held.bytes;
    this.#held.clear();
    return handOver(socket, early);
  }

  readonly #onEnd = (): void => {
    this.#ended = true;
    if (this.#leaving) return;
    if (this.#exchange === undefined) this.#leave();
    else if (this.#bodyWanted && !this.#body.done) this.#socket.destroy();
    else this.#halfClosed = this.host.clock.after(HALF_CLOSED_MS, () => this.cut());
  };

  readonly #onDrain = (): void => {
    for (const run of this.#whenRoomy.splice(0)) run();
    if (this.#exchange === undefined && this.#held.length > 0) this.#goOn();
  };

  readonly #onClose = (): void => {
    this.host.sweep.remove(this);
    this.#halfClosed?.cancel();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (exchange === undefined) return;
    exchange.bodyFailed(new Error('the client closed the connection within its body'));
    exchange.closed(false);
  };
}
