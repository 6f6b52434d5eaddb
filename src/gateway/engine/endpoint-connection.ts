// One connection to an endpoint: requests go out and responses come back, one after the other.

import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { Clock, Timer } from '#base/mod.ts';
import { CONNECT_TIMEOUT_MS } from '../node-http/client-http1.ts';
import type { UpstreamEvents, UpstreamFailure, UpstreamRequest } from '../transport.ts';
import type { BodyTaker } from './body-reader.ts';
import { BodyReader, copied, part } from './body-reader.ts';
import { handOver } from './hand-over.ts';
import { HeadReader } from './head-reader.ts';
import { Outlet } from './outlet.ts';
import type { Shelf } from './pool.ts';
import { problemError } from './problem.ts';
import type { EndpointHead } from './response-head.ts';
import { endpointHead } from './response-head.ts';
import { Sending } from './sending.ts';
import type { Sweep, Swept } from './sweep.ts';
import type { Turn } from './turn.ts';
import { requestText } from './write-head.ts';

/** What all connections to endpoints share. */
export interface Shared {
  readonly clock: Clock;
  readonly turn: Turn;
  readonly sweep: Sweep;
  /** Where bytes are read to; they are out of it again when the event is over. */
  readonly inbox: Buffer;
}

export interface Conduct {
  /** Its bytes go through the socket's own stream, so that it can be handed over. */
  readonly plainly: boolean;
  /** It carries one request only. */
  readonly once: boolean;
  readonly onGone: () => void;
}

/** Shorter than the five seconds after which servers on Node close, so that we are the first to go. */
const IDLE_MS = 4000;
const BOUNDS = { maxBytes: 64 * 1024, maxFields: 1000 };
/** Interim answers to one request. */
const MAX_INTERIM = 32;

export class EndpointConnection implements Swept, BodyTaker {
  readonly outlet: Outlet;
  dueSweep = Infinity;
  readonly #shared: Shared;
  readonly #shelf: Shelf;
  readonly #once: boolean;
  readonly #socket: Socket;
  readonly #head = new HeadReader('response', BOUNDS);
  readonly #body = new BodyReader();
  readonly #whenRoomy: (() => void)[] = [];
  readonly #connectTimer: Timer;
  #sending: Sending | undefined;
  #connected = false;
  #used = false;
  /** A byte of the response came. */
  #heard = false;
  #headDone = false;
  #interims = 0;
  #keepAlive = false;
  #paused = false;
  #error: Error | undefined;

