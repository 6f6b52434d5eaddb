// Looks at the first bytes of a connection before it is known who is to read them.

import type { Socket } from 'node:net';
import type { Clock } from '#base/mod.ts';

/** A TLS connection begins with a handshake record (RFC 8446 §5.1), whose first byte no request of HTTP begins with. */
export const TLS_HANDSHAKE = 22;

export interface Peek {
  readonly clock: Clock;
  /** A connection that tells nothing for so long is closed. */
  readonly patienceMs: number;
  /** Who is to read, once enough has been seen; undefined asks for more. */
  readonly decide: (seen: Buffer) => ((socket: Socket) => void) | undefined;
}

/** Gives the connection on with every byte still to be read. One that ends before is closed. */
export function peek(socket: Socket, { clock, patienceMs, decide }: Peek): void {
  const end = () => socket.destroy();
  const timer = clock.after(patienceMs, end);
  let seen: Buffer = Buffer.alloc(0);
  const look = () => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const take = decide(seen);
    if (!take) return;
    timer.cancel();
    socket.off('readable', look);
    socket.off('error', end);
    socket.off('end', end);
    socket.unshift(seen);
    take(socket);
  };
  socket.on('error', end);
  socket.once('end', end);
  socket.once('close', () => timer.cancel());
  socket.on('readable', look);
}
