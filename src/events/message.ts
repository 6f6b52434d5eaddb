// Events as messages of HTTP: what the rest of the room asks the codec for.

import { decodeHttp, encodeBinary, encodeStructured } from './codec/http.ts';
import type { CloudEvent } from './event.ts';

/** What a request or answer holds: an event, something else, or an event that breaks the rules, with what is wrong. */
export type Decoded =
  | { readonly kind: 'event'; readonly event: CloudEvent }
  | { readonly kind: 'none'; readonly why: string }
  | { readonly kind: 'bad'; readonly why: string };

/** Header names and values by turns. */
export interface Encoded {
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/** The codec. */
export interface Codec {
  decode(headers: readonly string[], body: Uint8Array): Decoded;
  encode(event: CloudEvent, format: 'binary' | 'json'): Encoded;
}

/** Events by the HTTP binding of CloudEvents: binary and structured in, what is asked for out. Batches are not asked for. */
export const httpCodec: Codec = {
  decode(headers, body) {
    const decoded = decodeHttp(headers, body);
    switch (decoded.outcome) {
      case 'event':
        return { kind: 'event', event: decoded.event };
      case 'batch':
        return { kind: 'bad', why: 'one event is expected, but this is a batch' };
      case 'no-event':
        return { kind: 'none', why: decoded.problem };
      case 'malformed':
        return { kind: 'bad', why: decoded.problem };
    }
  },
  encode: (event, format) => (format === 'json' ? encodeStructured(event) : encodeBinary(event)),
};
