// Subscribers that cost as little as they can, one for each protocol. They tell of each event by its number, and acknowledge it.

import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { Protocol } from './wire.ts';
import { command, SUBJECT } from './wire.ts';

type OnEvent = (number: number) => void;

const NUMBER_LENGTH = 9;
const HEAD_END = '\r\n\r\n';
const ANSWER = 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n';

/** Takes POSTs at a port of 127.0.0.1, any free one for 0; gives the port. */
export function takePosts(port: number, onEvent: OnEvent): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    let text = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      let at = 0;
      let answers = '';
      for (let end = endOfRequest(text, at); end > 0; end = endOfRequest(text, at)) {
        onEvent(numberIn(text, at));
        answers += ANSWER;
        at = end;
      }
      text = text.slice(at);
      if (answers !== '') socket.write(answers);
    });
  });
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

const LENGTH = /\r\ncontent-length: (\d+)/gi;

/** Where the request that begins at `from` ends; 0 where it is not whole. */
function endOfRequest(text: string, from: number): number {
  const headEnd = text.indexOf(HEAD_END, from);
  if (headEnd < 0) return 0;
  LENGTH.lastIndex = from;
  const found = LENGTH.exec(text);
  const end = headEnd + HEAD_END.length + (found && found.index < headEnd ? Number(found[1]) : 0);
  return end <= text.length ? end : 0;
}

/** The number of the first event that is told of behind `from`; NaN where none is. */
function numberIn(text: string, from: number): number {
  const at = text.indexOf(SUBJECT, from);
  return at < 0 ? Number.NaN : Number(text.slice(at + SUBJECT.length, at + SUBJECT.length + NUMBER_LENGTH));
}

/** Calls with each number of an event in what comes, however it is cut. */
function numbersIn(socket: Socket, onEvent: OnEvent): void {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    let from = 0;
    for (let at = text.indexOf(SUBJECT); at >= 0; at = text.indexOf(SUBJECT, from)) {
      if (at + SUBJECT.length + NUMBER_LENGTH > text.length) break;
      onEvent(numberIn(text, at));
      from = at + SUBJECT.length + NUMBER_LENGTH;
    }
    text = text.slice(Math.max(from, text.length - SUBJECT.length - NUMBER_LENGTH));
  });
}

/** Has a consumer of JetStream push to it, and acknowledges each. */
async function fromNats(port: number, onEvent: OnEvent): Promise<void> {
  const socket = await connected(port);
  const consumer = {
    deliver_subject: 'pushed',
    ack_policy: 'explicit',
    deliver_policy: 'new',
    max_ack_pending: 10_000,
  };
  const wanted = JSON.stringify({ stream_name: 'bench', config: consumer });
  socket.write('CONNECT {"verbose":false,"pedantic":false,"headers":true}\r\nSUB pushed 1\r\nSUB made 2\r\n');
  socket.write(`PUB $JS.API.CONSUMER.CREATE.bench made ${wanted.length}\r\n${wanted}\r\n`);
  await new Promise((resolve) => socket.once('data', resolve));
  let text = '';
  numbersIn(socket, onEvent);
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    const lines = text.split('\r\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      const reply = line.startsWith('HMSG ') ? line.split(' ')[3] : undefined;
      if (reply !== undefined) socket.write(`PUB ${reply} 0\r\n\r\n`);
      if (line === 'PING') socket.write('PONG\r\n');
    }
  });
}

/** Reads a group of Redis' stream, and acknowledges what it got with the next question. */
async function fromRedis(port: number, onEvent: OnEvent): Promise<void> {
  const socket = await connected(port);
  const ask = command(['XREADGROUP', 'GROUP', 'bench', 'one', 'COUNT', '100', 'BLOCK', '0', 'STREAMS', 'bench', '>']);
  socket.write(command(['XGROUP', 'CREATE', 'bench', 'bench', '$', 'MKSTREAM']));
  await new Promise((resolve) => socket.once('data', resolve));
  let text = '';
  numbersIn(socket, onEvent);
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    if (!text.endsWith('"}\r\n')) return;
    const ids = text.match(/^\d+-\d+$/gm) ?? [];
    text = '';
    socket.write(command(['XACK', 'bench', 'bench', ...ids]) + ask);
  });
  socket.write(ask);
}

function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** `port`: of the server; of HTTP where the subscriber itself listens. Resolves once it would hear of events. */
export const SUBSCRIBERS: Readonly<Record<Protocol, (port: number, onEvent: OnEvent) => Promise<unknown>>> = {
  http: takePosts,
  nats: fromNats,
  redis: fromRedis,
};
