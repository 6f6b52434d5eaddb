// Finds the bytes of a body and its end, by length, by chunks, or to the end of the connection. No I/O: bytes in, a body out.

// By its global name it is looked for at each use.
import { Buffer } from 'node:buffer';
import { BACKSLASH, CR, EQUALS, LF, PLACES, QUOTE, QUOTED, SEMICOLON, TEXT, TOKEN, hexDigit } from './characters.ts';
import { HeadReader } from './head-reader.ts';
import type { Problem } from './problem.ts';

/** How a body is framed: so many bytes, in chunks, or all that comes. */
export type Framing = number | 'chunks' | 'to-the-end';

export interface BodyTaker {
  /** A part of the body: of this chunk the bytes from `from` to `to`. */
  data(chunk: Buffer, from: number, to: number): void;
}

/** A part of a chunk by itself. */
export function part(chunk: Buffer, from: number, to: number): Buffer {
  return from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to);
}

/** The same of a chunk that is lent, for one who may keep it. */
export function copied(chunk: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafe(to - from);
  chunk.copy(copy, 0, from, to);
  return copy;
}

/** Trailers are rare and small; who needs more has a body for it. */
const TRAILER_BOUNDS = { maxBytes: 16 * 1024, maxFields: 200 };
/** Bytes of extensions behind one chunk's size. */
const MAX_EXTENSION = 4096;
/** Beyond it a size could not be counted exactly. */
const MAX_CHUNK = 2 ** 48;
const MAX_SIZE_DIGITS = 32;

// Where the reader stands.
const DONE = 0;
const LENGTH = 1;
const TO_THE_END = 2;
const SIZE = 3;
const EXTENSION_START = 4;
const EXTENSION_NAME = 5;
const EXTENSION_VALUE = 6;
const EXTENSION_TOKEN = 7;
const EXTENSION_QUOTED = 8;
const EXTENSION_ESCAPE = 9;
const EXTENSION_END = 10;
const SIZE_LF = 11;
const DATA = 12;
const DATA_CR = 13;
const DATA_LF = 14;
const TRAILERS = 15;
const FAILED = 16;

const MALFORMED_SIZE: Problem = { status: 400, why: 'malformed chunk size' };
const MALFORMED_EXTENSION: Problem = { status: 400, why: 'malformed chunk extension' };
const MALFORMED_CHUNK: Problem = { status: 400, why: 'a chunk is not as long as it says' };
const FRAMING_TRAILER: Problem = { status: 400, why: 'a trailer that would change the framing' };
const EXTENSION_OVERFLOW: Problem = { status: 413, why: 'chunk extensions are too large' };

const FORBIDDEN_TRAILER = /^(?:content-length|transfer-encoding|host|connection|upgrade)$/i;
const NO_TRAILERS: readonly string[] = [];

/** Reads one body after the other. After a problem it reads nothing more. */
export class BodyReader {
  #state = DONE;
  #left = 0;
  #digits = 0;
  #extension = 0;
  #trailerReader: HeadReader | undefined;
  trailers: readonly string[] = NO_TRAILERS;
  problem: Problem | undefined;

  get done(): boolean {
    return this.#state === DONE;
  }

  /** Whether the end of the connection is the end of the body. */
  get endsWithConnection(): boolean {
    return this.#state === TO_THE_END;
  }

  begin(framing: Framing): void {
    this.trailers = NO_TRAILERS;
    if (framing === 'to-the-end') this.#state = TO_THE_END;
    else if (framing === 'chunks') this.#beginChunk();
    else {
      this.#left = framing;
      this.#state = framing === 0 ? DONE : LENGTH;
    }
  }

