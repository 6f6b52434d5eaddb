// Heads as text for the wire. A field that would break out of its line is an error, whoever wrote it.

import { STATUS_CODES } from 'node:http';
import { isName, isValue, linesOf } from '../fields.ts';
import { headerValue } from '../headers.ts';
import type { RawHeaders, ResponseHead, UpstreamRequest } from '../transport.ts';
import { KNOWN_METHODS } from './request-head.ts';
import { EndpointHead } from './response-head.ts';

const NOT_TARGET = /[^!"$-~]/;

/** In chunks, to the end of the connection, as long as the fields say; none, which must be said; or absent by its nature. */
export type ResponseBody = 'chunks' | 'to-the-end' | 'as-told' | 'none' | 'absent';

/** How a response goes out. */
export interface ResponseFraming {
  readonly body: ResponseBody;
  /** What is said of the connection; nothing where the version says it. */
  readonly connection: 'close' | 'keep-alive' | undefined;
  readonly date: string;
}

/** A response's head. Throws where it cannot be written. */
export function responseText(head: ResponseHead, framing: ResponseFraming): string {
  const isRead = head instanceof EndpointHead;
  let text = isRead ? head.text : lookedThrough(head);
  if (!(isRead ? head.hasDate : headerValue(head.headers, 'date') !== undefined)) text += `Date: ${framing.date}\r\n`;
  if (framing.body === 'chunks') text += 'Transfer-Encoding: chunked\r\n';
  else if (framing.body === 'none') text += 'Content-Length: 0\r\n';
  if (framing.connection !== undefined) text += `Connection: ${framing.connection}\r\n`;
  return `${text}\r\n`;
}

/** The last head that was written, and its text: an answer that is always the same is formatted once. */
let lastHead: ResponseHead | undefined;
let lastText = '';

/** First line and fields of a head that somebody else made than an endpoint's reader. */
function lookedThrough(head: ResponseHead): string {
  if (head === lastHead) return lastText;
  const text = headText(head);
  lastHead = head;
  lastText = text;
  return text;
}

function headText({ status, reason, headers }: ResponseHead): string {
  if (!(status >= 100 && status <= 999)) throw new RangeError(`${status} is no status`);
  const usual = STATUS_CODES[status] ?? '';
  const phrase = reason ?? usual;
  if (phrase !== usual && !isValue(phrase)) throw new TypeError('a reason has a character it cannot have');
  return `HTTP/1.1 ${status} ${phrase}\r\n${linesOf(headers)}`;
}

/** An interim answer. Throws where it cannot be written. */
export function interimText({ status, headers }: ResponseHead): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${linesOf(headers)}\r\n`;
}

/** A request's head. Throws where it cannot be written. */
export function requestText(request: UpstreamRequest): string {
  const { method, target, authority, fields, bodyLength, upgrade } = request;
  if (!isMethod(method)) throw new TypeError('a method has a character it cannot have');
  if (target === '' || NOT_TARGET.test(target)) throw new TypeError('a target has a character it cannot have');
  if (!isHost(authority)) throw new TypeError('field Host has a character it cannot have');
  let text = `${method} ${target} HTTP/1.1\r\nHost: ${authority}\r\n${fields.lines}`;
  if (bodyLength === undefined) text += 'Transfer-Encoding: chunked\r\n';
  else if (bodyLength > 0 || method === 'POST' || method === 'PUT' || method === 'PATCH')
    text += `Content-Length: ${bodyLength}\r\n`;
  if (upgrade !== undefined) text += `Connection: Upgrade\r\n${linesOf(['Upgrade', upgrade])}`;
  return `${text}\r\n`;
}

/** The head of an answer that gives the connection over. */
export function switchingText(upgrade: string, headers: RawHeaders): string {
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n${linesOf(['Upgrade', upgrade])}${linesOf(headers)}\r\n`;
}

/** The end of a chunked body. */
export function lastChunkText(trailers: RawHeaders): string {
  return trailers.length === 0 ? '0\r\n\r\n' : `0\r\n${linesOf(trailers)}\r\n`;
}

/** The last that was one: the next is often the same. */
let passed = '';

function isHost(authority: string): boolean {
  if (authority !== passed && !isValue(authority)) return false;
  passed = authority;
  return true;
}

function isMethod(method: string): boolean {
  return KNOWN_METHODS.has(method) || isName(method);
}
