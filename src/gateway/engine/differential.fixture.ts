// The engine beside Node's own strict parser: the same bytes over a socket to both, and what each took for a request.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { systemClock } from '#base/mod.ts';
import { DEFAULT_LIMITS } from '../server.ts';
import type { Exchange, RawHeaders } from '../transport.ts';
import { engineTransport } from './mod.ts';

/** A request as an application would get it, as text that can be compared. */
type Taken = string;

export interface Verdict {
  /** Requests that came in whole, in order. */
  readonly taken: readonly Taken[];
  /** Why the connection was refused, where the engine said so. */
  readonly why: string | undefined;
}

export interface Difference {
  readonly bytes: string;
  readonly strict: Verdict;
  readonly own: Verdict;
}

/** Where the engine refuses what Node's parser lets pass, and the reason for it. Keys are the engine's own words. */
export const STRICTER: Readonly<Record<string, string>> = {
  'more than one Host header': 'two hosts could lead to two routes (RFC 9112 §3.2)',
  'malformed Host header': 'a host is a name or an address with maybe a port (RFC 9110 §7.2)',
  'malformed request target': 'visible ASCII without a fragment, in one of the forms of RFC 9112 §3.2',
  'unknown HTTP version': 'a version is 1.0 or 1.1; the parser knows 0.9 and 2.0, too',
  'malformed Content-Length': 'a length beyond what a number holds exactly, or one the parser has trimmed',
  'more than one Content-Length header': 'as llhttp refuses, but where the values agree, too (RFC 9112 §6.3)',
  'malformed Transfer-Encoding': 'chunked once, alone and last (RFC 9112 §6.1)',
  'unknown transfer coding': 'no other coding is taken off, so none may be said (RFC 9112 §6.1)',
  'Transfer-Encoding in an HTTP/1.0 request':
    'HTTP/1.0 knows no codings; who sends one may mean something else (RFC 9112 §6.1)',
  'malformed request line':
    'empty lines before a request end with CR LF as all lines do, and every request names its version',
  'a carriage return without a line feed': 'empty lines before a request end with CR LF as all lines do',
  'malformed chunk extension': 'an extension is a name with maybe a value (RFC 9112 §7.1.1)',
  'malformed chunk size': 'more digits than any size needs',
  'a trailer that would change the framing': 'no trailer may say how its own message is framed (RFC 9110 §6.5.1)',
  'this gateway opens no tunnels': 'CONNECT is for forward proxies',
};

/** Both sides, ready to be compared. */
export interface Bench {
  /** The same bytes to both, cut into parts as given by the lengths. */
  judge(bytes: string, cuts?: readonly number[]): Promise<Difference>;
  close(): Promise<void>;
}

export async function openBench(): Promise<Bench> {
  const strict = await strictSide();
  const own = await ownSide();
  return {
    async judge(bytes, cuts = []) {
      const [strictVerdict, ownVerdict] = await Promise.all([judgeAt(strict, bytes, cuts), judgeAt(own, bytes, cuts)]);
      return { bytes, strict: strictVerdict, own: ownVerdict };
    },
    async close() {
      await Promise.all([strict.close(), own.close()]);
    },
  };
}

/** What is wrong with a difference; undefined: nothing, for the engine is as strict or stricter by the list. */
export function complaint({ bytes, strict, own }: Difference): string | undefined {
  for (const [i, request] of own.taken.entries()) {
    if (strict.taken[i] === undefined) return `looser: took ${request}`;
    if (strict.taken[i] !== request) return `read ${request}\nthe strict parser ${strict.taken[i]}`;
  }
  if (own.taken.length === strict.taken.length) return undefined;
  if (own.why !== undefined && STRICTER[own.why] !== undefined) return undefined;
  // The preface of HTTP/2 leads elsewhere, and no other method begins like it.
  if (bytes.startsWith('PRI')) return undefined;
  // What follows a request for an upgrade may be the other protocol, and after a close nothing is read.
  if (/\n(?:upgrade: |connection: .*close)/i.test(own.taken.at(-1) ?? '')) return undefined;
  return `stricter for no listed reason (${own.why ?? 'without a word'}): ${strict.taken[own.taken.length]}`;
}