  /** Reads on from `from` until the body is done or `to` is reached; returns where it stopped. */
  read(chunk: Buffer, from: number, taker: BodyTaker, to: number = chunk.length): number {
    if (this.#state === TO_THE_END) {
      taker.data(chunk, from, to);
      return to;
    }
    if (this.#state === LENGTH) return this.#readLength(chunk, from, taker, to);
    let at = from;
    while (at < to && this.#state !== DONE && this.#state !== FAILED) {
      if (this.#state === DATA) at = this.#readData(chunk, at, taker, to);
      else if (this.#state === TRAILERS) at = this.#readTrailers(chunk, at, to);
      else this.#step(chunk[at++] as number);
    }
    return at;
  }

  #beginChunk(): void {
    this.#left = 0;
    this.#digits = 0;
    this.#extension = 0;
    this.#state = SIZE;
  }

  #fail(problem: Problem): void {
    this.problem = problem;
    this.#state = FAILED;
  }

  #readLength(chunk: Buffer, from: number, taker: BodyTaker, to: number): number {
    const end = Math.min(to, from + this.#left);
    this.#left -= end - from;
    if (this.#left === 0) this.#state = DONE;
    if (end > from) taker.data(chunk, from, end);
    return end;
  }

  #readData(chunk: Buffer, from: number, taker: BodyTaker, to: number): number {
    const end = Math.min(to, from + this.#left);
    this.#left -= end - from;
    if (this.#left === 0) this.#state = DATA_CR;
    taker.data(chunk, from, end);
    return end;
  }

  #readTrailers(chunk: Buffer, from: number, to: number): number {
    const reader = (this.#trailerReader ??= new HeadReader('trailers', TRAILER_BOUNDS));
    const end = reader.read(chunk, from, to);
    if (reader.problem) {
      this.#fail(reader.problem);
      return to;
    }
    if (end < 0) return to;
    this.trailers = reader.fields();
    this.#trailerReader = undefined;
    this.#state = DONE;
    if (this.trailers.some((name, i) => i % 2 === 0 && FORBIDDEN_TRAILER.test(name))) this.#fail(FRAMING_TRAILER);
    return end;
  }

  /** One byte between the data of two chunks (RFC 9112 §7.1), without the blanks that the grammar calls bad. */
  #step(byte: number): void {
    switch (this.#state) {
      case SIZE:
        return this.#size(byte);
      case SIZE_LF:
        if (byte !== LF) return this.#fail(MALFORMED_SIZE);
        this.#state = this.#left === 0 ? TRAILERS : DATA;
        return;
      case DATA_CR:
        if (byte !== CR) return this.#fail(MALFORMED_CHUNK);
        this.#state = DATA_LF;
        return;
      case DATA_LF:
        if (byte !== LF) return this.#fail(MALFORMED_CHUNK);
        return this.#beginChunk();
      default:
        return this.#extend(byte);
    }
  }

  #size(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#left = this.#left * 16 + digit;
      if (this.#left > MAX_CHUNK || ++this.#digits > MAX_SIZE_DIGITS) this.#fail(MALFORMED_SIZE);
    } else if (this.#digits === 0) this.#fail(MALFORMED_SIZE);
    else if (byte === CR) this.#state = SIZE_LF;
    else if (byte === SEMICOLON) this.#state = EXTENSION_START;
    else this.#fail(MALFORMED_SIZE);
  }

  /** An extension is a name, and maybe a value that is a token or quoted. It is read over, never passed on. */
  #extend(byte: number): void {
    if (++this.#extension > MAX_EXTENSION) return this.#fail(EXTENSION_OVERFLOW);
    const next = afterExtension(this.#state, byte, PLACES[byte] as number);
    if (next === FAILED) this.#fail(MALFORMED_EXTENSION);
    else this.#state = next;
  }
}

/** Where a byte within an extension leads. */
function afterExtension(state: number, byte: number, places: number): number {
  switch (state) {
    case EXTENSION_START:
      return (places & TOKEN) === 0 ? FAILED : EXTENSION_NAME;
    case EXTENSION_VALUE:
      if (byte === QUOTE) return EXTENSION_QUOTED;
      return (places & TOKEN) === 0 ? FAILED : EXTENSION_TOKEN;
    case EXTENSION_QUOTED:
      if (byte === QUOTE) return EXTENSION_END;
      if (byte === BACKSLASH) return EXTENSION_ESCAPE;
      return (places & QUOTED) === 0 ? FAILED : state;
    case EXTENSION_ESCAPE:
      return (places & TEXT) === 0 ? FAILED : EXTENSION_QUOTED;
    default:
      if (byte === CR) return SIZE_LF;
      if (byte === SEMICOLON) return EXTENSION_START;
      if (state === EXTENSION_NAME && byte === EQUALS) return EXTENSION_VALUE;
      return state === EXTENSION_END || (places & TOKEN) === 0 ? FAILED : state;
  }
}
