// Answers on a connection whose request never became an exchange, and then closes it.

import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '#base/mod.ts';
import { REFUSAL_HEADER } from '../refusals.ts';

export interface RawAnswer {
  readonly status: number;
  readonly why: string;
  readonly clock: Clock;
  /** How long the client's further bytes are read, so that it can read the answer before the connection is reset. */
  readonly lingerMs: number;
}

export function answerRaw(socket: Duplex, { status, why, clock, lingerMs }: RawAnswer): void {
  const body = `${why}\n`;
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `${REFUSAL_HEADER}: malformed`,
    'Connection: close',
  ];
  socket.on('error', () => socket.destroy());
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
  socket.resume();
  const timer = clock.after(lingerMs, () => socket.destroy());
  socket.once('close', () => timer.cancel());
}

/** As node:http's parser reports it. */
export interface ParserError {
  readonly code?: string;
  readonly reason?: string;
}

/** What a client is told about what the parser found; undefined: the client is gone. */
export function clientErrorVerdict({ code, reason }: ParserError): { status: number; why: string } | undefined {
  switch (code) {
    case 'ECONNRESET':
    case 'EPIPE':
      return undefined;
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, why: 'request head is too large' };
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return { status: 413, why: 'chunk extensions are too large' };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, why: 'the request head did not arrive in time' };
    case 'HPE_INVALID_VERSION':
      // The parser has one code for a version it does not know and for what follows a version it knows.
      return reason === 'Invalid HTTP version'
        ? { status: 505, why: 'unknown HTTP version' }
        : { status: 400, why: 'malformed request line' };
    default:
      return { status: 400, why: 'malformed request' };
  }
}
