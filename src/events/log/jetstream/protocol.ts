// NATS' wire protocol, as much of it as a client needs that publishes, asks, and has one inbox: no sockets here.

export interface NatsMessage {
  readonly subject: string;
  readonly headers: ReadonlyMap<string, string>;
  /** Of its header line, where it has one: 503 says that nobody listens at the subject. */
  readonly status: number | undefined;
  readonly payload: Buffer;
}

export type ServerWord =
  | { readonly kind: 'message'; readonly message: NatsMessage }
  | { readonly kind: 'ping' | 'pong' | 'ok' }
  | { readonly kind: 'info'; readonly info: ServerInfo }
  | { readonly kind: 'error'; readonly text: string };

/** What a server says of itself when a connection begins; the rest of it is of no use here. */
export interface ServerInfo {
  readonly version?: string;
  readonly headers?: boolean;
  readonly tls_required?: boolean;
  readonly max_payload?: number;
}

const CRLF = Buffer.from('\r\n');
const HEADER_LINE = 'NATS/1.0';

/** Takes bytes as they come and gives words as they are whole. */
export class NatsParser {
  #rest: Buffer = Buffer.alloc(0);

  /** Throws where the bytes are no NATS. */
  take(chunk: Buffer): ServerWord[] {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    const words: ServerWord[] = [];
    let at = 0;
    for (;;) {
      const found = wordAt(bytes, at);
      if (!found) break;
      words.push(found.word);
      at = found.end;
    }
    this.#rest = bytes.subarray(at);
    return words;
  }
}

function wordAt(bytes: Buffer, at: number): { readonly word: ServerWord; readonly end: number } | undefined {
  const line = bytes.indexOf(CRLF, at);
  if (line < 0) return undefined;
  const text = bytes.toString('utf8', at, line);
  const [verb = '', ...parts] = text.split(' ');
  const end = line + CRLF.length;
  switch (verb.toUpperCase()) {
    case 'MSG':
    case 'HMSG':
      return messageAt(bytes, end, verb.toUpperCase() === 'HMSG', parts);
    case 'PING':
      return { word: { kind: 'ping' }, end };
    case 'PONG':
      return { word: { kind: 'pong' }, end };
    case '+OK':
      return { word: { kind: 'ok' }, end };
    case 'INFO':
      return { word: { kind: 'info', info: JSON.parse(text.slice(verb.length)) as ServerInfo }, end };
    case '-ERR':
      return { word: { kind: 'error', text: text.slice(verb.length).trim().replaceAll("'", '') }, end };
    default:
      throw new Error(`a word of NATS was expected from the server, but it said ${JSON.stringify(text.slice(0, 40))}`);
  }
}

/** `MSG subject sid [reply] size` or `HMSG subject sid [reply] headers size`, and so many bytes. */
function messageAt(bytes: Buffer, from: number, hasHeaders: boolean, parts: readonly string[]) {
  const size = Number(parts.at(-1));
  const head = hasHeaders ? Number(parts.at(-2)) : 0;
  if (bytes.length < from + size + CRLF.length) return undefined;
  const { headers, status } = headersOf(bytes.toString('utf8', from, from + head));
  const payload = bytes.subarray(from + head, from + size);
  const message: NatsMessage = { subject: parts[0] ?? '', headers, status, payload };
  return { word: { kind: 'message', message } as const, end: from + size + CRLF.length };
}

function headersOf(text: string): { headers: Map<string, string>; status: number | undefined } {
  const [first = '', ...lines] = text.split('\r\n');
  const code = Number.parseInt(first.slice(HEADER_LINE.length).trim(), 10);
  const pairs = lines.filter(Boolean).map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { headers: new Map(pairs), status: Number.isNaN(code) ? undefined : code };
}

/** A publication, with an inbox for the answer. Values of headers have no line breaks. */
export function publication(
  subject: string,
  reply: string,
  payload: Uint8Array,
  headers: readonly (readonly [string, string])[] = [],
): Buffer {
  if (headers.length === 0)
    return Buffer.concat([Buffer.from(`PUB ${subject} ${reply} ${payload.length}\r\n`), payload, CRLF]);
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const head = Buffer.from(`${HEADER_LINE}\r\n${lines}\r\n`);
  const first = Buffer.from(`HPUB ${subject} ${reply} ${head.length} ${head.length + payload.length}\r\n`);
  return Buffer.concat([first, head, payload, CRLF]);
}
