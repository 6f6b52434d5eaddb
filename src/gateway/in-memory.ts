// A request from within the process: through the gateway as one from outside, without a connection.

import type { Duplex } from 'node:stream';
import type { CancelSignal } from '#base/mod.ts';
import type { BodySink, BodySource, Exchange, RawHeaders, ResponseHead } from './transport.ts';

export interface InMemoryRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly authority: string;
  readonly scheme: 'http' | 'https';
  /** Without Host and framing. */
  readonly headers: RawHeaders;
  readonly body: Uint8Array;
  /** For whom it asks; itself unless told. */
  readonly remoteAddress?: string;
}

export interface InMemoryAnswer {
  readonly status: number;
  readonly headers: RawHeaders;
  readonly body: Uint8Array;
}

/** Who asks from within asks from this machine. */
const REMOTE = '127.0.0.1';

/** The answer has more bytes than may be held. */
export class AnswerTooLong extends Error {
  override readonly name = 'AnswerTooLong';

  constructor(maxBytes: number) {
    super(`the answer is longer than ${maxBytes} bytes`);
  }
}

/**
 * Resolves with the whole answer. Rejects with the signal's reason where it is aborted before, and where the answer is broken
 * off or longer than `maxBytes`.
 */
export function askInMemory(
  serve: (exchange: Exchange) => void,
  request: InMemoryRequest,
  { signal, maxBytes }: { readonly signal: CancelSignal; readonly maxBytes: number },
): Promise<InMemoryAnswer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => exchange.fail(signal.reason as Error);
    const exchange = new InMemoryExchange(request, maxBytes, (outcome) => {
      signal.removeEventListener('abort', onAbort);
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    });
    signal.addEventListener('abort', onAbort, { once: true });
    serve(exchange);
  });
}

class InMemoryExchange implements Exchange, BodySource {
  readonly version = '1.1';
  readonly isOwn = true;
  readonly remoteAddress: string;
  readonly upgrade = undefined;
  readonly extensible = false;
  readonly scheme: Exchange['scheme'];
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly headers: RawHeaders;
  readonly bodyLength: number;
  headSent = false;
  readonly #body: Uint8Array;
  readonly #maxBytes: number;
  readonly #onOver: (outcome: InMemoryAnswer | Error) => void;
  readonly #whenClosed: ((complete: boolean) => void)[] = [];
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #status = 0;
  #answered: RawHeaders = [];
  #isOver = false;

  constructor(request: InMemoryRequest, maxBytes: number, onOver: (outcome: InMemoryAnswer | Error) => void) {
    this.remoteAddress = request.remoteAddress ?? REMOTE;
    this.scheme = request.scheme;
    this.method = request.method;
    this.target = request.target;
    this.authority = request.authority;
    this.headers = request.headers;
    this.bodyLength = request.body.length;
    this.#body = request.body;
    this.#maxBytes = maxBytes;
    this.#onOver = onOver;
  }

  get body(): BodySource {
    return this;
  }

  start(sink: BodySink): void {
    if (this.#body.length > 0) sink.data(this.#body);
    sink.end([]);
  }

  // The whole body is in memory: there is nothing to hold back.
  pause(): void {}
  resume(): void {}
  inform(): void {}

  respond({ status, headers }: ResponseHead, ends: boolean): void {
    this.headSent = true;
    this.#status = status;
    this.#answered = headers;
    if (ends) this.end();
  }

  write(chunk: Uint8Array): boolean {
    if (this.#isOver) return true;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) this.fail(new AnswerTooLong(this.#maxBytes));
    else this.#chunks.push(Buffer.from(chunk));
    return true;
  }

  onDrain(run: () => void): void {
    run();
  }

  end(): void {
    const [first = NOTHING] = this.#chunks;
    const body = this.#chunks.length <= 1 ? first : Buffer.concat(this.#chunks);
    this.#close(true, { status: this.#status, headers: this.#answered, body });
  }

  switchProtocols(): Duplex {
    throw new Error('a request from within is not upgraded');
  }

  abort(): void {
    this.fail(new Error('the answer was broken off'));
  }

  onClosed(run: (complete: boolean) => void): void {
    this.#whenClosed.push(run);
  }

  /** Who asked does not want to know any more, or cannot be told. */
  fail(error: Error): void {
    this.#close(false, error);
  }

  /** As with a client outside, whoever ends it hears of that only after. */
  #close(complete: boolean, outcome: InMemoryAnswer | Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onOver(outcome);
    queueMicrotask(() => {
      for (const run of this.#whenClosed) run(complete);
    });
  }
}

const NOTHING = new Uint8Array(0);
