// One request and its answer: what is asked, who asks, and the few ways there are to answer.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { ApiError, UserInfo } from '#machinery/mod.ts';
import { badRequest, tooLarge } from '#machinery/mod.ts';
import { stringify } from 'yaml';
import type { Form } from './request/media.ts';
import type { RequestInfo } from './request/request-info.ts';
import { isTrue, requestInfo } from './request/request-info.ts';

/** The most a body may hold, as kube-apiserver has it (3 MiB). */
export const MOST_BODY_BYTES = 3 * 1024 * 1024;
/** A body that is too long is still read up to here, so that its sender gets to see the answer. */
const MOST_DRAINED_BYTES = 16 * 1024 * 1024;
/** Shorter answers are not worth packing (kube-apiserver: 128 KiB). */
const LEAST_GZIP_BYTES = 128 * 1024;
/** As little work as there can be (kube-apiserver has the same): the way is short, and lists are long. */
const GZIP_LEVEL = 1;
/** Warnings of one answer are cut at this many characters together, as kube-apiserver does. */
const MOST_WARNING_CHARACTERS = 4096;

const pack = promisify(gzip);

/** One request on its way through the server. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly info: RequestInfo;
  readonly query: URLSearchParams;
  /** Who asks; set once authentication is through. */
  user: UserInfo;
  /** Aborts when the client goes away or the server closes. */
  readonly signal: AbortSignal;
  /** The connection itself, where the client asks to turn it into a WebSocket. */
  readonly upgrade?: Upgrade | undefined;
}

/** A connection that may be turned; whoever takes it answers by itself from then on. */
export interface Upgrade {
  readonly socket: Duplex;
  /** What came behind the request's head. */
  readonly head: Buffer;
  isTaken: boolean;
}

/** Where the line and the query of a request are read. Throws 400 for a path that makes no sense. */
export function openExchange(
  request: IncomingMessage,
  response: ServerResponse,
  closing: AbortSignal,
  upgrade?: Upgrade,
): Exchange {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
  const info = requestInfo(request.method ?? 'GET', pathOf(mark < 0 ? target : target.slice(0, mark)), query);
  const signal = untilClosed(upgrade?.socket ?? response, closing);
  return { request, response, info, query, user: { name: '', groups: [] }, signal, upgrade };
}

/** A request line may carry an absolute URL; only its path counts. */
function pathOf(target: string): string {
  return target.startsWith('/') ? target : target.replace(/^[a-z]+:\/\/[^/]*/i, '');
}

function untilClosed(response: Pick<ServerResponse | Duplex, 'once'>, closing: AbortSignal): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort(new Error('the client closed the connection')));
  return AbortSignal.any([gone.signal, closing]);
}

/** Reads the whole body. Throws 413 above the limit, 400 where the client breaks off. */
export async function readBody({ request }: Exchange): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunksOf(request)) {
    size += chunk.length;
    if (size <= MOST_BODY_BYTES) chunks.push(chunk);
    if (size > MOST_DRAINED_BYTES || announced > MOST_DRAINED_BYTES) break;
  }
  if (size > MOST_BODY_BYTES) throw tooLarge(`limit is ${MOST_BODY_BYTES}`);
  return Buffer.concat(chunks, size);
}

/** The body's chunks. Leaving early leaves the connection open, so that an answer can still go out. */
async function* chunksOf(request: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch {
    throw badRequest('the body of the request ended before its length was reached');
  }
}

/** Adds a Warning header (RFC 7234 §5.5, code 299) for each sentence. Only before the answer has begun. */
export function warn({ response }: Exchange, warnings: readonly string[]): void {
  let room = MOST_WARNING_CHARACTERS;
  for (const warning of new Set(warnings)) {
    const text = warning.replaceAll(/\p{Cc}+/gu, ' ').slice(0, room);
    room -= text.length;
    if (text) response.appendHeader('Warning', `299 - "${latin(text).replaceAll(/["\\]/g, String.raw`\$&`)}"`);
  }
}

/** Header fields carry Latin-1 octets; UTF-8 passes through them byte by byte. */
function latin(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Answers with an object, in the form that was negotiated. */
export async function sendObject(
  exchange: Exchange,
  code: number,
  object: unknown,
  form: Pick<Form, 'syntax'> = { syntax: 'json' },
): Promise<void> {
  if (form.syntax === 'yaml')
    return send(exchange, code, 'application/yaml', stringify(object, { aliasDuplicateObjects: false }));
  const text = isPretty(exchange) ? `${JSON.stringify(object, null, 2)}\n` : `${JSON.stringify(object)}\n`;
  await send(exchange, code, 'application/json', text);
}

function isPretty({ query }: Exchange): boolean {
  return isTrue(query.get('pretty'));
}

/** Answers with text of a type; packed where the client takes gzip and the text is long. */
export async function send({ request, response }: Exchange, code: number, type: string, text: string): Promise<void> {
  const plain = Buffer.from(text);
  const packed = plain.length >= LEAST_GZIP_BYTES && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  const body = packed ? await pack(plain, { level: GZIP_LEVEL }) : plain;
  if (response.headersSent || response.destroyed) return;
  response.writeHead(code, {
    'Content-Type': type,
    'Content-Length': body.length,
    'Cache-Control': 'no-cache, private',
    ...(packed ? { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** Answers with a refusal, as a metav1.Status; a connection whose body was not read to its end is closed after it. */
export async function sendError(exchange: Exchange, error: ApiError): Promise<void> {
  const { response, request } = exchange;
  if (response.headersSent) return void response.destroy();
  if (!request.complete) response.setHeader('Connection', 'close');
  if (error.code === 401) response.setHeader('WWW-Authenticate', 'Bearer');
  const retryAfter = error.status.details?.retryAfterSeconds;
  if (retryAfter !== undefined) response.setHeader('Retry-After', String(retryAfter));
  warn(exchange, error.warnings);
  await sendObject(exchange, error.code, error.status);
}
