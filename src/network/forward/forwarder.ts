// Forwards connections to ClusterIPs to ready endpoints: each to one of them by turns, to the next where one does not answer.

import type { Server, Socket } from 'node:net';
import { connect } from 'node:net';
import { messageOf } from '#base/mod.ts';
import type { ServiceListeners } from '../listeners.ts';
import type { ServiceAddress, Target } from './targets.ts';

/** Finds out at the moment of a connection, so nothing has to be told; `meant` is the address that the client asked for. */
export type FindTargets = (meant: string | undefined) => readonly Target[];

export interface ForwarderOptions {
  readonly listeners: ServiceListeners;
  warn(message: string, fields: Record<string, unknown>): void;
}

/** Connections to one port of one Service at once. */
const MOST_CONNECTIONS = 10_000;
const MOST_TRIES = 3;
const CONNECT_MS = 5000;

interface Listening {
  find: FindTargets;
  readonly server: Promise<Server | undefined>;
}

/** Listens on the addresses that it is told, and forwards. */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #listening = new Map<string, Listening>();
  readonly #sockets = new Set<Socket>();

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** Listens there from now on; where it does already, only the finder of targets is replaced. */
  open({ address, port }: ServiceAddress, find: FindTargets): void {
    const key = `${address}:${port}`;
    const known = this.#listening.get(key);
    if (known) {
      known.find = find;
      return;
    }
    const listening: Listening = { find, server: this.#listen(address, port, (meant) => listening.find(meant)) };
    this.#listening.set(key, listening);
  }

  /** Listens there no more; connections that are open stay. */
  shut({ address, port }: Pick<ServiceAddress, 'address' | 'port'>): void {
    const listening = this.#listening.get(`${address}:${port}`);
    this.#listening.delete(`${address}:${port}`);
    void listening?.server.then((server) => server?.close());
  }

  /** Resolves when all that was opened listens, or could not. */
  async settled(): Promise<void> {
    await Promise.all([...this.#listening.values()].map(({ server }) => server));
  }

  /** Ends everything, connections too. */
  async close(): Promise<void> {
    const servers = await Promise.all([...this.#listening.values()].map(({ server }) => server));
    this.#listening.clear();
    for (const socket of this.#sockets) socket.destroy();
    const open = servers.flatMap((server) => server ?? []);
    await Promise.all(open.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  }

  async #listen(address: string, port: number, find: FindTargets): Promise<Server | undefined> {
    try {
      const server = await this.#options.listeners.tcp(address, port);
      server.maxConnections = MOST_CONNECTIONS;
      let turn = 0;
      server.on('connection', (socket: Socket) => this.#forward(socket, inTurn(find(socket.localAddress), turn++)));
      return server;
    } catch (error) {
      this.#options.warn('a port of a Service cannot be listened on', { address, port, error: messageOf(error) });
      this.#listening.delete(`${address}:${port}`);
      return undefined;
    }
  }

  #forward(socket: Socket, targets: readonly Target[]): void {
    this.#keep(socket);
    socket.on('error', () => socket.destroy());
    const [target, ...others] = targets;
    // Nobody is there: the same to a client as a port that nobody listens on.
    if (!target) return void socket.resetAndDestroy();
    const upstream = connect({ ...target, allowHalfOpen: true });
    this.#keep(upstream);
    upstream.setTimeout(CONNECT_MS, () => upstream.destroy(new Error('the endpoint does not answer')));
    const next = () =>
      others.length > 0 && !socket.destroyed ? this.#forward(socket, others) : socket.resetAndDestroy();
    upstream.once('error', next);
    upstream.once('connect', () => {
      upstream.off('error', next);
      upstream.setTimeout(0);
      join(socket, upstream);
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

/** The targets from one that is next on; few, for a client does not wait for ever. */
function inTurn(targets: readonly Target[], turn: number): Target[] {
  return targets
    .map((_, i) => targets[(turn + i) % targets.length])
    .flatMap((target) => target ?? [])
    .slice(0, MOST_TRIES);
}

/** Each end hears what the other says and when it falls silent; where one breaks, the other does. */
function join(near: Socket, far: Socket): void {
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    from.on('error', () => to.destroy());
    from.once('close', (hadError) => hadError && to.destroy());
    from.pipe(to);
  }
}
