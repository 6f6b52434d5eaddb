// Reads the head of a message, or its trailers, byte by byte as they come. No I/O: bytes in, a verdict out.

import { COLON, CR, LF, PLACES, SPACE, TAB, TARGET, TEXT, TOKEN } from './characters.ts';
import { HeldBytes } from './held-bytes.ts';
import type { Problem } from './problem.ts';

/** What stands before the fields. */
export type HeadKind = 'request' | 'response' | 'trailers';

export interface HeadBounds {
  /** Bytes, line ends included. */
  readonly maxBytes: number;
  readonly maxFields: number;
}

/** More than the longest method there is. */
const MAX_METHOD = 32;
/** `HTTP/1.1` and room for what is to be told from it. */
const MAX_VERSION = 64;

// Where the reader stands.
const BEFORE = 0;
const BEFORE_LF = 1;
const METHOD = 2;
const REQUEST_TARGET = 3;
const VERSION = 4;
const STATUS = 5;
const LINE_LF = 6;
const FIELD = 7;
const NAME = 8;
const BLANKS = 9;
const VALUE = 10;
const VALUE_LF = 11;
const END_LF = 12;
const DONE = 13;
const FAILED = 14;

/** Marks of the first line: two for each of its parts. */
const LINE_MARKS: Readonly<Record<HeadKind, number>> = { request: 6, response: 2, trailers: 0 };

const FIRST: Readonly<Record<HeadKind, number>> = { request: BEFORE, response: STATUS, trailers: FIELD };

const MALFORMED_LINE: Problem = { status: 400, why: 'malformed request line' };
const MALFORMED_STATUS: Problem = { status: 400, why: 'malformed status line' };
const MALFORMED_FIELD: Problem = { status: 400, why: 'malformed header field' };
const MALFORMED_END: Problem = { status: 400, why: 'a carriage return without a line feed' };
const TOO_LARGE: Readonly<Record<HeadKind, Problem>> = {
  request: { status: 431, why: 'request head is too large' },
  response: { status: 431, why: 'response head is too large' },
  trailers: { status: 431, why: 'trailers are too large' },
};
const TOO_MANY: Problem = { status: 431, why: 'too many header fields' };

/** Reads one head after the other. After a problem it reads nothing more. */
export class HeadReader {
  readonly #kind: HeadKind;
  readonly #firstField: number;
  readonly #bounds: HeadBounds;
  readonly #held = new HeldBytes();
  /** Offsets from the head's first byte: of the first line's parts, then of each field's name and value. */
  readonly #marks: number[] = [];
  /** How many of them count; those behind are of earlier heads. */
  #count = 0;
  #state: number;
  #at = 0;
  #text = '';
  problem: Problem | undefined;

  constructor(kind: HeadKind, bounds: HeadBounds) {
    this.#kind = kind;
    this.#bounds = bounds;
    this.#firstField = LINE_MARKS[kind];
    this.#state = FIRST[kind];
  }

  /** Whether some of a head has come, but not all. */
  get begun(): boolean {
    return this.#held.length > 0;
  }

  /** Reads on from `from` to `to`; returns where the head ends in this chunk, or -1: it needs more, or there is a problem. */
  read(chunk: Buffer, from: number, to: number = chunk.length): number {
    if (this.#state === DONE) this.#restart();
    const before = this.#held.length;
    if (before > 0) this.#held.add(chunk, from, to);
    const bytes = before > 0 ? this.#held.bytes : chunk;
    const origin = before > 0 ? 0 : from;
    this.#scan(bytes, origin, before > 0 ? bytes.length : to);
    if (this.#at > this.#bounds.maxBytes) this.#fail(TOO_LARGE[this.#kind]);
    if (this.#state === FAILED) return -1;
    if (this.#state !== DONE) {
      if (before === 0) this.#held.add(chunk, from, to);
      return -1;
    }
    this.#text = bytes.toString('latin1', origin, origin + this.#at);
    if (before > 0) this.#held.clear();
    return from + this.#at - before;
  }

  /** The nth part of the first line: method, target and version, or the whole status line. */
  part(nth: number): string {
    return this.#text.substring(this.#mark(2 * nth), this.#mark(2 * nth + 1));
  }

  name(nth: number): string {
    return this.#text.substring(this.nameAt(nth), this.nameEnd(nth));
  }

  value(nth: number): string {
    return this.#text.substring(this.valueAt(nth), this.valueEnd(nth));
  }

  isValue(nth: number, text: string): boolean {
    return this.#stands(this.valueAt(nth), this.valueEnd(nth), text);
  }

  /** Whether the nth line is as most write it: one space before the value, none behind. */
  isUsual(nth: number): boolean {
    const gap = this.nameEnd(nth) + 1;
    return (
      gap + 1 === this.valueAt(nth) &&
      this.#text.charCodeAt(gap) === SPACE &&
      this.valueEnd(nth) + 2 === this.nameAt(nth + 1)
    );
  }

  /** Names and values by turns. */
  fields(): string[] {
    const out: string[] = [];
    for (let i = this.#firstField; i < this.#count; i += 2)
      out.push(this.#text.substring(this.#mark(i), this.#mark(i + 1)));
    return out;
  }

  /** The whole head, each byte a character. */
  get text(): string {
    return this.#text;
  }

  isPart(nth: number, word: string): boolean {
    return this.#stands(this.#mark(2 * nth), this.#mark(2 * nth + 1), word);
  }

  /** Where the first line ends, its line end left out. */
  get lineEnd(): number {
    return this.#mark(this.#firstField - 1);
  }

  get fieldCount(): number {
    return (this.#count - this.#firstField) / 4;
  }

  /** Where in the text the nth field's name begins; behind the last field, where the empty line does. */
  nameAt(nth: number): number {
    const mark = this.#firstField + 4 * nth;
    return mark < this.#count ? this.#mark(mark) : this.#text.length - 2;
  }

  nameEnd(nth: number): number {
    return this.#mark(this.#firstField + 4 * nth + 1);
  }

  valueAt(nth: number): number {
    return this.#mark(this.#firstField + 4 * nth + 2);
  }

  valueEnd(nth: number): number {
    return this.#mark(this.#firstField + 4 * nth + 3);
  }

  #stands(from: number, to: number, word: string): boolean {
    return to - from === word.length && this.#text.startsWith(word, from);
  }

  #mark(nth: number): number {
    return this.#marks[nth] ?? 0;
  }

  #put(offset: number): void {
    this.#marks[this.#count++] = offset;
  }

  #lastMark(): number {
    return this.#marks[this.#count - 1] ?? 0;
  }

  #restart(): void {
    this.#state = FIRST[this.#kind];
    this.#at = 0;
    this.#count = 0;
  }

  #fail(problem: Problem): void {
    this.#state = FAILED;
    this.problem = problem;
    this.#held.clear();
  }

