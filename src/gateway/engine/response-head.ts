// From a head that was read to a response, or to what is wrong with it.

import { STATUS_CODES } from 'node:http';
import { fieldsIn, linesOf } from '../fields.ts';
import { backwardHeaders, isOfConnection, namesOthers, roleIn } from '../headers.ts';
import type { RawHeaders, ResponseHead } from '../transport.ts';
import type { Framing } from './body-reader.ts';
import { Excerpt } from './excerpt.ts';
import type { HeadReader } from './head-reader.ts';
import type { Problem } from './problem.ts';
import { listed, staysOpen } from './request-head.ts';

/** The first line. */
interface Line {
  readonly version: '1.0' | '1.1';
  readonly status: number;
  /** Undefined where it says none. */
  readonly reason: string | undefined;
}

/** What the fields say of the message. */
interface Said {
  connection: string | undefined;
  coding: string | undefined;
  /** NaN where it is no length. */
  length: number | undefined;
  hasDate: boolean;
}

/** A head as an endpoint said it, without what is for its own connection only. It was looked through when it was read. */
export class EndpointHead implements ResponseHead {
  readonly status: number;
  readonly reason: string | undefined;
  readonly framing: Framing;
  /** Whether the connection may carry another request after this. */
  readonly keepAlive: boolean;
  /** As it is told, whether or not a body follows. */
  readonly contentLength: number | undefined;
  readonly hasDate: boolean;
  /** First line and fields as they stand on the wire; all but the empty line. */
  readonly text: string;
  #headers: RawHeaders | undefined;

  constructor(
    { version, status, reason }: Line,
    { connection, length, hasDate }: Said,
    framing: Framing,
    text: string,
  ) {
    this.status = status;
    this.reason = reason;
    this.framing = framing;
    this.keepAlive = framing !== 'to-the-end' && staysOpen(version, connection);
    this.contentLength = length;
    this.hasDate = hasDate;
    this.text = text;
  }

  /** The fields as a list, for those who ask. */
  get headers(): RawHeaders {
    return (this.#headers ??= fieldsIn(this.text, this.text.indexOf('\r\n') + 2));
  }
}

/** What the reader has read, judged; `method` is that of the request it answers. */
export function endpointHead(reader: HeadReader, method: string): EndpointHead | Problem {
  const line = statusLine(reader);
  if (line === undefined) return bad('malformed status line');
  const said: Said = { connection: undefined, coding: undefined, length: undefined, hasDate: false };
  // A first line as we would write it stays where it is.
  const isUsual = line.version === '1.1' && line.reason !== undefined;
  const excerpt = new Excerpt(reader, isUsual ? 0 : reader.nameAt(0));
  for (let nth = 0; nth < reader.fieldCount; nth++) {
    const problem = hear(said, reader, nth, excerpt);
    if (problem) return problem;
  }
  const framing = framingOf(line, said, method);
  if (typeof framing === 'object') return framing;
  const kept = excerpt.end();
  const text = namesOthers(said.connection)
    ? `${usualLine(line)}${linesOf(backwardHeaders(reader.fields()))}`
    : isUsual
      ? kept
      : `${usualLine(line)}${kept}`;
  return new EndpointHead(line, said, framing, text);
}

const STATUS_LINE = /^HTTP\/1\.[01] [1-9][0-9]{2}(?: |$)/;
const AT_MINOR = 'HTTP/1.'.length;
const AT_STATUS = 'HTTP/1.1 '.length;
const AT_REASON = 'HTTP/1.1 200 '.length;
const ZERO = '0'.charCodeAt(0);
/** What nearly all say. */
const USUAL = 'HTTP/1.1 200 OK';
const OK: Line = { version: '1.1', status: 200, reason: 'OK' };

function statusLine({ text, lineEnd }: HeadReader): Line | undefined {
  if (lineEnd === USUAL.length && text.startsWith(USUAL)) return OK;
  const line = text.substring(0, lineEnd);
  if (!STATUS_LINE.test(line)) return undefined;
  return {
    version: line[AT_MINOR] === '1' ? '1.1' : '1.0',
    status: Number(line.slice(AT_STATUS, AT_STATUS + 3)),
    reason: line.slice(AT_REASON) || undefined,
  };
}

function usualLine({ status, reason }: Line): string {
  return `HTTP/1.1 ${status} ${reason ?? STATUS_CODES[status] ?? ''}\r\n`;
}

/** Takes down what a field says of the message, and whether it goes on. */
function hear(said: Said, reader: HeadReader, nth: number, excerpt: Excerpt): Problem | undefined {
  const role = roleIn(reader.text, reader.nameAt(nth), reader.nameEnd(nth));
  if (isOfConnection(role)) excerpt.leaveOut(nth);
  else excerpt.keep(nth);
  switch (role) {
    case 'connection':
      said.connection = listed(said.connection, reader.value(nth));
      return undefined;
    case 'length':
      if (said.length !== undefined) return bad('more than one Content-Length header');
      said.length = lengthIn(reader.text, reader.valueAt(nth), reader.valueEnd(nth));
      return undefined;
    case 'coding':
      if (said.coding !== undefined) return bad('more than one Transfer-Encoding header');
      said.coding = reader.value(nth);
      return undefined;
    case 'date':
      said.hasDate = true;
      return undefined;
    default:
      return undefined;
  }
}

/** RFC 9112 §6.3, without its repairs: what could be read in two ways is refused. */
function framingOf({ version, status }: Line, { length, coding }: Said, method: string): Framing | Problem {
  if (coding !== undefined && length !== undefined) return bad('both Content-Length and Transfer-Encoding');
  if (coding !== undefined && (version !== '1.1' || coding.toLowerCase() !== 'chunked'))
    return bad('unknown transfer coding');
  if (Number.isNaN(length)) return bad('malformed Content-Length');
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 0;
  if (coding !== undefined) return 'chunks';
  return length ?? 'to-the-end';
}

/** More could not be counted exactly. */
const MAX_LENGTH_DIGITS = 15;

function lengthIn(text: string, from: number, to: number): number {
  if (from === to || to - from > MAX_LENGTH_DIGITS) return NaN;
  let length = 0;
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    length = 10 * length + digit;
  }
  return length;
}

function bad(why: string): Problem {
  return { status: 400, why };
}
