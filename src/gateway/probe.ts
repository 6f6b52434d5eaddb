// Probes of the network: ingress probers, autoscalers and activators ask the data plane itself, never the application.

import { headerValue } from './headers.ts';
import { answerText } from './health.ts';
import type { RefusalReason } from './refusals.ts';
import type { Exchange } from './transport.ts';

export interface ProbeFacts {
  readonly exchange: Exchange;
  readonly probe: string;
  readonly set: Readonly<Record<string, string>>;
  readonly hash: string | undefined;
  readonly ready: () => boolean;
  readonly turnAway: (reason: RefusalReason, body?: string) => void;
}

/** A prober that says this wants to know which state of the ingress is in force, instead of having its word back. */
const HASH_IN_FORCE = 'override';

export function answerProbe({ exchange, probe, set, hash: inForce, ready, turnAway }: ProbeFacts): void {
  if (probe === 'probe') {
    const asked = headerValue(exchange.headers, 'k-network-hash');
    const hash = valueOf(set, 'k-network-hash') ?? (asked === HASH_IN_FORCE ? (inForce ?? asked) : asked);
    if (!hash) return turnAway('probe-without-hash');
    return exchange.respond({ status: 200, headers: ['K-Network-Hash', hash, 'Content-Length', '0'] }, true);
  }
  if (probe === 'queue' && !ready()) return turnAway('not-ready');
  if (probe === 'activator' || probe === 'queue') return answerText(exchange, 200, probe);
  turnAway('unknown-probe', `unexpected probe header value: ${probe}\n`);
}

function valueOf(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  for (const [field, value] of Object.entries(headers)) if (field.toLowerCase() === name) return value;
  return undefined;
}
