// Which headers go with an event from its producer to its consumers, and from an answer to its reply. Pure.

const NAMES = new Set(['x-request-id', 'retry-after', 'traceparent', 'tracestate']);
const PREFIXES = ['knative-', 'x-b3-'];
const NONE: readonly string[] = [];

/** Names and values by turns; of a field that comes several times each. */
export function passThrough(headers: readonly string[]): readonly string[] {
  let out: string[] | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (mayPass(name)) (out ??= []).push(name, headers[i + 1] ?? '');
  }
  return out ?? NONE;
}

/** Nearly all are told by their first letter. */
function mayPass(name: string): boolean {
  const first = name.charCodeAt(0) | 32;
  if (first !== 0x78 && first !== 0x72 && first !== 0x74 && first !== 0x6b) return false;
  const lower = name.toLowerCase();
  return NAMES.has(lower) || PREFIXES.some((prefix) => lower.startsWith(prefix));
}
