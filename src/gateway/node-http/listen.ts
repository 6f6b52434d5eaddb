// Accepts connections and finds out what they speak: HTTP/1.1, or HTTP/2 by its preface or by ALPN.

import type { Server as HttpServer, IncomingMessage, ServerOptions } from 'node:http';
import { createServer as createHttp, ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '#base/mod.ts';
import { judgeHead } from '../bad-input.ts';
import { Handshakes } from '../handshakes.ts';
import { peek, TLS_HANDSHAKE } from '../peek.ts';
import type { Exchange, Listening, ListenOptions } from '../transport.ts';
import { Http1Exchange, upgradeOf } from './exchange-http1.ts';
import { Http2Door } from './http2-door.ts';
import type { ParserError } from './raw-answer.ts';
import { answerRaw, clientErrorVerdict } from './raw-answer.ts';

/** No HTTP/1 method begins like the preface of HTTP/2 (RFC 9113 §3.4), so three bytes tell them apart. */
const HTTP2_MARK = Buffer.from('PRI');

/** The parser does not count what stands around names and values, so many short fields would pass its bound on size. */
const MAX_FIELDS = 1000;

type Serve = (exchange: Exchange) => void;

/** Resolves when it accepts connections; rejects where the port cannot be had. */
export async function listen(clock: Clock, options: ListenOptions, serve: Serve): Promise<Listening> {
  const front = new Front(clock, options, serve);
  return front.open();
}

class Front {
  readonly #clock: Clock;
  readonly #options: ListenOptions;
  readonly #serve: Serve;
  readonly #sockets = new Set<Socket>();
  readonly #unread = new Set<Socket>();
  readonly #handshakes = new Handshakes();
  readonly #exchanges = new WeakMap<Duplex, Http1Exchange>();
  /** Accepts connections; itself it speaks HTTP/1 without TLS. */
  readonly #http1: HttpServer;
  /** Given the connections that begin with TLS; it never listens itself. */
  readonly #https: HttpServer | undefined;
  readonly #http2: Http2Door;
  #closing = false;

  constructor(clock: Clock, options: ListenOptions, serve: Serve) {
    this.#clock = clock;
    this.#options = options;
    this.#serve = serve;
    this.#http1 = this.#makeHttp1(undefined);
    this.#https = options.tls && this.#makeHttp1(options.tls);
    this.#http2 = new Http2Door(options, serve);
  }

  async open(): Promise<Listening> {
    await new Promise<void>((resolve, reject) => {
      this.#http1.once('error', reject);
      this.#http1.listen(this.#options.port, this.#options.host, () => {
        this.#http1.off('error', reject);
        resolve();
      });
    });
    // Accepting may fail for a while, out of file descriptors for instance; what is there goes on.
    this.#http1.on('error', () => {});
    const { address, port } = this.#http1.address() as AddressInfo;
    return { host: address, port, close: (graceMs) => this.#close(graceMs) };
  }

  #makeHttp1(tls: ListenOptions['tls']): HttpServer {
    const { limits } = this.#options;
    const options: ServerOptions = {
      maxHeaderSize: limits.maxHeadBytes,
      headersTimeout: limits.headTimeoutMs,
      // How long a body may take is the revision's timeouts' to say.
      requestTimeout: 0,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: Math.min(1000, Math.max(10, limits.headTimeoutMs / 4)),
      requireHostHeader: false,
      shouldUpgradeCallback: (request: IncomingMessage) => upgradeOf(request) !== undefined,
    };
    const server = tls
      ? createHttps({
          ...options,
          ALPNProtocols: ['h2', 'http/1.1'],
          SNICallback: this.#handshakes.chooser(tls),
        })
      : createHttp(options);
    // Node drops fields beyond its bound without a word, so it gets one more than is allowed.
    server.maxHeadersCount = MAX_FIELDS + 1;
    this.#takeConnections(server, tls ? 'secureConnection' : 'connection');
    // Node begins to watch over slow heads when a server listens.
    if (tls) server.emit('listening');
    else server.on('connection', (socket: Socket) => this.#keepSocket(socket));
    server.on('request', (request, response) => this.#exchange1(request, response, false));
    server.on('checkContinue', (request, response) => this.#exchange1(request, response, true));
    server.on('checkExpectation', (request, response) => this.#exchange1(request, response, false));
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
    server.on('connect', (_request: IncomingMessage, socket: Duplex) =>
      this.#refuseRaw(socket, 405, 'this gateway opens no tunnels'),
    );
    server.on('clientError', (error: Error & ParserError, socket: Duplex) => this.#clientError(error, socket));
    return server;
  }

  /** Stands before the server's own listener, to look at a connection first. */
  #takeConnections(server: HttpServer, event: 'connection' | 'secureConnection'): void {
    const [own] = server.listeners(event) as ((this: HttpServer, socket: Socket) => void)[];
    server.removeAllListeners(event);
    const toHttp1 = (socket: Socket) => own?.call(server, socket);
    const toHttp2 = (socket: Socket) => this.#http2.take(socket);
    if (event === 'secureConnection')
      server.on(event, (socket: TLSSocket) => {
        this.#handshakes.end(socket);
        (socket.alpnProtocol === 'h2' ? toHttp2 : toHttp1)(socket);
      });
    else server.on(event, (socket: Socket) => this.#sniff(socket, toHttp1, toHttp2));
  }

  /** At a door of TLS who begins without it is heard all the same: somebody may have left the s out of https. */
  #sniff(socket: Socket, toHttp1: (socket: Socket) => void, toHttp2: (socket: Socket) => void): void {
    const secure = this.#https;
    this.#unread.add(socket);
    socket.once('close', () => this.#unread.delete(socket));
    const to = (take: (socket: Socket) => void) => (peeked: Socket) => {
      this.#unread.delete(peeked);
      take(peeked);
    };
    const toTls = () => {
      this.#handshakes.begin(socket);
      secure?.emit('connection', socket);
    };
    peek(socket, {
      clock: this.#clock,
      patienceMs: this.#options.limits.headTimeoutMs,
      decide(seen) {
        if (secure) return to(seen[0] === TLS_HANDSHAKE ? toTls : toHttp1);
        const mark = HTTP2_MARK.subarray(0, Math.min(seen.length, HTTP2_MARK.length));
        if (seen.compare(mark, 0, mark.length, 0, mark.length) !== 0) return to(toHttp1);
        return seen.length >= HTTP2_MARK.length ? to(toHttp2) : undefined;
      },
    });
  }

  #exchange1(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const verdict = judgeHead({
      version: version1(request),
      method: request.method ?? '',
      target: request.url ?? '',
      headers: request.rawHeaders,
    });
    const socket = request.socket;
    if (request.rawHeaders.length > 2 * MAX_FIELDS) return this.#refuseRaw(socket, 431, 'too many header fields');
    if (!verdict.ok) return this.#refuseRaw(socket, verdict.status, verdict.why);
    const exchange = new Http1Exchange({
      request,
      response,
      verdict,
      expectsContinue,
      clock: this.#clock,
      lingerMs: this.#options.limits.lingerMs,
      closing: () => this.#closing,
    });
    this.#exchanges.set(socket, exchange);
    this.#serve(exchange);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const response = new ServerResponse(request);
    response.assignSocket(socket as Socket);
    response.shouldKeepAlive = false;
    response.once('finish', () => {
      response.detachSocket(socket as Socket);
      socket.end();
    });
    socket.on('error', () => socket.destroy());
    if (head.length > 0) socket.unshift(head);
    this.#exchange1(request, response, false);
  }

  #clientError(error: Error & ParserError, socket: Duplex): void {
    const verdict = clientErrorVerdict(error);
    const exchange = this.#exchanges.get(socket);
    const busy = exchange && !exchange.over;
    // An answer that has begun, or belongs to an earlier request, leaves no room for another.
    if (!verdict || !socket.writable || (busy && (exchange.headSent || exchange.requestComplete)))
      return void socket.destroy();
    this.#refuseRaw(socket, verdict.status, verdict.why);
  }

  #refuseRaw(socket: Duplex, status: number, why: string): void {
    this.#options.onRefused(status, why);
    answerRaw(socket, { status, why, clock: this.#clock, lingerMs: this.#options.limits.lingerMs });
  }

  #keepSocket(socket: Socket): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  async #close(graceMs: number): Promise<void> {
    this.#closing = true;
    const closed = new Promise<void>((resolve) => this.#http1.close(() => resolve()));
    this.#http1.closeIdleConnections();
    this.#https?.close();
    for (const socket of this.#unread) socket.destroy();
    this.#handshakes.cut();
    this.#http2.close();
    const cut = this.#clock.after(graceMs, () => {
      this.#http2.cut();
      for (const socket of this.#sockets) socket.destroy();
    });
    await closed;
    cut.cancel();
  }
}

function version1(request: IncomingMessage): '1.0' | '1.1' {
  return request.httpVersion === '1.0' ? '1.0' : '1.1';
}
