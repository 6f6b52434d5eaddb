// What a client is told whose request could not even be read, and when it is told nothing.

import type { Duplex } from 'node:stream';

/** As node:http reports it: a code of its parser (`HPE_…`) with the parser's words, a timeout, or an end of the connection. */
export interface ReadFault {
  readonly code?: string;
  readonly reason?: string;
}

/**
 * The answer to what could not be read; undefined where there is nobody to answer, or nothing: a connection on which no byte of a
 * request has come in time is closed without a word, for an answer would be taken for one to the next request.
 */
export function answerTo({ code = '', reason }: ReadFault, bytesRead: number): string | undefined {
  if (bytesRead === 0) return undefined;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return answer('408 Request Timeout', 'the request did not arrive in time');
  if (code === 'HPE_HEADER_OVERFLOW')
    return answer('431 Request Header Fields Too Large', 'the head of the request is too large');
  if (!code.startsWith('HPE_')) return undefined;
  return answer('400 Bad Request', `expected a request of HTTP/1.1: ${reason ?? code}`);
}

function answer(status: string, why: string): string {
  const body = `${why}\n`;
  const head = [`HTTP/1.1 ${status}`, 'Content-Type: text/plain; charset=utf-8', `Content-Length: ${body.length}`];
  return `${head.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`;
}

/** Answers where there is something to say, and closes. */
export function dismiss(fault: ReadFault, socket: Duplex & { readonly bytesRead?: number }): void {
  const words = answerTo(fault, socket.bytesRead ?? 0);
  if (words === undefined || !socket.writable) socket.destroy();
  else socket.end(words);
}
