// The server's end of a WebSocket (RFC 6455) as far as streams of Pods need it: whole messages both ways, pings, and an orderly close.

import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Longer messages end the connection; clients send a few tens of kilobytes at once. */
const MOST_MESSAGE_BYTES = 4 * 1024 * 1024;
/** A message in more pieces than this is sent by nobody who means well. */
const MOST_PARTS = 4096;

// RFC 6455 §5.2 and §7.4.1.
const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
/** Opcodes from here on are for control; their frames are whole and short (§5.5). */
const CONTROL = 8;
const MOST_CONTROL_BYTES = 125;
export const NORMAL = 1000;
const PROTOCOL_ERROR = 1002;
const TOO_BIG = 1009;

/** The answer that turns a connection into a WebSocket. */
export function upgradeAnswer(key: string, protocol: string): string {
  const accept = createHash('sha1')
    .update(key + GUID)
    .digest('base64');
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    `Sec-WebSocket-Protocol: ${protocol}`,
    '\r\n',
  ].join('\r\n');
}

interface Frame {
  readonly isLast: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
}

/** A connection after its handshake; `head` is what came with it. */
export class WebSocketEnd {
  readonly #socket: Duplex;
  #held: Buffer;
  #isClosed = false;

  constructor(socket: Duplex, head: Buffer) {
    this.#socket = socket;
    this.#held = head;
  }

  /** Messages until the client closes or is gone. */
  async *messages(): AsyncGenerator<Buffer> {
    let parts: Buffer[] = [];
    let size = 0;
    for await (const { isLast, opcode, payload } of this.#frames()) {
      if (opcode === CLOSE) return this.close();
      if (opcode === PING) this.#write(PONG, payload);
      if (opcode !== TEXT && opcode !== BINARY && opcode !== CONTINUATION) continue;
      if ((opcode === CONTINUATION) !== parts.length > 0)
        return this.close(PROTOCOL_ERROR, 'a message begins with its kind and goes on with continuations');
      parts.push(payload);
      size += payload.length;
      if (size > MOST_MESSAGE_BYTES) return this.close(TOO_BIG);
      if (parts.length > MOST_PARTS) return this.close(PROTOCOL_ERROR, `a message has at most ${MOST_PARTS} frames`);
      if (!isLast) continue;
      yield Buffer.concat(parts);
      parts = [];
      size = 0;
    }
  }

  /** Sends a message; resolves when there is room for another. */
  async send(...parts: readonly Uint8Array[]): Promise<void> {
    if (this.#isClosed || this.#socket.destroyed) return;
    if (!this.#write(BINARY, Buffer.concat(parts)) && !this.#socket.destroyed)
      await firstOf(this.#socket, 'drain', 'close');
  }

  close(code = NORMAL, reason = ''): void {
    if (this.#isClosed) return;
    const words = Buffer.from(reason);
    const payload = Buffer.alloc(2 + words.length);
    payload.writeUInt16BE(code);
    payload.set(words, 2);
    this.#write(CLOSE, payload);
    this.#isClosed = true;
    this.#socket.end();
    // What still comes is passed over; not to read it would reset the connection before our last words are heard.
    this.#socket.resume();
  }

  #write(opcode: number, payload: Buffer): boolean {
    if (this.#isClosed || !this.#socket.writable) return true;
    return this.#socket.write(Buffer.concat([headOf(opcode, payload.length), payload]));
  }

  async *#frames(): AsyncGenerator<Frame> {
    for (;;) {
      const frame = frameIn(this.#held);
      if (frame === 'wrong') return this.close(PROTOCOL_ERROR, 'a frame of a client is masked and within its bounds');
      if (frame) {
        this.#held = this.#held.subarray(frame.length);
        yield frame;
        continue;
      }
      const chunk = await this.#next();
      if (!chunk) return;
      this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    }
  }

  async #next(): Promise<Buffer | undefined> {
    for (;;) {
      if (this.#socket.destroyed || this.#isClosed) return undefined;
      const chunk = this.#socket.read() as Buffer | null;
      if (chunk) return chunk;
      if (this.#socket.readableEnded) return undefined;
      await firstOf(this.#socket, 'readable', 'end', 'close', 'error');
    }
  }
}

/** Resolves at the first of these events, and leaves no listener behind: a long session waits thousands of times. */
function firstOf(socket: Duplex, ...events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const come = () => {
      for (const event of events) socket.off(event, come);
      resolve();
    };
    for (const event of events) socket.on(event, come);
  });
}

function headOf(opcode: number, length: number): Buffer {
  const first = 0x80 | opcode;
  if (length < 126) return Buffer.from([first, length]);
  const head = Buffer.alloc(length < 0x10000 ? 4 : 10);
  head.writeUInt8(first, 0);
  if (length < 0x10000) {
    head.writeUInt8(126, 1);
    head.writeUInt16BE(length, 2);
  } else {
    head.writeUInt8(127, 1);
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return head;
}

/** The first frame, and how many bytes it took; undefined where it is not whole yet. */
function frameIn(bytes: Buffer): (Frame & { readonly length: number }) | 'wrong' | undefined {
  if (bytes.length < 2) return undefined;
  const [first = 0, second = 0] = bytes;
  const short = second & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  if ((second & 0x80) === 0 || (first & 0x70) !== 0) return 'wrong';
  const isLast = (first & 0x80) !== 0;
  const opcode = first & 0x0f;
  if (opcode >= CONTROL && (!isLast || short > MOST_CONTROL_BYTES)) return 'wrong';
  if (bytes.length < 2 + lengthBytes + 4) return undefined;
  const size = lengthBytes === 2 ? bytes.readUInt16BE(2) : lengthBytes === 8 ? Number(bytes.readBigUInt64BE(2)) : short;
  if (size > MOST_MESSAGE_BYTES) return 'wrong';
  const begin = 2 + lengthBytes + 4;
  if (bytes.length < begin + size) return undefined;
  const mask = bytes.subarray(begin - 4, begin);
  const payload = Buffer.from(bytes.subarray(begin, begin + size));
  for (let at = 0; at < size; at++) payload[at] = (payload[at] ?? 0) ^ (mask[at & 3] ?? 0);
  return { isLast, opcode, payload, length: begin + size };
}
