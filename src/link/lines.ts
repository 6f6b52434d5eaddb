// JSON values over a stream, one a line, both ways.

import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** A whole state with its certificates fits many times; what is longer is no message of ours. */
export const MAX_LINE_CHARS = 256 * 1024 * 1024;

/** Calls `onValue` for each line; a line that is no JSON, or too long, ends the connection. */
export function readValues(socket: Duplex, onValue: (value: unknown) => void): void {
  const decoder = new StringDecoder('utf8');
  // The parts of an unfinished line, joined once it ends.
  let parts: string[] = [];
  let held = 0;
  socket.on('data', (chunk: Buffer) => {
    const lines = decoder.write(chunk).split('\n');
    const rest = lines.pop() ?? '';
    try {
      for (const line of lines) {
        const text = [...parts, line].join('');
        parts = [];
        held = 0;
        onValue(JSON.parse(text));
      }
    } catch (error) {
      socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
    parts.push(rest);
    held += rest.length;
    if (held > MAX_LINE_CHARS) socket.destroy(new Error('a line is too long'));
  });
}

export function writeValue(socket: Duplex, value: unknown): void {
  if (socket.writable) socket.write(`${JSON.stringify(value)}\n`);
}
