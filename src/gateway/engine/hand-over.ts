// Gives a socket to somebody else, with the bytes that were read too early.

import type { Socket } from 'node:net';

/** After this the socket is as if nobody had ever listened: bytes wait in it until somebody does. */
export function handOver(socket: Socket, early: Uint8Array): Socket {
  socket.pause();
  if (early.length > 0) socket.unshift(early);
  // Node takes back an explicit pause only when the last listener of this event goes.
  socket.on('readable', nothing);
  socket.off('readable', nothing);
  return socket;
}

function nothing(): void {}
