// Connections that still shake hands for TLS, and how a name that nobody has a certificate for is refused.

import type { Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';

/**
 * A record with the fatal alert `unrecognized_name` (RFC 6066 §3), as it goes out before there are keys (RFC 8446 §5.1). Node by itself
 * only closes the connection, and its client cannot tell that from a server that has fallen over.
 */
const UNRECOGNIZED_NAME = Buffer.of(21, 3, 3, 0, 2, 2, 112);

export class Handshakes {
  /** By where they come from: that alone tells over which of them a TLS socket speaks. */
  readonly #sockets = new Map<string, Socket>();

  begin(socket: Socket): void {
    const origin = originOf(socket);
    this.#sockets.set(origin, socket);
    socket.once('close', () => this.#sockets.delete(origin));
  }

  /** For the connection itself, or for the TLS socket over it. */
  end(socket: Socket): void {
    this.#sockets.delete(originOf(socket));
  }

  /** Cuts all that have not ended. */
  cut(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }

  /** Node's `SNICallback`, which it calls on the TLS socket that asks. */
  chooser(find: (serverName: string) => SecureContext | undefined) {
    const refuse = (asking: TLSSocket) => this.#sockets.get(originOf(asking))?.write(UNRECOGNIZED_NAME);
    return function choose(
      this: TLSSocket,
      serverName: string,
      done: (error: Error | null, context?: SecureContext) => void,
    ): void {
      const context = find(serverName);
      if (context) return done(null, context);
      refuse(this);
      done(new Error(`no certificate for ${serverName}`));
    };
  }
}

function originOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
