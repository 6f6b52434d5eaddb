// JSON read in place (RFC 8259): where a value ends, so that its bytes can be kept as they stand.
// The text is the document's bytes, one character each (latin1): an index is that of the byte, and nothing is decoded that need not be.

import { Malformed } from './malformed.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const EXPONENT = 0x65;
/** Makes a letter lower case. */
const LOWER = 0x20;

const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;
const LITERALS = ['true', 'false', 'null'] as const;

/** The index of the next character that is no white space. */
export function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at++;
  }
}

/** The index behind a character that must stand there. */
export function expect(text: string, at: number, what: string): number {
  if (text.startsWith(what, at)) return at + what.length;
  throw unexpected(text, at, what);
}

/** The index behind the string that must begin there. */
export function endOfString(text: string, from: number): number {
  let at = expect(text, from, '"');
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH) at = endOfEscape(text, at);
    else if (code >= 0x20) at++;
    else throw unexpected(text, at, 'the end of the string');
  }
}

/** The index behind the value that must begin there, whatever is in it. However deep it is, no stack grows. */
export function endOfValue(text: string, from: number): number {
  const closers: number[] = [];
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === OPEN_OBJECT || code === OPEN_LIST) {
      const closer = code === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_LIST;
      at = skipSpace(text, at + 1);
      if (text.charCodeAt(at) !== closer) {
        closers.push(closer);
        if (closer === CLOSE_OBJECT) at = startOfMember(text, at);
        continue;
      }
      at++;
    } else at = endOfScalar(text, at);
    at = afterValue(text, at, closers);
    if (closers.length === 0) return at;
  }
}

/** Leaves what ends here, and goes on to the next value; where none is left, to the end. */
function afterValue(text: string, from: number, closers: number[]): number {
  let at = from;
  while (closers.length > 0) {
    const closer = closers[closers.length - 1];
    at = skipSpace(text, at);
    const code = text.charCodeAt(at);
    if (code === COMMA) {
      at = skipSpace(text, at + 1);
      return closer === CLOSE_OBJECT ? startOfMember(text, at) : at;
    }
    if (code !== closer) throw unexpected(text, at, closer === CLOSE_OBJECT ? ', or }' : ', or ]');
    closers.pop();
    at++;
  }
  return at;
}

/** The index of a member's value, from that of its name. */
function startOfMember(text: string, from: number): number {
  const at = skipSpace(text, endOfString(text, from));
  if (text.charCodeAt(at) !== COLON) throw unexpected(text, at, ':');
  return skipSpace(text, at + 1);
}

function endOfScalar(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code === QUOTE) return endOfString(text, at);
  if (code === MINUS || isDigit(code)) return endOfNumber(text, at);
  for (const literal of LITERALS) if (text.startsWith(literal, at)) return at + literal.length;
  throw unexpected(text, at, 'a value');
}

function endOfNumber(text: string, from: number): number {
  let at = text.charCodeAt(from) === MINUS ? from + 1 : from;
  at = text.charCodeAt(at) === ZERO ? at + 1 : endOfDigits(text, at);
  if (text.charCodeAt(at) === DOT) at = endOfDigits(text, at + 1);
  if ((text.charCodeAt(at) | LOWER) !== EXPONENT) return at;
  const sign = text.charCodeAt(at + 1);
  return endOfDigits(text, sign === PLUS || sign === MINUS ? at + 2 : at + 1);
}

/** One digit at least must be there. */
function endOfDigits(text: string, from: number): number {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at++;
  if (at === from) throw unexpected(text, at, 'a digit');
  return at;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function endOfEscape(text: string, at: number): number {
  ESCAPE.lastIndex = at;
  if (!ESCAPE.test(text)) throw unexpected(text, at, 'an escape of JSON');
  return ESCAPE.lastIndex;
}

/** What to throw where the document does not go on as it should. */
export function unexpected(text: string, at: number, expected: string): Malformed {
  const met = at >= text.length ? 'its end' : JSON.stringify(text.slice(at, at + 1));
  return new Malformed(`the JSON document should have ${expected} at byte ${at}, but has ${met}`);
}

/** Whether bytes are one JSON value and nothing else, white space around it included. */
export function isBareJson(text: string): boolean {
  try {
    return endOfValue(text, 0) === text.length;
  } catch {
    return false;
  }
}

const NOT_AS_IT_STANDS = /[\\\u0080-\u00ff]/;

/** The text of the string between two indexes, quotes included. The document is known to be UTF-8. */
export function stringAt(text: string, from: number, end: number): string {
  const inside = text.slice(from + 1, end - 1);
  if (!NOT_AS_IT_STANDS.test(inside)) return inside;
  return JSON.parse(Buffer.from(text.slice(from, end), 'latin1').toString('utf8')) as string;
}
