// A collector on loopback for tests: takes OTLP by HTTP and gRPC, and reads it by tables of field numbers of its own.

import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';

type Shape = { readonly [field: number]: readonly [name: string, type: string | Shape, many?: 'many'] };

const VALUE: Shape = { 1: ['text', 'text'], 2: ['bool', 'int'], 3: ['int', 'int'], 4: ['double', 'double'] };
const PAIR: Shape = { 1: ['key', 'text'], 2: ['value', VALUE] };
const RESOURCE: Shape = { 1: ['attributes', PAIR, 'many'] };
const SCOPE: Shape = { 1: ['name', 'text'], 2: ['version', 'text'] };
const NUMBER: Shape = {
  2: ['start', 'fixed64'],
  3: ['time', 'fixed64'],
  4: ['value', 'double'],
  7: ['attributes', PAIR, 'many'],
};
const HISTOGRAM: Shape = {
  2: ['start', 'fixed64'],
  3: ['time', 'fixed64'],
  4: ['count', 'fixed64'],
  5: ['sum', 'double'],
  6: ['buckets', 'fixed64s'],
  7: ['bounds', 'doubles'],
  9: ['attributes', PAIR, 'many'],
};
const points = (shape: Shape): Shape => ({
  1: ['points', shape, 'many'],
  2: ['temporality', 'int'],
  3: ['monotonic', 'int'],
});
const METRIC: Shape = {
  1: ['name', 'text'],
  2: ['description', 'text'],
  3: ['unit', 'text'],
  5: ['gauge', points(NUMBER)],
  7: ['sum', points(NUMBER)],
  9: ['histogram', points(HISTOGRAM)],
};
const EVENT: Shape = { 1: ['time', 'fixed64'], 2: ['name', 'text'], 3: ['attributes', PAIR, 'many'] };
const SPAN: Shape = {
  1: ['traceId', 'hex'],
  2: ['spanId', 'hex'],
  3: ['traceState', 'text'],
  4: ['parent', 'hex'],
  5: ['name', 'text'],
  6: ['kind', 'int'],
  7: ['start', 'fixed64'],
  8: ['end', 'fixed64'],
  9: ['attributes', PAIR, 'many'],
  11: ['events', EVENT, 'many'],
  15: ['status', { 2: ['message', 'text'], 3: ['code', 'int'] }],
  16: ['flags', 'fixed32'],
};
const under = (items: Shape): Shape => ({
  1: [
    'all',
    { 1: ['resource', RESOURCE], 2: ['scopes', { 1: ['scope', SCOPE], 2: ['items', items, 'many'] }, 'many'] },
    'many',
  ],
});
export const METRICS_REQUEST = under(METRIC);
export const TRACES_REQUEST = under(SPAN);

/** A message by its table; a field that the table does not have is an error. */
export function decode(bytes: Buffer, shape: Shape): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('the message is cut off');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const known = shape[tag >> 3];
    if (!known) throw new Error(`field ${tag >> 3} is not in the table`);
    const [name, type, many] = known;
    const length = [undefined, 8, undefined, undefined, undefined, 4][tag & 7] ?? varintOrLength(tag & 7);
    const value = typeof length === 'object' ? length.int : read(bytes.subarray(at, (at += length)), type);
    out[name] = many ? [...((out[name] as unknown[] | undefined) ?? []), value] : value;
  }
  return out;

  function varintOrLength(wire: number): number | { int: number } {
    return wire === 0 ? { int: varint() } : varint();
  }
}

function read(bytes: Buffer, type: string | Shape): unknown {
  if (typeof type !== 'string') return decode(bytes, type);
  const each = (width: number, get: (offset: number) => number) =>
    Array.from({ length: bytes.length / width }, (_, i) => get(i * width));
  switch (type) {
    case 'text':
      return bytes.toString('utf8');
    case 'hex':
      return bytes.toString('hex');
    case 'double':
      return bytes.readDoubleLE();
    case 'fixed64':
      return bytes.readBigUInt64LE();
    case 'fixed32':
      return bytes.readUInt32LE();
    case 'doubles':
      return each(8, (offset) => bytes.readDoubleLE(offset));
    case 'fixed64s':
      return each(8, (offset) => Number(bytes.readBigUInt64LE(offset)));
    default:
      throw new Error(`no such type: ${type}`);
  }
}

/** Attributes as a plain object. */
export function plain(attributes: unknown): Record<string, unknown> {
  const pairs = (attributes ?? []) as { key: string; value: Record<string, unknown> }[];
  return Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0]]));
}

/** What a request holds, without its outer levels. */
export function contents(bytes: Buffer, shape: Shape) {
  const [first] = decode(bytes, shape)['all'] as [{ resource: { attributes: unknown }; scopes: [{ items: unknown }] }];
  return {
    resource: plain(first.resource.attributes),
    items: first.scopes[0].items as Record<string, unknown>[],
  };
}

export interface Export {
  readonly path: string;
  readonly type: string;
  readonly body: Buffer;
}

export interface Collector {
  readonly endpoint: string;
  /** The next export that has not been looked at, when it is there. */
  next(): Promise<Export>;
  close(): Promise<void>;
}

function inbox() {
  const came: Export[] = [];
  const waiting: ((one: Export) => void)[] = [];
  return {
    put: (one: Export) => (waiting.length > 0 ? waiting.shift()?.(one) : came.push(one)),
    next: () =>
      new Promise<Export>((resolve) => (came.length > 0 ? resolve(came.shift() as Export) : waiting.push(resolve))),
  };
}

/** By HTTP; `answer` says what it answers, 200 unless told. */
export async function httpCollector(
  answer: (response: ServerResponse) => void = (response) => response.end(),
): Promise<Collector> {
  const { put, next } = inbox();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      answer(response);
      put({ path: request.url ?? '', type: request.headers['content-type'] ?? '', body: Buffer.concat(chunks) });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** By gRPC; `status` is what it answers. */
export async function grpcCollector(status = 0): Promise<Collector> {
  const { put, next } = inbox();
  const server = createHttp2Server();
  const sessions = new Set<Http2Session>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () =>
        stream.sendTrailers({ 'grpc-status': String(status), 'grpc-message': 'so%20it%20is' }),
      );
      stream.end(Buffer.alloc(5));
      const frame = Buffer.concat(chunks);
      put({
        path: headers[':path'] ?? '',
        type: headers['content-type'] ?? '',
        body: frame.subarray(5, 5 + frame.readUInt32BE(1)),
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next,
    async close() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
