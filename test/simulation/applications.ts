// Processes that answer requests, and the ports at which they are found. A process takes what it is given, one limit aside.

import type { Duplex } from 'node:stream';
import { duplexPair } from 'node:stream';
import type { Clock } from '#base/mod.ts';
import type { RawHeaders, UpstreamRequest } from '#gateway/mod.ts';
import type { Entry, Ledger } from './ledger.ts';
import type { Moments } from './moments.ts';
import { TEXT_PIECE, wholeAnswer } from './plans.ts';

/** The way back to whoever sent a request. */
export interface Reply {
  head(status: number, headers: RawHeaders): void;
  piece(text: string): void;
  end(): void;
  switched(pipe: Duplex): void;
  /** The process died under the request. */
  cut(why: string): void;
}

/** A port is given again as soon as it is free, so that a stray request would find somebody else. */
const FIRST_PORT = 31_000;
export const ID_HEADER = 'x-simulation-id';

export interface NetworkPorts {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly moments: Moments;
}

/** All processes of the machine by the port they listen at. */
export class Network {
  readonly ports: NetworkPorts;
  readonly #listening = new Map<number, Application>();
  readonly #free: number[] = [];
  #next = FIRST_PORT;

  constructor(ports: NetworkPorts) {
    this.ports = ports;
  }

  takePort(): number {
    return this.#free.pop() ?? this.#next++;
  }

  givePort(port: number): void {
    this.#free.push(port);
  }

  listen(port: number, application: Application): void {
    this.#listening.set(port, application);
  }

  close(port: number, application: Application): void {
    if (this.#listening.get(port) === application) this.#listening.delete(port);
  }

  find(port: number): Application | undefined {
    return this.#listening.get(port);
  }
}

export class Application {
  readonly name: string;
  readonly service: string;
  /** Its Pod is on the way out. */
  isLeaving = false;
  isGone = false;
  wasTerminated = false;
  readonly #limit: number;
  readonly #ports: NetworkPorts;
  readonly #inHand = new Set<Handling>();
  #whenIdle: (() => void) | undefined;

  /** `limit` is how many requests it may ever have at once; 0: any number. */
  constructor(name: string, service: string, limit: number, ports: NetworkPorts) {
    this.name = name;
    this.service = service;
    this.#limit = limit;
    this.#ports = ports;
  }

  get inFlight(): number {
    return this.#inHand.size;
  }

  accept(request: UpstreamRequest, reply: Reply): Handling {
    const { ledger, clock } = this.#ports;
    const at = request.fields.list.indexOf(ID_HEADER);
    const entry = ledger.find(request.fields.list[at + 1] ?? '');
    if (!entry) throw new Error(`${this.name} got a request that nobody waits for`);
    ledger.heard(entry, this.name);
    if (entry.service !== this.service) ledger.breach(entry.service, `${entry.id} came to ${this.name}`);
    if (this.wasTerminated) ledger.breach(this.service, `${entry.id} came to ${this.name} after its SIGTERM`);
    const handling = new Handling(entry, this.name, reply, clock, () => this.#done(handling));
    this.#inHand.add(handling);
    this.#checkLimit(entry);
    return handling;
  }

  /** Runs once nothing is in hand. */
  whenIdle(run: () => void): void {
    if (this.inFlight === 0) run();
    else this.#whenIdle = run;
  }

  /** The end of the process; what it still has in hand dies with it. */
  die(): void {
    this.isGone = true;
    for (const handling of this.#inHand) {
      this.#ports.ledger.breach(this.service, `${this.name} ended while it had ${handling.entry.id} in hand`);
      handling.die();
    }
    this.#inHand.clear();
  }

  /** Called just before the gateway hears the end of an answer. */
  aboutToRelease(): void {
    if (this.isLeaving && this.inFlight === 0) this.#ports.moments.reach(this.service, 'last release');
  }

  #checkLimit(entry: Entry): void {
    if (this.#limit === 0 || this.inFlight <= this.#limit) return;
    this.#ports.ledger.counts.overLimit++;
    this.#ports.ledger.breach(this.service, `${this.name} has ${this.inFlight} requests with ${entry.id}`);
  }

  #done(handling: Handling): void {
    if (!this.#inHand.delete(handling) || this.inFlight > 0) return;
    this.#whenIdle?.();
    this.#whenIdle = undefined;
  }
}

/** One request in the hands of a process. */
export class Handling {
  readonly entry: Entry;
  readonly #name: string;
  readonly #reply: Reply;
  readonly #clock: Clock;
  readonly #onDone: () => void;
  #received = 0;
  #pipe: Duplex | undefined;
  #over = false;

  constructor(entry: Entry, name: string, reply: Reply, clock: Clock, onDone: () => void) {
    this.entry = entry;
    this.#name = name;
    this.#reply = reply;
    this.#clock = clock;
    this.#onDone = onDone;
    if (entry.plan.kind === 'upgrade') this.#later(entry.plan.workMs, () => this.#switch());
  }

  data(chunk: Uint8Array): void {
    this.#received += chunk.length;
  }

  bodyEnded(): void {
    const { kind, workMs, pieces, gapMs } = this.entry.plan;
    if (kind === 'upgrade') return;
    this.#later(workMs, () => {
      this.#reply.head(200, ['Content-Type', 'text/plain']);
      if (kind === 'stream') this.#stream(pieces, gapMs);
      else this.#finish();
    });
  }

  /** Whoever sent it wants no answer any more. */
  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#pipe?.destroy();
    this.#onDone();
  }

  die(): void {
    if (this.#over) return;
    this.#over = true;
    this.#pipe?.destroy();
    this.#reply.cut(`${this.#name} ended`);
  }

  #stream(left: number, gapMs: number): void {
    if (left === 0) return this.#finish();
    this.#reply.piece(TEXT_PIECE);
    this.#later(gapMs, () => this.#stream(left - 1, gapMs));
  }

  #finish(): void {
    this.#reply.piece(wholeAnswer(this.entry, this.#received, this.#name));
    this.#over = true;
    this.#onDone();
    this.#reply.end();
  }

  /** Says back whatever comes, as long as the other side talks. */
  #switch(): void {
    const [theirs, own] = duplexPair();
    this.#pipe = own;
    own.on('data', (chunk: Uint8Array) => own.write(chunk));
    own.on('end', () => own.end());
    own.on('error', () => own.destroy());
    own.on('close', () => this.cancel());
    this.#reply.switched(theirs);
  }

  #later(ms: number, run: () => void): void {
    this.#clock.after(ms, () => {
      if (!this.#over) run();
    });
  }
}
