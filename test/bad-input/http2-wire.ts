// HTTP/2 written by hand, frame by frame, so that a test can say what no client library would (RFC 9113 §4, RFC 7541 §6.2.2).

import type { Socket } from 'node:net';
import { connect } from 'node:net';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const FRAME_HEAD = 9;
const TYPE = { data: 0, headers: 1, rst: 3, settings: 4, goaway: 7 } as const;
const END_STREAM = 1;
const END_HEADERS = 4;
const ACK = 1;
const STREAM = 1;

/** What came of the one stream: a status by its number, or how it was refused. */
export type Outcome = number | 'reset' | 'goaway' | 'closed';

export type Field = readonly [name: string, value: string];

/** Sends one request as it stands and waits for the first sign of its fate. */
export async function sendHttp2(
  port: number,
  fields: readonly Field[],
  { data, trailers }: { data?: string | undefined; trailers?: readonly Field[] | undefined },
): Promise<Outcome> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const frames = new Frames(socket);
  socket.write(PREFACE, 'latin1');
  socket.write(frame(TYPE.settings, 0, 0, Buffer.alloc(0)));
  const ends = data === undefined && trailers === undefined;
  socket.write(frame(TYPE.headers, END_HEADERS | (ends ? END_STREAM : 0), STREAM, block(fields)));
  if (data !== undefined)
    socket.write(frame(TYPE.data, trailers === undefined ? END_STREAM : 0, STREAM, Buffer.from(data, 'latin1')));
  if (trailers) socket.write(frame(TYPE.headers, END_HEADERS | END_STREAM, STREAM, block(trailers)));
  try {
    for (;;) {
      const next = await frames.next();
      if (next === undefined) return 'closed';
      if (next.type === TYPE.settings && (next.flags & ACK) === 0)
        socket.write(frame(TYPE.settings, ACK, 0, Buffer.alloc(0)));
      if (next.type === TYPE.goaway) return 'goaway';
      if (next.type === TYPE.rst) return 'reset';
      if (next.type === TYPE.headers) return statusOf(next.payload);
    }
  } finally {
    socket.destroy();
  }
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(FRAME_HEAD);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Each field spelled out, never indexed: names and values may be any bytes. */
function block(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

function text(content: string): Buffer {
  const bytes = Buffer.from(content, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

/** Statuses of the static table (RFC 7541, appendix A), else three digits somewhere at the start, coded or plain. */
const STATIC: Readonly<Record<number, number>> = { 8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500 };

function statusOf(payload: Buffer): number {
  const first = payload[0] ?? 0;
  const indexed = first >= 128 ? STATIC[first - 128] : undefined;
  return indexed ?? huffmanDigits(payload);
}

/** Digits in the static code of HPACK: 0, 1 and 2 have five bits, the others six. */
function huffmanDigits(payload: Buffer): number {
  const length = payload[1] ?? 0;
  if (length < 128) return Number(payload.subarray(2, 2 + length).toString('latin1'));
  let bits = '';
  for (const byte of payload.subarray(2, 2 + length - 128)) bits += byte.toString(2).padStart(8, '0');
  let digits = '';
  for (let at = 0; digits.length < 3; ) {
    const five = Number.parseInt(bits.slice(at, at + 5), 2);
    const isShort = five <= 2;
    digits += isShort ? five : Number.parseInt(bits.slice(at, at + 6), 2) - 0x19 + 3;
    at += isShort ? 5 : 6;
  }
  return Number(digits);
}

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly payload: Buffer;
}

class Frames {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Undefined: the connection is closed. */
  async next(): Promise<Frame | undefined> {
    const head = await this.#take(FRAME_HEAD);
    if (!head) return undefined;
    const payload = await this.#take(head.readUIntBE(0, 3));
    return payload && { type: head[3] ?? 0, flags: head[4] ?? 0, payload };
  }

  async #take(count: number): Promise<Buffer | undefined> {
    while (this.#held.length < count) {
      const more = await this.#chunks.next().catch(() => ({ done: true as const, value: undefined }));
      if (more.done || !more.value) return undefined;
      this.#held = Buffer.concat([this.#held, more.value]);
    }
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }
}
