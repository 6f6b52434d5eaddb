// Metrics as an ExportMetricsServiceRequest (opentelemetry-proto, metrics v1). All sums are cumulative.

import type { Family, Sample } from '../metrics.ts';
import type { Message } from './message.ts';
import type { Resource } from './parts.ts';
import { addAttributes, nanos, typed, underResource } from './parts.ts';

const CUMULATIVE = 2;

/** The time the counting began, and the time of the reading, in wall milliseconds. */
export interface Period {
  readonly startMs: number;
  readonly nowMs: number;
}

export function encodeMetrics(families: readonly Family[], resource: Resource, period: Period): Uint8Array {
  return underResource(resource, families, (to, family) => metric(to, family, period));
}

/** Which field of a Metric holds the points. */
const DATA = { gauge: 5, counter: 7, updown: 7, histogram: 9 } as const;

function metric(to: Message, family: Family, period: Period): void {
  const { name, help, unit, type, samples } = family;
  const point = type === 'histogram' ? histogramPoint : numberPoint;
  to.text(1, name)
    .text(2, help)
    .text(3, unit)
    .message(DATA[type], (data) => {
      for (const sample of samples) data.message(1, (one) => point(one, family, sample, period));
      if (type !== 'gauge') data.int(2, CUMULATIVE);
      data.int(3, type === 'counter');
    });
}

function numberPoint(to: Message, { type }: Family, { labels, value }: Sample, { startMs, nowMs }: Period): void {
  addAttributes(to, 7, typed(labels));
  // A gauge has no beginning.
  if (type !== 'gauge') to.fixed64(2, nanos(startMs));
  to.fixed64(3, nanos(nowMs)).double(4, value);
}

/** Here each bucket counts what is in it alone, and the last is that beyond all bounds. */
function histogramPoint(
  to: Message,
  { bounds }: Family,
  { labels, value, buckets = [], count = 0 }: Sample,
  { startMs, nowMs }: Period,
): void {
  const own = buckets.map((below, i) => below - (buckets[i - 1] ?? 0));
  addAttributes(to, 9, typed(labels));
  to.fixed64(2, nanos(startMs))
    .fixed64(3, nanos(nowMs))
    .fixed64(4, BigInt(count))
    .double(5, value)
    .packedFixed64(6, own)
    .packedDouble(7, bounds);
}
