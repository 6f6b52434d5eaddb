// Copies of requests for another target. A copy is made of what passes anyway; the request itself never waits for it.

import type { Duplex } from 'node:stream';
import type { Random } from '#base/mod.ts';
import type { Counter, Metrics } from '#telemetry/mod.ts';
import { ExchangeShell } from './exchange-shell.ts';
import type { BodySink, BodySource, Exchange } from './transport.ts';

/** Copies under way at once; what comes while there are so many is not copied. */
export const MAX_COPIES = 100;
/** A body beyond this is not copied. */
export const MAX_COPIED_BYTES = 1024 * 1024;

type Outcome = 'sent' | 'too-many' | 'too-large' | 'broken-off';

/** Sends a copy on, as if a client had sent it. */
type SendCopy = (copy: Exchange) => void;

export class Mirrors {
  readonly #random: Random;
  readonly #counter: Counter;
  #underWay = 0;

  constructor(random: Random, metrics: Metrics) {
    this.#random = random;
    this.#counter = metrics.counter('ebb.gateway.mirrored');
  }

  /** The exchange through which the request is to pass so that a copy of it comes about. Upgrades are not copied. */
  watch(exchange: Exchange, percent: number, send: SendCopy): Exchange {
    if (exchange.upgrade !== undefined || this.#random.next() * 100 >= percent) return exchange;
    if (this.#underWay >= MAX_COPIES) return this.#counted('too-many', exchange);
    if ((exchange.bodyLength ?? 0) > MAX_COPIED_BYTES) return this.#counted('too-large', exchange);
    this.#underWay++;
    const over = () => void this.#underWay--;
    const go = (chunks: readonly Uint8Array[]) => {
      this.#counted('sent', exchange);
      send(new Copy(exchange, chunks, over));
    };
    if (exchange.bodyLength !== 0) {
      const lost = (outcome: Outcome) => {
        over();
        this.#counted(outcome, exchange);
      };
      return new Watched(exchange, { whole: go, lost });
    }
    // After the request itself, which has the first right to a slot.
    queueMicrotask(() => go([]));
    return exchange;
  }

  #counted(outcome: Outcome, exchange: Exchange): Exchange {
    this.#counter.add({ outcome });
    return exchange;
  }
}

interface WatchEnd {
  readonly whole: (chunks: readonly Uint8Array[]) => void;
  readonly lost: (outcome: Outcome) => void;
}

/** Notes the body of a request as it passes. */
class Watched extends ExchangeShell implements BodySource {
  readonly #end: WatchEnd;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #over = false;

  constructor(inner: Exchange, end: WatchEnd) {
    super(inner);
    this.#end = end;
    inner.onClosed(() => this.#lose('broken-off'));
  }

  override get body(): BodySource {
    return this;
  }

  start(sink: BodySink): void {
    this.inner.body.start({
      data: (chunk) => {
        this.#keep(chunk);
        sink.data(chunk);
      },
      end: (trailers) => {
        sink.end(trailers);
        if (this.#over) return;
        this.#over = true;
        this.#end.whole(this.#chunks);
      },
      failed: (error) => {
        this.#lose('broken-off');
        sink.failed(error);
      },
    });
  }

  pause(): void {
    this.inner.body.pause();
  }

  resume(): void {
    this.inner.body.resume();
  }

  #keep(chunk: Uint8Array): void {
    if (this.#over) return;
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_COPIED_BYTES) this.#lose('too-large');
    else this.#chunks.push(chunk);
  }

  #lose(outcome: Outcome): void {
    if (this.#over) return;
    this.#over = true;
    this.#chunks = [];
    this.#end.lost(outcome);
  }
}

/** A request without a client: its body is there already, and nobody reads the answer. */
class Copy implements Exchange, BodySource {
  readonly version: Exchange['version'];
  readonly scheme: Exchange['scheme'];
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly headers: Exchange['headers'];
  readonly remoteAddress: string;
  readonly isOwn: boolean | undefined;
  readonly bodyLength: number;
  readonly upgrade = undefined;
  readonly extensible = false;
  headSent = false;
  readonly #chunks: readonly Uint8Array[];
  readonly #onOver: () => void;
  readonly #whenClosed: ((complete: boolean) => void)[] = [];
  #over = false;

  constructor(original: Exchange, chunks: readonly Uint8Array[], onOver: () => void) {
    this.version = original.version;
    this.scheme = original.scheme;
    this.method = original.method;
    this.target = original.target;
    this.authority = original.authority;
    this.headers = original.headers;
    this.remoteAddress = original.remoteAddress;
    this.isOwn = original.isOwn;
    this.bodyLength = chunks.reduce((sum, { length }) => sum + length, 0);
    this.#chunks = chunks;
    this.#onOver = onOver;
  }

  get body(): BodySource {
    return this;
  }

  start(sink: BodySink): void {
    for (const chunk of this.#chunks) sink.data(chunk);
    sink.end([]);
  }

  // All of the body is in memory, and bounded: there is nothing to hold back.
  pause(): void {}
  resume(): void {}
  inform(): void {}

  respond(_head: unknown, ends: boolean): void {
    this.headSent = true;
    if (ends) this.end();
  }

  write(): boolean {
    return true;
  }

  onDrain(run: () => void): void {
    run();
  }

  end(): void {
    this.#close(true);
  }

  switchProtocols(): Duplex {
    throw new Error('a copy of a request is not upgraded');
  }

  abort(): void {
    this.#close(false);
  }

  onClosed(run: (complete: boolean) => void): void {
    this.#whenClosed.push(run);
  }

  /** There is no client who could leave before. As with a real one, whoever ends it hears of that only after. */
  #close(complete: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#onOver();
    queueMicrotask(() => {
      for (const run of this.#whenClosed.splice(0)) run(complete);
    });
  }
}