  constructor(shared: Shared, shelf: Shelf, { plainly, once, onGone }: Conduct) {
    this.#shared = shared;
    this.#shelf = shelf;
    this.#once = once;
    const { host, port } = shelf;
    const take = (size: number) => {
      this.#onBytes(shared.inbox, size);
      return true;
    };
    const socket = plainly
      ? connect({ host, port, noDelay: true })
      : connect({ host, port, noDelay: true, onread: { buffer: shared.inbox, callback: take } });
    if (plainly) socket.on('data', this.#onChunk);
    this.#socket = socket;
    this.outlet = new Outlet(socket, shared.turn);
    this.#connectTimer = shared.clock.after(CONNECT_TIMEOUT_MS, () =>
      socket.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`)),
    );
    socket.once('connect', this.#onConnect);
    socket.on('drain', this.#onDrain);
    socket.on('end', this.#onEnd);
    socket.on('error', (error) => (this.#error ??= error));
    socket.on('close', this.#onClose);
    socket.once('close', onGone);
    shared.sweep.add(this);
  }

  /** Whether it can take a request; one that was kept may have died meanwhile. */
  get usable(): boolean {
    return this.#socket.writable && this.#error === undefined;
  }

  /** Sends a head; the body follows through what is returned. */
  send(request: UpstreamRequest, events: UpstreamEvents): Sending {
    const sending = new Sending(this, request, events);
    this.#sending = sending;
    this.dueSweep = Infinity;
    this.#heard = false;
    this.#headDone = false;
    this.#interims = 0;
    try {
      const text = requestText(request);
      // What follows the head at once may leave with it.
      if (this.#connected && !sending.ended) this.#shared.turn.putOff(sending);
      this.outlet.say(text);
    } catch (error) {
      this.#heard = true;
      this.cut(error instanceof Error ? error : new Error(String(error)));
    }
    return sending;
  }

  onRoom(run: () => void): void {
    this.#whenRoomy.push(run);
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket.resume();
  }

  cut(error?: Error): void {
    this.#error ??= error;
    this.#socket.destroy();
  }

  late(): void {
    this.#socket.destroy();
  }

  readonly #onConnect = (): void => {
    this.#connectTimer.cancel();
    this.#connected = true;
    this.#sending?.settle();
  };

  readonly #onChunk = (chunk: Buffer): void => this.#onBytes(chunk, chunk.length);

  /** Those of the inbox are somebody else's after this. */
  #onBytes(chunk: Buffer, to: number): void {
    // An answer to nothing, or more than the answer: who knows what the next one would be.
    if (!this.#sending) return this.cut();
    this.#heard = true;
    let at = 0;
    while (!this.#headDone) {
      at = this.#readHead(chunk, at, to);
      if (at < 0) return;
    }
    if (at < to && this.#sending) this.#readBody(this.#sending, chunk, at, to);
  }

  #readHead(chunk: Buffer, from: number, to: number): number {
    const sending = this.#sending as Sending;
    const end = this.#head.read(chunk, from, to);
    if (this.#head.problem) this.cut(problemError(this.#head.problem));
    if (end < 0) return -1;
    const head = endpointHead(this.#head, sending.method);
    if ('why' in head) this.cut(problemError(head));
    else if (head.status === 101) this.#switch(sending, head, chunk.subarray(end, to));
    else if (head.status >= 200) {
      this.#begin(sending, head, to === end);
      return end;
    } else if (++this.#interims > MAX_INTERIM) this.cut(new Error('too many interim responses'));
    else {
      if (head.status !== 100) sending.informed(head);
      return end === to ? -1 : end;
    }
    return -1;
  }

  #begin(sending: Sending, head: EndpointHead, last: boolean): void {
    this.#headDone = true;
    this.#keepAlive = head.keepAlive && !this.#once;
    this.#body.begin(head.framing);
    const ends = this.#body.done;
    if (ends) this.#release(sending, last);
    sending.head(head, ends);
  }

  /** A part of the response's body, from its reader. */
  data(chunk: Buffer, from: number, to: number): void {
    this.#sending?.data(chunk === this.#shared.inbox ? copied(chunk, from, to) : part(chunk, from, to));
  }

  #readBody(sending: Sending, chunk: Buffer, from: number, to: number): void {
    const end = this.#body.read(chunk, from, this, to);
    if (this.#body.problem) return this.cut(problemError(this.#body.problem));
    if (!this.#body.done || this.#sending !== sending) return;
    this.#release(sending, end === to);
    sending.bodyEnded(this.#body.trailers);
  }

  /** The response is whole. The connection is kept where nothing is left over on either side. */
  #release(sending: Sending, last: boolean): void {
    this.#sending = undefined;
    this.#used = true;
    if (this.#paused) this.resume();
    if (this.#keepAlive && last && sending.ended && this.usable && this.#shelf.put(this))
      this.dueSweep = this.#shared.sweep.after(IDLE_MS);
    else this.#socket.destroySoon();
  }

  #switch(sending: Sending, { headers }: EndpointHead, early: Buffer): void {
    if (!sending.upgrades) return this.cut(new Error('the endpoint switched protocols unasked'));
    const socket = this.#socket;
    this.#sending = undefined;
    this.#shared.sweep.remove(this);
    socket.off('data', this.#onChunk);
    socket.off('drain', this.#onDrain);
    socket.off('end', this.#onEnd);
    sending.switched(headers, handOver(socket, early));
  }

  readonly #onDrain = (): void => {
    for (const run of this.#whenRoomy.splice(0)) run();
  };

  readonly #onEnd = (): void => {
    if (this.#sending && this.#headDone && this.#body.endsWithConnection) {
      const sending = this.#sending;
      this.#keepAlive = false;
      this.#release(sending, true);
      sending.bodyEnded([]);
    } else this.#socket.destroy();
  };

  readonly #onClose = (): void => {
    this.#connectTimer.cancel();
    this.#shared.sweep.remove(this);
    this.#shelf.remove(this);
    const sending = this.#sending;
    this.#sending = undefined;
    if (!sending) return;
    sending.failed({ error: this.#error ?? new Error(this.#whatItDid()), sent: this.#reached() });
  };

  #whatItDid(): string {
    return this.#headDone
      ? 'the endpoint closed the connection within the response'
      : 'the endpoint closed the connection without a response';
  }

  #reached(): UpstreamFailure['sent'] {
    if (this.#heard) return 'some';
    if (!this.#connected) return 'nothing';
    return this.#used ? 'reused' : 'some';
  }
}
