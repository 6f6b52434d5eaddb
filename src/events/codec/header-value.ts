// Attribute values as values of HTTP fields: percent-encoded, and back (CloudEvents HTTP binding 1.0.2 §3.1.3.2).
//
// Many SDKs, Go's among them, neither encode nor decode. For text the binding is followed all the same. In a URI an escape such as
// %20 belongs to the URI as much as to the binding; there only what no proper URI contains but by the binding, escaped percent
// signs alone, is undone. So `http://host/a%20b` stays what it is, whoever sent it.

/** `uri` for `source`, `dataschema` and `schemaurl`. */
export type ValueKind = 'text' | 'uri';

/** What needs no encoding: printable ASCII without space, double quote and percent sign. */
const PLAIN = /^[!#$&-~]*$/;
const NOT_PLAIN = /[^!#$&-~]+/gu;
/** As above, but a percent sign may stay. */
const NOT_URI = /[^!#-~]+/gu;
const ESCAPES = /(?:%[\da-f]{2})+/gi;
const QUOTED = /^"(?:[^"\\]|\\.)*"$/s;
const ABOVE_ASCII = /[\u0080-\u00ff]/;
const ABOVE_LATIN = /[^\0-\u00ff]/;
const PERCENT_NOT_ESCAPED = /%(?!25)/;

/** Whether a value stands for itself, written and read. */
export function isPlain(text: string): boolean {
  return PLAIN.test(text);
}

/** The field value for an attribute's text. */
export function encodeHeaderValue(text: string, kind: ValueKind): string {
  if (PLAIN.test(text)) return text;
  if (kind === 'text') return text.replaceAll(NOT_PLAIN, escape);
  const uri = text.replaceAll(NOT_URI, escape);
  return PERCENT_NOT_ESCAPED.test(uri) ? uri : uri.replaceAll('%', '%25');
}

/** What a field value means. Undefined where it has escapes that are no UTF-8. Bytes above ASCII count as UTF-8 where they are. */
export function decodeHeaderValue(value: string, kind: ValueKind): string | undefined {
  if (PLAIN.test(value)) return value;
  const text = unquote(ABOVE_ASCII.test(value) && !ABOVE_LATIN.test(value) ? asUtf8(value) : value);
  if (!text.includes('%')) return text;
  if (kind === 'uri') return PERCENT_NOT_ESCAPED.test(text) ? text : text.replaceAll('%25', '%');
  return unescape(text);
}

function escape(run: string): string {
  let out = '';
  for (const byte of Buffer.from(run)) out += `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`;
  return out;
}

function unescape(text: string): string | undefined {
  let valid = true;
  const out = text.replaceAll(ESCAPES, (run) => {
    const decoded = utf8(Buffer.from(run.replaceAll('%', ''), 'hex'));
    valid &&= decoded !== undefined;
    return decoded ?? '';
  });
  return valid ? out : undefined;
}

/** A value that is one quoted string (RFC 9110 §5.6.4) means what is in it; any other is as it stands. */
function unquote(value: string): string {
  return QUOTED.test(value) ? value.slice(1, -1).replaceAll(/\\(.)/gs, '$1') : value;
}

function asUtf8(value: string): string {
  return utf8(Buffer.from(value, 'latin1')) ?? value;
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}
