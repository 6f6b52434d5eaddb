// W3C trace context, level 1: the `traceparent` header.

import type { Random } from '#base/mod.ts';

export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero: the span of whoever sent the header. */
  readonly spanId: string;
  readonly sampled: boolean;
}

/** What the header says, or undefined where it must be ignored (§3.2: malformed, or version ff). */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(header?.trim() ?? '');
  if (!match) return undefined;
  const [, version = '', traceId = '', spanId = '', flags = '', more] = match;
  // Version 00 has exactly four fields; a later one may have more, and is read as far as 00 goes.
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** The header for a context, in version 00. */
export function makeTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** A new span: within `parent`'s trace, or in a trace of its own. */
export function childContext(random: Random, parent?: TraceContext): TraceContext {
  return { traceId: parent?.traceId ?? hex(random, 32), spanId: hex(random, 16), sampled: parent?.sampled ?? false };
}

/** Whether a trace is among the share `rate`: the same for all who ask of the same trace, as OpenTelemetry's ratio sampler. */
export function sampledByRate(traceId: string, rate: number): boolean {
  // The 52 highest of the last 64 bits: as much as a number holds exactly.
  const bits = Number.parseInt(traceId.slice(16, 29), 16) / 2 ** 52;
  return bits < rate;
}

/** Four bytes at a time. */
function hex(random: Random, digits: number): string {
  let out = '';
  while (out.length < digits)
    out += Math.floor(random.next() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return /^0+$/.test(out) ? `${out.slice(1)}1` : out;
}
