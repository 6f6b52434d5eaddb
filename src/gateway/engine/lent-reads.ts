// Connections that were accepted are read into one buffer that all of them share, as those are that we open ourselves.

import type { SocketConstructorOpts } from 'node:net';
import { Socket } from 'node:net';

/** Who takes the bytes of a connection: the first of the inbox, which is somebody else's after the call. */
export interface LentReads {
  /** Where nobody takes them, they wait in the socket as they do in any other. */
  take: ((inbox: Buffer, size: number) => void) | undefined;
}

export interface Lent {
  readonly socket: Socket;
  readonly reads: LentReads;
}

/**
 * A socket for an accepted connection whose bytes come by `reads`. `net` offers `onread` only to those who connect, so the
 * connection's handle moves to a socket that is made with it: a tenth of what a request costs is saved, for otherwise each
 * read makes a buffer of 64 KiB. The handle is no public part of Node; where it is not as expected this gives undefined, and
 * nothing has happened to `accepted`. The accepting server must have `pauseOnConnect`.
 */
export function lendReads(accepted: Socket, inbox: Buffer): Lent | undefined {
  const held = accepted as unknown as { _handle: { useUserBuffer?: unknown } | null };
  const handle = held._handle;
  if (typeof handle?.useUserBuffer !== 'function') return undefined;
  held._handle = null;
  const reads: LentReads = { take: undefined };
  const callback = (size: number): boolean => {
    if (!reads.take) return socket.push(Buffer.from(inbox.subarray(0, size)));
    reads.take(inbox, size);
    return true;
  };
  const options = { handle, allowHalfOpen: true, onread: { buffer: inbox, callback } };
  const socket = new Socket(options as unknown as SocketConstructorOpts);
  // The server counts its connections by the sockets that it made.
  socket.once('close', () => accepted.destroy());
  return { socket, reads };
}
