// Every way the gateway itself says no: status, body, reason header, and a count of each.

import type { Clock } from '#base/mod.ts';
import type { Counter, Metrics } from '#telemetry/mod.ts';
import type { RefusalCount } from './control.ts';
import type { Exchange, RawHeaders } from './transport.ts';

/** The header that names the reason. */
export const REFUSAL_HEADER = 'ebb-refusal';

export interface RefusalText {
  readonly status: number;
  /** Ends with a line break, but for timeouts. */
  readonly body: string;
}

/** Bodies that clients of an activator or queue-proxy read are spelled as there (§5.3, §5.4). */
export const REFUSALS = {
  'no-route': { status: 404, body: 'no route has this host and path\n' },
  /** The same, as long as not all routes have been told. */
  'not-told': { status: 503, body: 'which routes there are is not known yet\n' },
  'no-target': { status: 503, body: 'the route leads to no known revision\n' },
  'target-gone': { status: 503, body: 'the revision was removed while the request waited\n' },
  'queue-full': { status: 503, body: 'pending request queue full\n' },
  /** The same, where the revision asks for it to be said so. */
  'too-many-requests': { status: 429, body: 'pending request queue full\n' },
  'wait-too-long': { status: 503, body: 'context deadline exceeded\n' },
  timeout: { status: 504, body: 'request timeout' },
  upstream: { status: 502, body: 'the endpoint failed\n' },
  'rewrite-loop': { status: 508, body: 'hosts are rewritten in a circle\n' },
  'probe-without-hash': { status: 400, body: 'a probe request must contain a non-empty "K-Network-Hash" header\n' },
  'unknown-probe': { status: 400, body: 'unexpected probe header value\n' },
  'not-ready': { status: 503, body: 'no endpoint is ready\n' },
  malformed: { status: 400, body: 'malformed request\n' },
  // What asynchronous invocations say no to.
  'async-setting': { status: 400, body: 'a header of the asynchronous invocation cannot be read\n' },
  'async-callback': { status: 400, body: 'the result cannot be sent there\n' },
  'async-body-broken-off': { status: 400, body: 'the body was broken off\n' },
  'async-too-large': { status: 413, body: 'the body is larger than is kept\n' },
  'async-key-reused': { status: 422, body: 'the idempotency key came with another request before\n' },
  'async-full': { status: 429, body: 'too many invocations wait already\n' },
  'async-busy': { status: 429, body: 'more comes in than can be written at the moment\n' },
  'async-disk-full': { status: 507, body: 'there is no room left on the disk\n' },
  'async-unavailable': { status: 503, body: 'asynchronous invocations cannot be taken at the moment\n' },
  'async-unknown': { status: 404, body: 'the service has no such invocation, or no longer\n' },
  'async-method': { status: 405, body: 'an invocation is asked for by GET and cancelled by DELETE\n' },
  'async-over': { status: 409, body: 'the invocation is over already\n' },
  'async-unfinished': { status: 404, body: 'the invocation has no result yet\n' },
  'async-cancelled': { status: 410, body: 'the invocation was cancelled\n' },
  'async-no-answer': { status: 502, body: 'no attempt had an answer\n' },
} as const satisfies Record<string, RefusalText>;

/** When to try again what passes soon: a place in line is seldom taken for longer, and routes come soon after the start. */
const RETRY_AFTER_SECONDS = 1;

export type RefusalReason = keyof typeof REFUSALS;

/** Answers an exchange whose head was not sent, with the text of the reason unless another is given. */
export function refuse(
  exchange: Exchange,
  reason: RefusalReason,
  body: string = REFUSALS[reason].body,
  more: RawHeaders = [],
): void {
  const bytes = Buffer.from(body);
  const headers = [
    'Content-Type',
    'text/plain; charset=utf-8',
    'X-Content-Type-Options',
    'nosniff',
    'Content-Length',
    String(bytes.length),
    REFUSAL_HEADER,
    reason,
    ...more,
  ];
  if (REFUSALS[reason].status === 429 || reason === 'not-told')
    headers.push('Retry-After', String(RETRY_AFTER_SECONDS));
  const empty = exchange.method === 'HEAD' || bytes.length === 0;
  exchange.respond({ status: REFUSALS[reason].status, headers }, empty);
  if (empty) return;
  exchange.write(bytes);
  exchange.end();
}

/** How many series are kept; the one that was touched longest ago goes first. */
const MAX_KEPT = 10_000;

/** Counts refusals by target and reason. */
export class RefusalLedger {
  readonly #clock: Clock;
  readonly #counter: Counter;
  readonly #kept = new Map<string, { target: string; reason: string; count: number; lastAt: number }>();

  constructor(clock: Clock, metrics: Metrics) {
    this.#clock = clock;
    this.#counter = metrics.counter('ebb.gateway.refusals');
  }

  /** `target` is empty where none was found. */
  count(target: string, reason: string): void {
    this.#counter.add({ target, reason });
    const key = `${target}\n${reason}`;
    const entry = this.#kept.get(key) ?? { target, reason, count: 0, lastAt: 0 };
    entry.count++;
    entry.lastAt = this.#clock.now();
    this.#kept.delete(key);
    this.#kept.set(key, entry);
    const oldest = this.#kept.size > MAX_KEPT ? this.#kept.keys().next().value : undefined;
    if (oldest !== undefined) this.#kept.delete(oldest);
  }

  list(): RefusalCount[] {
    return [...this.#kept.values()].map((entry) => ({ ...entry }));
  }
}
