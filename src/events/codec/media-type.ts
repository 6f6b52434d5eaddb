// Media types: whether one is well formed (RFC 2045 §5.1, as Knative reads it), and what it says of data. Those seen are remembered.

export interface MediaType {
  /** Type and subtype, lower case, without parameters. */
  readonly name: string;
  /** A subtype of `json`, or one that ends with `+json`: data stands in the JSON format as a JSON value. */
  readonly json: boolean;
  /** Text in it is UTF-8: no other charset is named. */
  readonly utf8: boolean;
}

const TOKEN = "[!#$%&'*+.^_`|~\\w-]+";
/** No line ends: the text becomes a header. */
const SPACE = '[\\t ]*';
const NAME = new RegExp(`^${SPACE}(${TOKEN}(?:/${TOKEN})?)${SPACE}(?=;|$)`);
const QUOTED = '"(?:[\\t\\x20!#-\\[\\]-~]|\\\\[\\t\\x20-~])*"';
const PARAMETER = new RegExp(`${SPACE};${SPACE}(${TOKEN})${SPACE}=${SPACE}(${TOKEN}|${QUOTED})${SPACE}`, 'y');
const END = new RegExp(`(?:${SPACE};)?${SPACE}$`, 'y');
const UTF8_CHARSETS: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii']);

const MAX_SEEN = 1000;
const MAX_SEEN_LENGTH = 128;
const seen = new Map<string, MediaType | undefined>();

/** What a media type says; undefined where it is none. */
export function mediaType(text: string): MediaType | undefined {
  const known = seen.get(text);
  if (known !== undefined || seen.has(text)) return known;
  const read = readMediaType(text);
  if (seen.size < MAX_SEEN && text.length <= MAX_SEEN_LENGTH) seen.set(text, read);
  return read;
}

function readMediaType(text: string): MediaType | undefined {
  const head = NAME.exec(text);
  if (!head) return undefined;
  const parameters = readParameters(text, head[0].length);
  if (!parameters) return undefined;
  const name = (head[1] ?? '').toLowerCase();
  const charset = parameters.get('charset')?.toLowerCase() ?? 'utf-8';
  return { name, json: /[/+]json$/.test(name) && name.includes('/'), utf8: UTF8_CHARSETS.has(charset) };
}

/** Undefined where one is not well formed, or stands twice. */
function readParameters(text: string, from: number): Map<string, string> | undefined {
  const out = new Map<string, string>();
  let at = from;
  for (;;) {
    PARAMETER.lastIndex = at;
    const found = PARAMETER.exec(text);
    if (!found) break;
    const [whole, name = '', value = ''] = found;
    if (out.has(name.toLowerCase())) return undefined;
    out.set(name.toLowerCase(), value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value);
    at += whole.length;
  }
  END.lastIndex = at;
  return END.test(text) ? out : undefined;
}
