// Spans as an ExportTraceServiceRequest (opentelemetry-proto, trace v1).

import type { SpanRecord } from '../tracer.ts';
import type { Message } from './message.ts';
import type { Resource } from './parts.ts';
import { addAttributes, nanos, underResource } from './parts.ts';

const KINDS = { internal: 1, server: 2, client: 3 } as const;
const ERROR = 2;

export function encodeSpans(spans: readonly SpanRecord[], resource: Resource): Uint8Array {
  return underResource(resource, spans, span);
}

function span(to: Message, one: SpanRecord): void {
  to.hex(1, one.traceId).hex(2, one.spanId).text(3, one.traceState);
  if (one.parentSpanId) to.hex(4, one.parentSpanId);
  to.text(5, one.name).int(6, KINDS[one.kind]).fixed64(7, nanos(one.startMs)).fixed64(8, nanos(one.endMs));
  addAttributes(to, 9, one.attributes);
  for (const { name, atMs, attributes } of one.events)
    to.message(11, (event) => {
      event.fixed64(1, nanos(atMs)).text(2, name);
      addAttributes(event, 3, attributes);
    });
  const { error } = one;
  if (error !== undefined) to.message(15, (status) => status.text(2, error).int(3, ERROR));
  // Only what is sampled is recorded.
  to.fixed32(16, 1);
}
