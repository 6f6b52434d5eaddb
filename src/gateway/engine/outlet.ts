// The writing side of a connection: small texts and bytes of one turn are joined, so that a head and its body are one write.

// By its global name it is looked for at each use.
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { Turn } from './turn.ts';

/** Bytes up to this many are joined with the text before and behind them; more go out as they are. */
const JOIN_UP_TO = 4096;
/** Text beyond this goes out before the turn ends. */
const FLUSH_FROM = 32 * 1024;

export class Outlet {
  readonly #socket: Socket;
  readonly #turn: Turn;
  #text = '';
  #putOff = false;

  constructor(socket: Socket, turn: Turn) {
    this.#socket = socket;
    this.#turn = turn;
  }

  /** Whether there is room; where there is none, the socket's `drain` will tell. */
  get roomy(): boolean {
    return this.#socket.writableLength < this.#socket.writableHighWaterMark;
  }

  /** Whether everything is with the kernel. */
  get empty(): boolean {
    return this.#text === '' && this.#socket.writableLength === 0;
  }

  /** Each character is a byte. */
  say(text: string): void {
    this.#text += text;
    if (this.#text.length > FLUSH_FROM) this.settle();
    else this.#putOffOnce();
  }

  /** False: there is no room for more, though these bytes are taken. */
  write(chunk: Uint8Array): boolean {
    if (chunk.length <= JOIN_UP_TO) this.say(latin1(chunk));
    else {
      this.#socket.cork();
      this.settle();
      if (this.#socket.writable) this.#socket.write(chunk);
      this.#socket.uncork();
    }
    return this.roomy;
  }

  /** The same as one chunk of a chunked body. */
  writeChunk(chunk: Uint8Array): boolean {
    if (chunk.length === 0) return this.roomy;
    this.say(`${chunk.length.toString(16)}\r\n`);
    this.write(chunk);
    this.say('\r\n');
    return this.roomy;
  }

  /** Sends what was put off. */
  settle(): void {
    this.#putOff = false;
    const text = this.#text;
    if (text === '') return;
    this.#text = '';
    if (this.#socket.writable) this.#socket.write(text, 'latin1');
  }

  #putOffOnce(): void {
    if (this.#putOff) return;
    this.#putOff = true;
    this.#turn.putOff(this);
  }
}

function latin1(chunk: Uint8Array): string {
  const bytes = chunk instanceof Buffer ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
  return bytes.toString('latin1');
}
