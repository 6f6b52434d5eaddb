// Header lists as node:http2 wants them: lower-case names, trailers as an object.

import type { OutgoingHttpHeaders } from 'node:http2';
import type { RawHeaders } from '../transport.ts';

/** HTTP/2 has no reason, no connection fields, and only lower-case names (RFC 9113 §8.2). */
export function lowerNames(headers: RawHeaders): string[] {
  return headers.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
}

export function trailerFields(trailers: RawHeaders): OutgoingHttpHeaders {
  const out: Record<string, string | string[]> = {};
  for (let i = 0; i < trailers.length; i += 2) {
    const name = (trailers[i] ?? '').toLowerCase();
    const value = trailers[i + 1] ?? '';
    const there = out[name];
    out[name] = there === undefined ? value : [...(Array.isArray(there) ? there : [there]), value];
  }
  return out;
}
