// For tests: the client's end of SPDY/3.1, as far as port forwarding goes.

import { constants, createDeflate } from 'node:zlib';
import { DICTIONARY } from './spdy-headers.ts';

export function wordOf(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function frameOf(first: number, body: Uint8Array, flags = 0): Buffer {
  const length = wordOf(body.length);
  length.writeUInt8(flags, 0);
  return Buffer.concat([wordOf(first), length, body]);
}

const SYN_STREAM = 0x80030001;

export class SpdyClient {
  readonly #deflate = createDeflate({ dictionary: DICTIONARY, flush: constants.Z_SYNC_FLUSH });
  readonly #said = new Map<number, string>();
  readonly #ended = new Map<number, PromiseWithResolvers<void>>();
  #packed: Buffer[] = [];

  constructor() {
    this.#deflate.on('data', (chunk: Buffer) => this.#packed.push(chunk));
  }

  /** The frame that opens a stream. Header names go in lower case, as the protocol has it. */
  async open(stream: number, headers: Readonly<Record<string, string>>): Promise<Buffer> {
    this.#packed = [];
    const texts = Object.entries(headers).flatMap(([name, value]) => [name.toLowerCase(), value]);
    const sized = texts.flatMap((text) => [wordOf(Buffer.byteLength(text)), Buffer.from(text)]);
    const plain = Buffer.concat([wordOf(texts.length / 2), ...sized]);
    await new Promise<void>((resolve) => this.#deflate.write(plain, () => resolve()));
    const head = Buffer.concat([wordOf(stream), wordOf(0), Buffer.alloc(2)]);
    return frameOf(SYN_STREAM, Buffer.concat([head, ...this.#packed]));
  }

  data(stream: number, text: string, isLast = false): Buffer {
    return frameOf(stream, Buffer.from(text), isLast ? 1 : 0);
  }

  /** Takes one frame of the server. */
  hear(frame: Buffer): void {
    const first = frame.readUInt32BE(0);
    if (first >>> 31 === 1) return;
    this.#said.set(first, this.said(first) + frame.subarray(8).toString());
    if ((frame.readUInt8(4) & 1) === 1) this.#end(first).resolve();
  }

  said(stream: number): string {
    return this.#said.get(stream) ?? '';
  }

  async ended(...streams: readonly number[]): Promise<void> {
    await Promise.all(streams.map((stream) => this.#end(stream).promise));
  }

  #end(stream: number): PromiseWithResolvers<void> {
    const end = this.#ended.get(stream) ?? Promise.withResolvers<void>();
    this.#ended.set(stream, end);
    return end;
  }
}
