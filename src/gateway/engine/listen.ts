// Accepts connections, plain or by TLS, and gives each to whoever speaks its protocol.

import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { SecureContext, Server as TlsServer, TLSSocket } from 'node:tls';
import { createServer as createTls } from 'node:tls';
import type { Clock } from '#base/mod.ts';
import { Handshakes } from '../handshakes.ts';
import { Http2Door } from '../node-http/http2-door.ts';
import { peek, TLS_HANDSHAKE } from '../peek.ts';
import type { Exchange, Listening, ListenOptions, ServerLimits } from '../transport.ts';
import type { LentReads } from './lent-reads.ts';
import { lendReads } from './lent-reads.ts';
import type { Host } from './server-connection.ts';
import { ServerConnection } from './server-connection.ts';
import { Sweep } from './sweep.ts';
import type { Turn } from './turn.ts';

/** Times are met to within a quarter of the shortest, and no finer or coarser than this. */
const MIN_SWEEP_MS = 10;
const MAX_SWEEP_MS = 500;
const BACKLOG = 4096;
/** What libuv reads at once. */
const INBOX = 64 * 1024;

/** Resolves when it accepts connections; rejects where the port cannot be had. */
export async function listen(
  clock: Clock,
  turn: Turn,
  options: ListenOptions,
  serve: (exchange: Exchange) => void,
): Promise<Listening> {
  return new Listener(clock, turn, options, serve).open();
}

class Listener implements Host {
  readonly clock: Clock;
  readonly turn: Turn;
  readonly limits: ServerLimits;
  readonly sweep: Sweep;
  readonly serve: (exchange: Exchange) => void;
  closing = false;
  readonly #options: ListenOptions;
  readonly #server: Server;
  readonly #http2: Http2Door;
  readonly #inbox = Buffer.allocUnsafeSlow(INBOX);
  /** All that were accepted, and what they turned out to be where they speak HTTP/1. */
  readonly #sockets = new Set<Socket>();
  readonly #handshakes = new Handshakes();
  readonly #connections = new Set<ServerConnection>();
  #date: string | undefined;

  constructor(clock: Clock, turn: Turn, options: ListenOptions, serve: (exchange: Exchange) => void) {
    this.clock = clock;
    this.turn = turn;
    this.limits = options.limits;
    this.serve = serve;
    this.sweep = new Sweep(clock, sweepMs(options.limits), () => (this.#date = undefined));
    this.#options = options;
    this.#http2 = new Http2Door(options, serve);
    this.#server = options.tls ? this.#tlsServer(options.tls) : this.#plainServer();
  }

  get date(): string {
    return (this.#date ??= new Date(this.clock.now()).toUTCString());
  }

  refused({ status, why }: { readonly status: number; readonly why: string }): void {
    this.#options.onRefused(status, why);
  }

  takeHttp2(socket: Socket): void {
    this.#http2.take(socket);
  }

  async open(): Promise<Listening> {
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: this.#options.host, port: this.#options.port, backlog: BACKLOG }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    // Accepting may fail for a while, out of file descriptors for instance; what is there goes on.
    server.on('error', () => {});
    const { address, port } = server.address() as AddressInfo;
    return { host: address, port, close: (graceMs) => this.#close(graceMs) };
  }

  #plainServer(): Server {
    return createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (accepted) => {
      const lent = lendReads(accepted, this.#inbox);
      const socket = lent?.socket ?? accepted;
      this.#keep(socket);
      this.#speakHttp1(socket, 'http', lent?.reads);
      socket.resume();
    });
  }

  /** Whoever does not begin with TLS is heard all the same: somebody may have left the s out of https. */
  #tlsServer(find: (serverName: string) => SecureContext | undefined): Server {
    const secure = this.#secureServer(find);
    return createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#keep(socket);
      this.#handshakes.begin(socket);
      const speakPlainly = () => {
        this.#handshakes.end(socket);
        this.#speakHttp1(socket, 'http');
      };
      peek(socket, {
        clock: this.clock,
        patienceMs: this.limits.headTimeoutMs,
        decide: ([first]) => (first === TLS_HANDSHAKE ? () => secure.emit('connection', socket) : speakPlainly),
      });
    });
  }

  /** Never listens: it is given connections, and gives back those that shook hands. */
  #secureServer(find: (serverName: string) => SecureContext | undefined): TlsServer {
    const server = createTls({
      allowHalfOpen: true,
      handshakeTimeout: this.limits.headTimeoutMs,
      ALPNProtocols: ['h2', 'http/1.1'],
      SNICallback: this.#handshakes.chooser(find),
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      this.#keep(socket);
      this.#handshakes.end(socket);
      if (socket.alpnProtocol === 'h2') this.#http2.take(socket);
      else this.#speakHttp1(socket, 'https');
    });
    return server;
  }

  #speakHttp1(socket: Socket, scheme: 'http' | 'https', reads?: LentReads): void {
    const connection = new ServerConnection(socket, this, scheme, reads);
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
  }

  #keep(socket: Socket): void {
    // What fails on a connection shows as its closing.
    socket.on('error', () => {});
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  async #close(graceMs: number): Promise<void> {
    this.closing = true;
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    this.#handshakes.cut();
    for (const connection of this.#connections) connection.retire();
    this.#http2.close();
    const cut = this.clock.after(graceMs, () => {
      this.#http2.cut();
      for (const socket of this.#sockets) socket.destroy();
    });
    await closed;
    cut.cancel();
  }
}

function sweepMs({ headTimeoutMs, keepAliveMs, lingerMs }: ServerLimits): number {
  return Math.max(MIN_SWEEP_MS, Math.min(MAX_SWEEP_MS, Math.min(headTimeoutMs, keepAliveMs, lingerMs) / 4));
}
