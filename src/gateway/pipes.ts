// Two raw connections as one: what comes in at one end goes out at the other, until either is done.

import type { Duplex } from 'node:stream';

export interface JoinListeners {
  readonly onBytes: (from: Duplex) => void;
  /** Both ends are closed. Runs once. */
  readonly onClosed: () => void;
}

/** How long the second half may stay open after the first has ended is the caller's to say: the returned function cuts both. */
export function joinPipes(a: Duplex, b: Duplex, { onBytes, onClosed }: JoinListeners): () => void {
  let open = 2;
  const closed = () => {
    if (--open === 0) onClosed();
  };
  const cut = () => {
    a.destroy();
    b.destroy();
  };
  flow(a, b, onBytes);
  flow(b, a, onBytes);
  for (const end of [a, b]) {
    end.on('error', cut);
    end.on('close', () => {
      closed();
      cut();
    });
  }
  if (a.destroyed || b.destroyed) cut();
  return cut;
}

function flow(from: Duplex, to: Duplex, onBytes: JoinListeners['onBytes']): void {
  from.on('data', (chunk: Uint8Array) => {
    onBytes(from);
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
}