  /** The machine itself. A state that is left marks where; a byte that has no place fails. */
  #scan(bytes: Buffer, origin: number, end: number): void {
    let i = origin + this.#at;
    let state = this.#state;
    while (i < end) {
      const byte = bytes[i] as number;
      switch (state) {
        // Empty lines before a request are let pass (RFC 9112 §2.2).
        case BEFORE:
          if (byte === CR) state = BEFORE_LF;
          else {
            this.#put(i - origin);
            state = METHOD;
            continue;
          }
          break;
        case BEFORE_LF:
          if (byte !== LF) return this.#fail(MALFORMED_LINE);
          state = BEFORE;
          break;
        case METHOD: {
          while (i < end && ((PLACES[bytes[i] as number] as number) & TOKEN) !== 0) i++;
          if (i - origin - this.#mark(0) > MAX_METHOD) return this.#fail(MALFORMED_LINE);
          if (i === end) continue;
          if (bytes[i] !== SPACE || i - origin === this.#mark(0)) return this.#fail(MALFORMED_LINE);
          this.#put(i - origin);
          this.#put(i - origin + 1);
          state = REQUEST_TARGET;
          break;
        }
        case REQUEST_TARGET: {
          while (i < end && ((PLACES[bytes[i] as number] as number) & TARGET) !== 0) i++;
          if (i === end) continue;
          if (bytes[i] !== SPACE || i - origin === this.#mark(2)) return this.#fail(MALFORMED_LINE);
          this.#put(i - origin);
          this.#put(i - origin + 1);
          state = VERSION;
          break;
        }
        case VERSION:
        case STATUS: {
          if (state === STATUS && this.#count === 0) this.#put(0);
          while (i < end && ((PLACES[bytes[i] as number] as number) & TEXT) !== 0) i++;
          if (state === VERSION && i - origin - this.#mark(4) > MAX_VERSION) return this.#fail(MALFORMED_LINE);
          if (i === end) continue;
          if (bytes[i] !== CR) return this.#fail(state === VERSION ? MALFORMED_LINE : MALFORMED_STATUS);
          this.#put(i - origin);
          state = LINE_LF;
          break;
        }
        case LINE_LF:
        case VALUE_LF:
          if (byte !== LF) return this.#fail(MALFORMED_END);
          state = FIELD;
          break;
        case FIELD:
          if (byte === CR) state = END_LF;
          else {
            if (this.#count >= 4 * this.#bounds.maxFields + 6) return this.#fail(TOO_MANY);
            this.#put(i - origin);
            state = NAME;
            continue;
          }
          break;
        case NAME: {
          while (i < end && ((PLACES[bytes[i] as number] as number) & TOKEN) !== 0) i++;
          if (i === end) continue;
          if (bytes[i] !== COLON || i - origin === this.#lastMark()) return this.#fail(MALFORMED_FIELD);
          this.#put(i - origin);
          state = BLANKS;
          break;
        }
        case BLANKS:
          if (byte !== SPACE && byte !== TAB) {
            this.#put(i - origin);
            state = VALUE;
            continue;
          }
          break;
        case VALUE: {
          while (i < end && ((PLACES[bytes[i] as number] as number) & TEXT) !== 0) i++;
          if (i === end) continue;
          if (bytes[i] !== CR) return this.#fail(MALFORMED_FIELD);
          this.#put(endOfValue(bytes, origin + this.#lastMark(), i) - origin);
          state = VALUE_LF;
          break;
        }
        default:
          if (byte !== LF) return this.#fail(MALFORMED_END);
          this.#at = i + 1 - origin;
          this.#state = DONE;
          return;
      }
      i++;
    }
    this.#at = i - origin;
    this.#state = state;
  }
}

/** Blanks behind a value do not belong to it. */
function endOfValue(bytes: Buffer, from: number, to: number): number {
  let end = to;
  while (end > from && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--;
  return end;
}