interface Side {
  readonly port: number;
  /** What came of the connection that was opened last. */
  notes: Notes;
  close(): Promise<void>;
}

interface Notes {
  readonly taken: Taken[];
  why: string | undefined;
}

/** One connection after the other, so that what is noted belongs to the last. */
async function judgeAt(side: Side, bytes: string, cuts: readonly number[]): Promise<Verdict> {
  const notes: Notes = { taken: [], why: undefined };
  side.notes = notes;
  await converse(side.port, bytes, cuts);
  return notes;
}

async function strictSide(): Promise<Side> {
  const server = createServer({
    insecureHTTPParser: false,
    requireHostHeader: false,
    shouldUpgradeCallback: () => false,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const side: Side = {
    port: (server.address() as AddressInfo).port,
    notes: { taken: [], why: undefined },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
  const take = (request: IncomingMessage, response: ServerResponse) => {
    const { notes } = side;
    const { method = '', url = '', httpVersion, headers } = request;
    // Node answers 400 to this, but goes on with what follows on the connection.
    if (httpVersion === '1.1' && headers.host === undefined) notes.why = 'missing Host header';
    if (notes.why !== undefined) return void request.socket.destroy();
    const chunks: Buffer[] = [];
    request.on('error', () => {});
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      notes.taken.push(described([method, pathOf(url), httpVersion], request.rawHeaders, chunks, request.rawTrailers));
      response.end();
    });
  };
  server.on('request', take);
  server.on('checkExpectation', take);
  return side;
}

async function ownSide(): Promise<Side> {
  const serve = (exchange: Exchange) => {
    const { taken } = side.notes;
    const chunks: Uint8Array[] = [];
    exchange.body.start({
      data: (chunk) => void chunks.push(chunk),
      failed: () => {},
      end(trailers) {
        const { method, target, version, headers } = exchange;
        taken.push(described([method, target, version], headers, chunks, trailers));
        exchange.respond({ status: 200, headers: [] }, true);
      },
    });
  };
  const limits = { ...DEFAULT_LIMITS, lingerMs: 40 };
  const onRefused = (_status: number, why: string) => void (side.notes.why = why);
  const listening = await engineTransport(systemClock).listen({ host: '127.0.0.1', port: 0, limits, onRefused }, serve);
  const side: Side = {
    port: listening.port,
    notes: { taken: [], why: undefined },
    close: () => listening.close(0),
  };
  return side;
}

/** The path of a target in absolute form. */
function pathOf(target: string): string {
  return target.replace(/^https?:\/\/[^/?]*(?=([/?]?))/i, (_, next) => (next === '/' ? '' : '/'));
}

function described(line: string[], headers: RawHeaders, body: readonly Uint8Array[], trailers: RawHeaders): Taken {
  const fields = (list: RawHeaders) => list.map((text, i) => text + (i % 2 === 0 ? ': ' : '\n')).join('');
  return `${line.join(' ')}\n${fields(headers)}\n${Buffer.concat(body).toString('latin1')}\n${fields(trailers)}`;
}

/** Sends all the bytes and no more, and waits until the other side is done with them. */
async function converse(port: number, bytes: string, cuts: readonly number[]): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  socket.resume();
  let from = 0;
  for (const cut of cuts) {
    if (cut <= from || cut >= bytes.length) continue;
    await new Promise<void>((resolve) => void socket.write(bytes.slice(from, cut), 'latin1', () => resolve()));
    await new Promise<void>((resolve) => setImmediate(resolve));
    from = cut;
  }
  socket.end(bytes.slice(from), 'latin1');
  await closed;
}
