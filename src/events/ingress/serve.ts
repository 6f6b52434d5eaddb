// An exchange of HTTP with the ingress: its body taken up to a bound, the answer written.

import { messageOf } from '#base/mod.ts';
import type { Bodied, BodyFault, BodyLimits } from './bodies.ts';
import { Bodies } from './bodies.ts';
import type { Ingress, RequestHead } from './ingress.ts';
import type { IngressAnswer } from './refusals.ts';
import { ACCEPTED, refused } from './refusals.ts';

/** The part of a gateway's exchange that the ingress needs. */
export interface IngressExchange extends Bodied {
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly scheme: 'http' | 'https';
  readonly headers: readonly string[];
  respond(head: { readonly status: number; readonly headers: readonly string[] }, ends: boolean): void;
  write(chunk: Uint8Array): boolean;
  end(): void;
  /** Runs once when it is over. */
  onClosed(run: () => void): void;
}

export const INGRESS_LIMITS: BodyLimits = { bodyBytes: 16 * 1024 * 1024, heldBytes: 128 * 1024 * 1024 };

/** Serves exchanges of hosts that are the events' own. False: it is none of them, and nothing was done with it. */
export function serveIngress(
  ingress: Ingress,
  limits: BodyLimits = INGRESS_LIMITS,
): (exchange: IngressExchange) => boolean {
  const bodies = new Bodies(limits);
  return (exchange) => {
    const opened = ingress.open(headOf(exchange));
    if (!opened) return false;
    if (opened.kind === 'answer') {
      write(exchange, opened.answer);
      return true;
    }
    const { take, waits } = opened;
    const signal = waits ? endOf(exchange) : undefined;
    bodies.take(
      exchange,
      (body) => {
        const answered = answerTo(exchange, () => take(body, signal), signal);
        // What waits for a reply does not hold the body meanwhile.
        return waits ? Promise.resolve() : answered;
      },
      (fault) => write(exchange, refusedBody(fault, limits)),
    );
    return true;
  };
}

/** Never rejects. */
function answerTo(
  exchange: IngressExchange,
  ask: () => Promise<IngressAnswer>,
  over: AbortSignal | undefined,
): Promise<void> {
  const tell = (answer: IngressAnswer) => (over?.aborted ? undefined : write(exchange, answer));
  const failed = (error: unknown) => tell(refused('failed', messageOf(error)));
  try {
    return ask().then(tell, failed);
  } catch (error) {
    return Promise.resolve(failed(error));
  }
}

/** Aborted once the exchange is over. */
function endOf(exchange: IngressExchange): AbortSignal {
  const end = new AbortController();
  exchange.onClosed(() => end.abort());
  return end.signal;
}

function refusedBody(fault: BodyFault, { bodyBytes }: BodyLimits): IngressAnswer {
  if (fault === 'too-large') return refused('too-large', `it may have ${bodyBytes} bytes`);
  return refused(fault === 'busy' ? 'busy' : 'body-broken-off');
}

function headOfAnswer(answer: IngressAnswer) {
  return { status: answer.status, headers: [...answer.headers, 'Content-Length', String(bodyOf(answer).length)] };
}

function bodyOf({ text, body }: IngressAnswer): Uint8Array {
  return body ?? Buffer.from(text);
}

/** Made once: an engine that gets the same fields again need not look through them again. */
const ACCEPTED_HEAD = headOfAnswer(ACCEPTED);

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

function write(exchange: IngressExchange, answer: IngressAnswer): void {
  if (answer === ACCEPTED) return exchange.respond(ACCEPTED_HEAD, true);
  const body = bodyOf(answer);
  const isEmpty = body.length === 0 || exchange.method === 'HEAD';
  exchange.respond(headOfAnswer(answer), isEmpty);
  if (isEmpty) return;
  exchange.write(body);
  exchange.end();
}
