// The server's end of SPDY/3.1 as far as port forwarding needs it: streams that the client opens, data both ways, no push and no
// priorities. Kubernetes' own ends know no flow control either; here a stream that is not read holds the connection up.

import { emptyHeaders, HeaderReader } from './spdy-headers.ts';

// Types of control frames (draft-mbelshe-httpbis-spdy-00 §2.6).
const SYN_STREAM = 1;
const SYN_REPLY = 2;
const RST_STREAM = 3;
const PING = 6;
const HEAD_BYTES = 8;
const FIN = 1;
const CONTROL = 0x8003;
const MOST_FRAME_BYTES = 1024 * 1024;
const MOST_STREAMS = 1024;
/** Of one stream, before whoever reads it has caught up. */
const HELD_BYTES = 1024 * 1024;

/** A stream that the client has opened. */
export interface SpdyStream {
  readonly headers: ReadonlyMap<string, string>;
  /** Ends when the client has sent all; breaks where it resets the stream. */
  readonly readable: ReadableStream<Uint8Array>;
  send(bytes: Uint8Array): Promise<void>;
  /** Nothing more is sent. */
  end(): Promise<void>;
}

interface Frame {
  readonly control: number | undefined;
  /** The stream, or of a control frame its first four bytes. */
  readonly id: number;
  readonly flags: number;
  readonly body: Buffer;
}

type Send = (bytes: Uint8Array) => Promise<void>;

/** Streams as they are opened, until the connection ends. Throws where the client breaks the protocol. */
export async function* spdyStreams(incoming: AsyncIterable<Buffer>, send: Send): AsyncGenerator<SpdyStream> {
  const writers = new Map<number, WritableStreamDefaultWriter<Uint8Array>>();
  const headers = new HeaderReader();
  let opened = 0;
  try {
    for await (const { control, id, flags, body } of framesIn(incoming)) {
      if (control === undefined) {
        await writers
          .get(id)
          ?.write(body)
          .catch(() => undefined);
      } else if (control === SYN_STREAM) {
        if (writers.size >= MOST_STREAMS) throw new Error(`more than ${MOST_STREAMS} streams are open`);
        const pairs = await headers.read(body.subarray(10));
        const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(
          {},
          new ByteLengthQueuingStrategy({ highWaterMark: HELD_BYTES }),
          new ByteLengthQueuingStrategy({ highWaterMark: HELD_BYTES }),
        );
        const stream = body.readUInt32BE(0) & 0x7fff_ffff;
        writers.set(stream, writable.getWriter());
        await send(controlFrame(SYN_REPLY, Buffer.concat([wordOf(stream), emptyHeaders(opened === 0)])));
        opened += 1;
        yield {
          headers: pairs,
          readable,
          send: (bytes) => send(dataFrame(stream, 0, bytes)),
          end: () => send(dataFrame(stream, FIN, new Uint8Array())),
        };
      } else if (control === PING) {
        await send(controlFrame(PING, body));
      } else if (control === RST_STREAM) {
        await writers
          .get(body.readUInt32BE(0))
          ?.abort(new Error('the client reset the stream'))
          .catch(() => undefined);
        writers.delete(body.readUInt32BE(0));
      }
      const ended = control === undefined ? id : control === SYN_STREAM ? body.readUInt32BE(0) & 0x7fff_ffff : 0;
      if ((flags & FIN) !== 0) {
        await writers
          .get(ended)
          ?.close()
          .catch(() => undefined);
        writers.delete(ended);
      }
    }
  } finally {
    headers.close();
    for (const writer of writers.values()) writer.abort(new Error('the connection ended')).catch(() => undefined);
  }
}

async function* framesIn(incoming: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of incoming) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.length >= HEAD_BYTES) {
      const length = held.readUIntBE(5, 3);
      if (length > MOST_FRAME_BYTES) throw new Error(`a frame is longer than ${MOST_FRAME_BYTES} bytes`);
      if (held.length < HEAD_BYTES + length) break;
      const first = held.readUInt32BE(0);
      const isControl = first >>> 31 === 1;
      if (isControl && first >>> 16 !== CONTROL) throw new Error('expected SPDY version 3');
      yield {
        control: isControl ? first & 0xffff : undefined,
        id: first & 0x7fff_ffff,
        flags: held.readUInt8(4),
        body: held.subarray(HEAD_BYTES, HEAD_BYTES + length),
      };
      held = held.subarray(HEAD_BYTES + length);
    }
  }
}

function controlFrame(type: number, body: Uint8Array): Buffer {
  return frame(((CONTROL << 16) | type) >>> 0, 0, body);
}

function dataFrame(stream: number, flags: number, body: Uint8Array): Buffer {
  return frame(stream, flags, body);
}

function frame(first: number, flags: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(first, 0);
  head.writeUInt8(flags, 4);
  head.writeUIntBE(body.length, 5, 3);
  return Buffer.concat([head, body]);
}

function wordOf(value: number): Buffer {
  const word = Buffer.alloc(4);
  word.writeUInt32BE(value);
  return word;
}
