// Listening at a path of the file system, also where a process that died left its socket behind.

import { unlink } from 'node:fs/promises';
import type { Server } from 'node:net';
import { connect } from 'node:net';

/** A socket file that nobody listens at is left over from a process that died, and is replaced. */
export async function listenAt(server: Server, socketPath: string): Promise<void> {
  try {
    await listening(server, socketPath);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    if (await answers(socketPath)) throw new Error(`another data process listens at ${socketPath}`, { cause: error });
    await unlink(socketPath);
    await listening(server, socketPath);
  }
}

function listening(server: Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
