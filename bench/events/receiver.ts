// A subscriber that costs as little as one can: takes POSTs on kept connections, answers 202, and says which event each brought.

import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';

const ANSWER = 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n';
const HEAD_END = '\r\n\r\n';

/** Listens at a port of 127.0.0.1, and tells each event by the number in its subject (`order/NUMBER`). */
export function receive(onEvent: (number: number) => void): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => takeFrom(socket, onEvent));
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function takeFrom(socket: Socket, onEvent: (number: number) => void): void {
  let text = '';
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    text = text === '' ? chunk.toString('latin1') : text + chunk.toString('latin1');
    let at = 0;
    let answers = '';
    for (;;) {
      const headEnd = text.indexOf(HEAD_END, at);
      if (headEnd < 0) break;
      const end = headEnd + HEAD_END.length + lengthIn(text, at, headEnd);
      if (text.length < end) break;
      onEvent(numberIn(text, at));
      answers += ANSWER;
      at = end;
    }
    text = text.slice(at);
    if (answers !== '') socket.write(answers);
  });
}

const LENGTH = /\r\ncontent-length: (\d+)/gi;
const SUBJECT = 'order/';

function lengthIn(text: string, from: number, headEnd: number): number {
  LENGTH.lastIndex = from;
  const found = LENGTH.exec(text);
  return found && found.index < headEnd ? Number(found[1]) : 0;
}

/** The number of the first event that is told of behind `from`; NaN where none is. */
function numberIn(text: string, from: number): number {
  const at = text.indexOf(SUBJECT, from);
  return at < 0 ? Number.NaN : Number.parseInt(text.slice(at + SUBJECT.length, at + SUBJECT.length + 12), 10);
}
