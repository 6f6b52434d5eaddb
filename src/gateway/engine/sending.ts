// One request to an endpoint, and what comes back, over a connection that is its own while it lasts.

import type { Duplex } from 'node:stream';
import type {
  RawHeaders,
  ResponseHead,
  UpstreamEvents,
  UpstreamFailure,
  UpstreamRequest,
  UpstreamStream,
} from '../transport.ts';
import type { EndpointConnection } from './endpoint-connection.ts';
import type { PutOff } from './turn.ts';
import { lastChunkText } from './write-head.ts';

export class Sending implements UpstreamStream, PutOff {
  readonly method: string;
  readonly upgrades: boolean;
  readonly #connection: EndpointConnection;
  readonly #events: UpstreamEvents;
  readonly #chunked: boolean;
  /** Bytes of a body of told length that are still owed. */
  #left: number;
  #ready = false;
  #ended: boolean;
  #over = false;

  constructor(connection: EndpointConnection, request: UpstreamRequest, events: UpstreamEvents) {
    this.#connection = connection;
    this.#events = events;
    this.method = request.method;
    this.upgrades = request.upgrade !== undefined;
    this.#chunked = request.bodyLength === undefined;
    this.#left = request.bodyLength ?? 0;
    this.#ended = request.bodyLength === 0;
  }

  /** Whether the whole request went out. */
  get ended(): boolean {
    return this.#ended;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#over || this.#ended) return true;
    const { outlet } = this.#connection;
    if (this.#chunked) return outlet.writeChunk(chunk);
    this.#left -= chunk.length;
    if (this.#left >= 0) return outlet.write(chunk);
    this.#breakOff('the body is longer than it was told to be');
    return true;
  }

  onDrain(run: () => void): void {
    this.#connection.onRoom(run);
  }

  end(trailers: RawHeaders = []): void {
    if (this.#over || this.#ended) return;
    if (this.#chunked) this.#connection.outlet.say(lastChunkText(trailers));
    else if (this.#left > 0) return this.#breakOff('the body is shorter than it was told to be');
    this.#ended = true;
  }

  pause(): void {
    if (!this.#over) this.#connection.pause();
  }

  resume(): void {
    if (!this.#over) this.#connection.resume();
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#connection.cut();
  }

  // What the connection tells.

  /** The connection stands, and `send` has returned. */
  settle(): void {
    if (this.#over || this.#ready) return;
    this.#ready = true;
    this.#events.ready();
  }

  informed({ status, headers }: ResponseHead): void {
    if (!this.#over) this.#events.informed({ status, headers });
  }

  head(head: ResponseHead, ends: boolean): void {
    if (this.#over) return;
    this.settle();
    this.#over = ends;
    this.#events.head(head, ends);
  }

  data(chunk: Uint8Array): void {
    if (!this.#over) this.#events.data(chunk);
  }

  bodyEnded(trailers: RawHeaders): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.end(trailers);
  }

  switched(headers: RawHeaders, pipe: Duplex): void {
    if (this.#over) return void pipe.destroy();
    this.#over = true;
    this.#events.switched(headers, pipe);
  }

  failed(failure: UpstreamFailure): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.failed(failure);
  }

  #breakOff(why: string): void {
    this.#connection.cut(new Error(why));
  }
}
