// Takes sockets that speak HTTP/2, whoever accepted them, and turns their streams into exchanges.

import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:http2';
import type { Socket } from 'node:net';
import type { Exchange, ListenOptions } from '../transport.ts';
import { Http2Exchange } from './exchange-http2.ts';

const SETTINGS = { maxConcurrentStreams: 250, initialWindowSize: 1 << 20 };

export class Http2Door {
  readonly #server = createServer({ settings: SETTINGS });
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor({ limits, onRefused }: Pick<ListenOptions, 'limits' | 'onRefused'>, serve: (exchange: Exchange) => void) {
    this.#server.on('session', (session) => this.#keep(session, limits.keepAliveMs));
    this.#server.on('stream', (stream, _headers, flags, rawHeaders) => {
      const exchange = Http2Exchange.from(stream as ServerHttp2Stream, flags, rawHeaders);
      if (exchange instanceof Http2Exchange) serve(exchange);
      else onRefused(exchange.status, exchange.why);
    });
    this.#server.on('sessionError', () => {});
  }

  /** What was read of the connection already is in the socket again. */
  take(socket: Socket): void {
    this.#server.emit('connection', socket);
  }

  /** Tells clients to go; open streams may finish. */
  close(): void {
    for (const session of this.#sessions) session.close();
  }

  cut(): void {
    for (const session of this.#sessions) session.destroy();
  }

  #keep(session: ServerHttp2Session, keepAliveMs: number): void {
    this.#sessions.add(session);
    session.on('error', () => {});
    session.once('close', () => this.#sessions.delete(session));
    // A graceful close lets open streams finish, however long they are silent.
    session.setTimeout(keepAliveMs, () => session.close());
  }
}
