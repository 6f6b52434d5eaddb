// Sends requests to endpoints by HTTP/1.1 over kept connections.

import type { Clock } from '#base/mod.ts';
import type { UpstreamEvents, UpstreamRequest, UpstreamStream } from '../transport.ts';
import type { Conduct, Shared } from './endpoint-connection.ts';
import { EndpointConnection } from './endpoint-connection.ts';
import type { Shelf } from './pool.ts';
import { Pool } from './pool.ts';
import { Sweep } from './sweep.ts';
import type { Turn } from './turn.ts';

const SWEEP_MS = 500;
const INBOX = 64 * 1024;

export class EngineClient {
  readonly #shared: Shared;
  readonly #pool = new Pool();
  readonly #open = new Set<EndpointConnection>();

  constructor(clock: Clock, turn: Turn) {
    this.#shared = { clock, turn, sweep: new Sweep(clock, SWEEP_MS), inbox: Buffer.allocUnsafeSlow(INBOX) };
  }

  send(request: UpstreamRequest, events: UpstreamEvents): UpstreamStream {
    const { host, port, fresh, upgrade } = request;
    const shelf = this.#pool.shelf(host, port);
    const alone = fresh || upgrade !== undefined;
    let connection = alone ? undefined : shelf.take();
    while (connection && !connection.usable) connection = shelf.take();
    connection ??= this.#connect(shelf, { plainly: upgrade !== undefined, once: alone });
    return connection.send(request, events);
  }

  forget(host: string, port: number): void {
    this.#pool.forget(host, port);
  }

  close(): void {
    for (const connection of this.#open) connection.cut();
  }

  #connect(shelf: Shelf, conduct: Omit<Conduct, 'onGone'>): EndpointConnection {
    const onGone = () => this.#open.delete(connection);
    const connection = new EndpointConnection(this.#shared, shelf, { ...conduct, onGone });
    this.#open.add(connection);
    return connection;
  }
}
