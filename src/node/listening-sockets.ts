// Where programs of this machine listen, as the system lists it: found out without a connection, which a program would have to answer.

import { closeSync, openSync, readSync } from 'node:fs';
import type { Clock } from '#base/mod.ts';

/**
 * How old an answer may be: a look takes a millisecond, and one serves all that ask meanwhile. Where it takes longer, so many times
 * that, up to a bound: it may have been no more than a look that was interrupted.
 */
const FRESH_MS = 40;
const REST = 10;
const MOST_FRESH_MS = 150;
/**
 * As the lists write any address, and 127.0.0.1, of IPv4 and of IPv6: a word as the machine has it, so with its bytes in either order. Of a
 * socket for IPv6 they do not tell whether it takes IPv4 too, as all do that nobody has told otherwise.
 */
const ON_LOOPBACK = new Set([
  '0'.repeat(8),
  '0'.repeat(32),
  '0100007F',
  '7F000001',
  '0000000000000000FFFF00000100007F',
  '00000000000000000000FFFF7F000001',
]);
const LISTENS = '0A';

/** A socket that listens. */
export interface ListeningSocket {
  readonly inode: string;
  /** Whether 127.0.0.1 reaches it. */
  readonly isOnLoopback: boolean;
}

export type ListeningSockets = ReadonlyMap<number, ListeningSocket>;

export class Listening {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #read: () => ListeningSockets | undefined;
  #sockets: ListeningSockets | undefined;
  #freshUntil = -Infinity;

  constructor(clock: Pick<Clock, 'monotonic'>, read = listeningSockets) {
    this.#clock = clock;
    this.#read = read;
  }

  /** The sockets that listen, by port, as they were a moment ago at most; undefined where the system does not say. */
  get sockets(): ListeningSockets | undefined {
    const now = this.#clock.monotonic();
    if (now < this.#freshUntil) return this.#sockets;
    this.#sockets = this.#read();
    const after = this.#clock.monotonic();
    this.#freshUntil = after + Math.min(MOST_FRESH_MS, Math.max(FRESH_MS, REST * (after - now)));
    return this.#sockets;
  }

  /** Whether 127.0.0.1 reaches a socket that listens at a port; undefined where the system does not say. */
  isReached(port: number): boolean | undefined {
    const { sockets } = this;
    return sockets && (sockets.get(port)?.isOnLoopback ?? false);
  }

  /** A program has ended: whoever begins after it must not be taken for it. */
  forget(): void {
    this.#freshUntil = -Infinity;
  }
}

/** As the system lists them now; undefined where it hides them, which it does where there are none: this process listens itself. */
export function listeningSockets(): ListeningSockets | undefined {
  const sockets = new Map<number, ListeningSocket>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6'])
    for (const [port, socket] of rowsOf(listIn(file)))
      if (socket.isOnLoopback || !sockets.has(port)) sockets.set(port, socket);
  return sockets.size > 0 ? sockets : undefined;
}

/** The rows of sockets that listen (proc_pid_net(5)). */
export function rowsOf(list: string): [number, ListeningSocket][] {
  return list
    .split('\n')
    .map(fieldsOf)
    .filter(([, , , state]) => state === LISTENS)
    .map(([, local = '', , , , , , , , inode = '']) => {
      const [address = '', port = ''] = local.split(':');
      return [Number.parseInt(port, 16), { inode, isOnLoopback: ON_LOOPBACK.has(address) }];
    });
}

function fieldsOf(row: string): string[] {
  return row.trim().split(/\s+/);
}

const chunk = Buffer.alloc(65_536);

/** A list up to its first sockets that do not listen: those that do come first, and of the others there may be very many. */
function listIn(file: string): string {
  let fd: number | undefined;
  try {
    fd = openSync(file, 'r');
    let text = '';
    for (;;) {
      const part = chunk.toString('latin1', 0, readSync(fd, chunk));
      text += part;
      if (part === '' || !endsListening(part)) return text;
    }
  } catch {
    return '';
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function endsListening(part: string): boolean {
  const last = part.slice(part.lastIndexOf('\n', part.length - 2) + 1);
  return fieldsOf(last)[3] === LISTENS;
}
