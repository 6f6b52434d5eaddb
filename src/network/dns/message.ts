// Messages of the domain name system (RFC 1035): as much of them as a server of A, AAAA, CNAME and SRV records needs. Pure.

export const TYPE = { A: 1, CNAME: 5, SOA: 6, AAAA: 28, SRV: 33, ANY: 255 } as const;
export const RCODE = { ok: 0, formatError: 1, serverFailure: 2, nameError: 3, notImplemented: 4, refused: 5 } as const;

export interface Question {
  /** Lower case, without the last dot. */
  readonly name: string;
  readonly type: number;
}

export interface Query {
  readonly id: number;
  readonly recursionDesired: boolean;
  readonly opcode: number;
  readonly question: Question;
  /** How long an answer by UDP may be; 512 unless the client says otherwise (RFC 6891). */
  readonly maxBytes: number;
}

export type DnsRecord = { readonly name: string; readonly ttl: number } & (
  | { readonly type: 'A'; readonly address: string }
  | { readonly type: 'CNAME'; readonly target: string }
  | { readonly type: 'SRV'; readonly port: number; readonly target: string }
  | { readonly type: 'SOA'; readonly primary: string; readonly serial: number }
);

export interface Answer {
  readonly rcode: number;
  readonly records: readonly DnsRecord[];
  readonly authority?: readonly DnsRecord[];
  /** More records than fit. */
  readonly truncated?: boolean;
}

const HEADER = 12;
const OPT = 41;
const USUAL_BYTES = 512;
const IN = 1;

/** A query with exactly one question; undefined for anything else. */
export function readQuery(message: Uint8Array): Query | undefined {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (message.length < HEADER) return undefined;
  const flags = view.getUint16(2);
  if (flags & 0x8000 || view.getUint16(4) !== 1) return undefined;
  const name = readName(message, HEADER);
  if (!name || name.end + 4 > message.length) return undefined;
  return {
    id: view.getUint16(0),
    recursionDesired: (flags & 0x0100) !== 0,
    opcode: (flags >> 11) & 15,
    question: { name: name.name.toLowerCase(), type: view.getUint16(name.end) },
    maxBytes: bytesOffered(message, view, name.end + 4),
  };
}

/** A client that knows EDNS says what it can take in a record among the additional ones, which follow the question at once. */
function bytesOffered(message: Uint8Array, view: DataView, at: number): number {
  const isOpt =
    view.getUint16(10) > 0 &&
    view.getUint16(6) === 0 &&
    view.getUint16(8) === 0 &&
    at + 5 <= message.length &&
    message[at] === 0 &&
    view.getUint16(at + 1) === OPT;
  return isOpt ? Math.max(USUAL_BYTES, view.getUint16(at + 3)) : USUAL_BYTES;
}

/** Queries hold no compressed names. */
function readName(message: Uint8Array, from: number): { name: string; end: number } | undefined {
  const labels: string[] = [];
  let at = from;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > 63) return undefined;
    at++;
    if (length === 0) return { name: labels.join('.'), end: at };
    if (at + length > message.length) return undefined;
    labels.push(String.fromCharCode(...message.subarray(at, at + length)));
    at += length;
  }
}

/** The bytes of an answer. */
export function writeAnswer(query: Query, { rcode, records, authority = [], truncated = false }: Answer): Uint8Array {
  const isAuthoritative = 0x0400;
  const flags =
    0x8000 |
    isAuthoritative |
    (query.recursionDesired ? 0x0100 : 0) |
    0x0080 |
    (truncated ? 0x0200 : 0) |
    (query.opcode << 11) |
    rcode;
  const head = [query.id, flags, 1, records.length, authority.length, 0].flatMap(short);
  const question = [...nameBytes(query.question.name), ...short(query.question.type), ...short(IN)];
  return Uint8Array.from([...head, ...question, ...records.flatMap(recordBytes), ...authority.flatMap(recordBytes)]);
}

/** An answer that fits into the bytes that the client takes by UDP; one that does not says so and is asked for by TCP. */
export function fitAnswer(query: Query, answer: Answer): Uint8Array {
  const whole = writeAnswer(query, answer);
  return whole.length <= query.maxBytes
    ? whole
    : writeAnswer(query, { rcode: answer.rcode, records: [], truncated: true });
}

function recordBytes(record: DnsRecord): number[] {
  const data = dataBytes(record);
  return [
    ...nameBytes(record.name),
    ...short(TYPE[record.type]),
    ...short(IN),
    ...long(record.ttl),
    ...short(data.length),
    ...data,
  ];
}

function dataBytes(record: DnsRecord): number[] {
  switch (record.type) {
    case 'A':
      return record.address.split('.').map(Number);
    case 'CNAME':
      return nameBytes(record.target);
    case 'SRV':
      return [...short(0), ...short(100), ...short(record.port), ...nameBytes(record.target)];
    case 'SOA':
      return [
        ...nameBytes(record.primary),
        ...nameBytes(`hostmaster.${record.primary}`),
        ...long(record.serial),
        ...long(7200),
        ...long(1800),
        ...long(86_400),
        ...long(record.ttl),
      ];
  }
}

function nameBytes(name: string): number[] {
  const labels = name.split('.').filter(Boolean);
  return [...labels.flatMap((label) => [label.length, ...Buffer.from(label, 'latin1')]), 0];
}

const short = (value: number): number[] => [(value >> 8) & 255, value & 255];
const long = (value: number): number[] => [...short(value >>> 16), ...short(value & 0xffff)];
