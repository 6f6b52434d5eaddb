// Connections to endpoints that are kept for the next request, the one used last first.

import type { EndpointConnection } from './endpoint-connection.ts';

const MAX_IDLE = 1000;

/** The kept connections to one address. */
export class Shelf {
  readonly host: string;
  readonly port: number;
  readonly #idle: EndpointConnection[] = [];
  /** Nothing is kept here any more. */
  #closed = false;

  constructor(host: string, port: number) {
    this.host = host;
    this.port = port;
  }

  take(): EndpointConnection | undefined {
    return this.#idle.pop();
  }

  /** False: it is not kept. */
  put(connection: EndpointConnection): boolean {
    if (this.#closed || this.#idle.length >= MAX_IDLE) return false;
    this.#idle.push(connection);
    return true;
  }

  remove(connection: EndpointConnection): void {
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) connection.cut();
  }
}

/** A shelf for each address that was asked for and not forgotten. */
export class Pool {
  readonly #shelves = new Map<string, Map<number, Shelf>>();

  shelf(host: string, port: number): Shelf {
    let byPort = this.#shelves.get(host);
    if (!byPort) this.#shelves.set(host, (byPort = new Map()));
    let shelf = byPort.get(port);
    if (!shelf) byPort.set(port, (shelf = new Shelf(host, port)));
    return shelf;
  }

  forget(host: string, port: number): void {
    const byPort = this.#shelves.get(host);
    byPort?.get(port)?.close();
    byPort?.delete(port);
    if (byPort?.size === 0) this.#shelves.delete(host);
  }
}
