// An exchange of HTTP with the ingress: its body taken up to a bound, the answer written.

import { messageOf } from '#base/mod.ts';
import type { Ingress, RequestHead } from './ingress.ts';
import type { IngressAnswer } from './refusals.ts';
import { refused } from './refusals.ts';

/** The part of a gateway's exchange that the ingress needs. */
export interface IngressExchange {
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly scheme: 'http' | 'https';
  readonly headers: readonly string[];
  readonly bodyLength: number | undefined;
  readonly body: { start(sink: IngressSink): void };
  respond(head: { readonly status: number; readonly headers: readonly string[] }, ends: boolean): void;
  write(chunk: Uint8Array): boolean;
  end(): void;
}

interface IngressSink {
  data(chunk: Uint8Array): void;
  end(): void;
  failed(error: Error): void;
}

export interface IngressLimits {
  /** Of one event. */
  readonly eventBytes: number;
  /** Of all bodies that are held at once, until their events are on the log. */
  readonly heldBytes: number;
}

export const INGRESS_LIMITS: IngressLimits = { eventBytes: 16 * 1024 * 1024, heldBytes: 128 * 1024 * 1024 };

const NO_BODY = new Uint8Array(0);

/** Serves exchanges of hosts that are the events' own. False: it is none of them, and nothing was done with it. */
export function serveIngress(
  ingress: Ingress,
  { eventBytes, heldBytes }: IngressLimits = INGRESS_LIMITS,
): (exchange: IngressExchange) => boolean {
  let held = 0;

  function collect(exchange: IngressExchange, take: (body: Uint8Array) => Promise<IngressAnswer>): void {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    let isOver = false;
    const finish = (answer: IngressAnswer) => {
      held -= bytes;
      bytes = 0;
      write(exchange, answer);
    };
    const refuse = (answer: IngressAnswer) => {
      isOver = true;
      chunks.length = 0;
      finish(answer);
    };
    exchange.body.start({
      data(chunk) {
        if (isOver) return;
        bytes += chunk.length;
        held += chunk.length;
        if (bytes > eventBytes) refuse(refused('too-large', `it may have ${eventBytes} bytes`));
        else if (held > heldBytes) refuse(refused('busy'));
        else chunks.push(chunk);
      },
      end() {
        if (isOver) return;
        isOver = true;
        take(whole(chunks)).then(finish, (error: unknown) => finish(refused('failed', messageOf(error))));
      },
      failed() {
        if (!isOver) refuse(refused('body-broken-off'));
      },
    });
  }

  return (exchange) => {
    const opened = ingress.open(headOf(exchange));
    if (!opened) return false;
    const { bodyLength = 0 } = exchange;
    if (opened.kind === 'answer') write(exchange, opened.answer);
    else if (bodyLength > eventBytes) write(exchange, refused('too-large', `it may have ${eventBytes} bytes`));
    else if (held + bodyLength > heldBytes) write(exchange, refused('busy'));
    else collect(exchange, opened.take);
    return true;
  };
}

function headOf(exchange: IngressExchange): RequestHead {
  const { method, target, authority, scheme, headers } = exchange;
  return { method, target, scheme, headers, host: plainHost(authority) };
}

/** Without port and trailing dot, in lower case. */
export function plainHost(authority: string): string {
  const end = authority.startsWith('[') ? authority.indexOf(']') + 1 : authority.indexOf(':');
  const host = (end > 0 ? authority.slice(0, end) : authority).toLowerCase();
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

function whole(chunks: readonly Uint8Array[]): Uint8Array {
  const [first = NO_BODY] = chunks;
  return chunks.length <= 1 ? first : Buffer.concat(chunks);
}

function write(exchange: IngressExchange, { status, headers, text }: IngressAnswer): void {
  const isEmpty = text === '' || exchange.method === 'HEAD';
  exchange.respond({ status, headers: [...headers, 'Content-Length', String(Buffer.byteLength(text))] }, isEmpty);
  if (isEmpty) return;
  exchange.write(Buffer.from(text));
  exchange.end();
}
