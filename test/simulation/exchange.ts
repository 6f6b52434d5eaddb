// A client and its request, as an HTTP engine would give it to the gateway.

import type { Duplex } from 'node:stream';
import { duplexPair } from 'node:stream';
import type { Clock, Random, Timer } from '#base/mod.ts';
import type { BodySink, BodySource, Exchange, RawHeaders, ResponseHead } from '#gateway/mod.ts';
import { ID_HEADER } from './applications.ts';
import { between, isLucky } from './chance.ts';
import type { Entry, Ledger } from './ledger.ts';
import { bodyLength, expectedText, MESSAGE, TEXT_PIECE } from './plans.ts';

const FULL_SHARE = 0.1;
const FULL_MS = 20;

export interface ClientPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly ledger: Ledger;
  readonly serve: (exchange: Exchange) => void;
}

/** Sends a request to a host; resolves when its fate is in the ledger. */
export function sendRequest(entry: Entry, host: string, ports: ClientPorts): Promise<void> {
  return new Promise((resolve) => {
    const exchange = new SimulatedExchange(entry, host, ports, resolve);
    ports.serve(exchange);
    exchange.mayLeave();
  });
}

class SimulatedExchange implements Exchange {
  readonly version = '1.1';
  readonly scheme = 'http';
  readonly method: string;
  readonly target = '/';
  readonly authority: string;
  readonly headers: RawHeaders;
  readonly remoteAddress = '127.0.0.1';
  readonly bodyLength: number | undefined;
  readonly upgrade: string | undefined;
  readonly body: BodySource;
  readonly extensible = false;
  headSent = false;
  readonly #entry: Entry;
  readonly #ports: ClientPorts;
  readonly #onOver: () => void;
  readonly #onClosed: ((complete: boolean) => void)[] = [];
  readonly #upload: Upload;
  #status = 0;
  #text = '';
  #pipe: Duplex | undefined;
  #leaving: Timer | undefined;
  #over = false;

  constructor(entry: Entry, host: string, ports: ClientPorts, onOver: () => void) {
    const { kind } = entry.plan;
    const length = bodyLength(entry.plan);
    this.#entry = entry;
    this.#ports = ports;
    this.#onOver = onOver;
    this.method = length > 0 ? 'POST' : 'GET';
    this.authority = host;
    this.headers = ['Host', host, ID_HEADER, entry.id];
    // Now and then a client does not say beforehand how much it will send.
    this.bodyLength = length > 0 && isLucky(ports.random, 0.5) ? undefined : length;
    this.upgrade = kind === 'upgrade' ? 'websocket' : undefined;
    this.#upload = new Upload(entry, ports);
    this.body = this.#upload;
  }

  /** Begins the client's patience, where it has an end. */
  mayLeave(): void {
    const { leavesAfterMs } = this.#entry.plan;
    if (leavesAfterMs === undefined || this.#over) return;
    this.#leaving = this.#ports.clock.after(leavesAfterMs, () => {
      this.#end(false, () => this.#ports.ledger.left(this.#entry));
      this.#pipe?.destroy();
      this.#upload.fail();
    });
  }

  inform(): void {}

  respond({ status }: ResponseHead, ends: boolean): void {
    this.headSent = true;
    this.#status = status;
    if (ends) this.end();
  }

  write(chunk: Uint8Array): boolean {
    this.#text += Buffer.from(chunk).toString();
    return !isLucky(this.#ports.random, FULL_SHARE);
  }

  onDrain(run: () => void): void {
    this.#ports.clock.after(between(this.#ports.random, 0, FULL_MS), run);
  }

  end(): void {
    this.#end(true, () => this.#judge(200));
  }

  switchProtocols(): Duplex {
    this.headSent = true;
    this.#status = 101;
    const [theirs, own] = duplexPair();
    this.#pipe = own;
    own.on('data', (chunk: Uint8Array) => (this.#text += Buffer.from(chunk).toString()));
    own.on('error', () => own.destroy());
    own.on('close', () => this.#end(true, () => this.#judge(101)));
    this.#talk(own, this.#entry.plan.pieces);
    return theirs;
  }

  abort(): void {
    if (this.#over) return;
    this.#pipe?.destroy();
    this.#end(false, () => this.#ports.ledger.lost(this.#entry, `it was broken off after status ${this.#status}`));
  }

  onClosed(run: (complete: boolean) => void): void {
    this.#onClosed.push(run);
  }

  #talk(pipe: Duplex, left: number): void {
    if (pipe.destroyed) return;
    if (left === 0) return void pipe.end();
    pipe.write(MESSAGE);
    this.#ports.clock.after(this.#entry.plan.gapMs, () => this.#talk(pipe, left - 1));
  }

  #judge(wanted: number): void {
    const { ledger, clock } = this.#ports;
    const expected = expectedText(this.#entry);
    if (this.#status !== wanted) ledger.lost(this.#entry, `answered ${this.#status} ${JSON.stringify(this.#text)}`);
    else if (this.#text !== expected)
      ledger.lost(this.#entry, `answered ${JSON.stringify(this.#text)}, not ${JSON.stringify(expected)}`);
    else ledger.answered(this.#entry, clock.monotonic());
  }

  #end(complete: boolean, enter: () => void): void {
    if (this.#over) return;
    this.#over = true;
    this.#leaving?.cancel();
    this.#upload.stop();
    enter();
    queueMicrotask(() => {
      for (const run of this.#onClosed) run(complete);
      this.#onOver();
    });
  }
}

/** The body that a client sends, piece by piece. */
class Upload implements BodySource {
  readonly #entry: Entry;
  readonly #clock: Clock;
  #left: number;
  #sink: BodySink | undefined;
  #timer: Timer | undefined;
  #paused = false;
  #over = false;

  constructor(entry: Entry, { clock }: ClientPorts) {
    this.#entry = entry;
    this.#clock = clock;
    this.#left = bodyLength(entry.plan) / TEXT_PIECE.length;
  }

  start(sink: BodySink): void {
    this.#sink = sink;
    this.#next();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (!this.#timer) this.#next();
  }

  /** The client goes away. */
  fail(): void {
    if (this.#left > 0) this.#sink?.failed(new Error('the client left'));
  }

  stop(): void {
    this.#over = true;
    this.#timer?.cancel();
  }

  #next(): void {
    if (this.#over || this.#paused || !this.#sink) return;
    if (this.#left === 0) {
      this.#over = true;
      return this.#sink.end([]);
    }
    this.#left--;
    this.#timer = this.#clock.after(this.#entry.plan.gapMs, () => {
      this.#timer = undefined;
      this.#sink?.data(Buffer.from(TEXT_PIECE));
      this.#next();
    });
  }
}
