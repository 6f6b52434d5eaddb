// Text to tokens. Keywords and names come in any case (CESQL 1.0 §2).

/** Where and what an expression should have been. */
export class CesqlSyntaxError extends Error {
  override readonly name = 'CesqlSyntaxError';
  /** Index in the text, in UTF-16 units. */
  readonly position: number;

  constructor(position: number, expected: string, met: string) {
    super(`expected ${expected} at character ${position + 1}, but met ${met}`);
    this.position = position;
  }
}

/** `word`: a keyword or an identifier, upper case; `string`: what it stands for. */
export type Token =
  | { readonly kind: 'symbol' | 'word'; readonly text: string; readonly position: number }
  | { readonly kind: 'string'; readonly text: string; readonly position: number }
  | { readonly kind: 'integer'; readonly text: string; readonly position: number }
  | { readonly kind: 'end'; readonly text: ''; readonly position: number };

const SPACE = /[ \t\r\n]*/y;
const SYMBOL = /<=|>=|<>|!=|[=<>+\-*/%(),]/y;
const WORD = /[A-Za-z\d_]+/y;
const DIGITS = /^\d+$/;

/** All tokens, `end` the last. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = match(SPACE, text, 0)?.length ?? 0;
  while (at < text.length) {
    const { token, end } = readToken(text, at);
    tokens.push(token);
    at = end + (match(SPACE, text, end)?.length ?? 0);
  }
  tokens.push({ kind: 'end', text: '', position: text.length });
  return tokens;
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function readToken(text: string, position: number): { readonly token: Token; readonly end: number } {
  const quote = text[position] ?? '';
  if (quote === "'" || quote === '"') return readString(text, position, quote);
  const symbol = match(SYMBOL, text, position);
  if (symbol !== undefined) return { token: { kind: 'symbol', text: symbol, position }, end: position + symbol.length };
  const word = match(WORD, text, position);
  if (word === undefined) throw new CesqlSyntaxError(position, 'an expression', JSON.stringify(charAt(text, position)));
  const token: Token = DIGITS.test(word)
    ? { kind: 'integer', text: word, position }
    : { kind: 'word', text: word.toUpperCase(), position };
  return { token, end: position + word.length };
}

/** The whole character, where it takes two units. */
function charAt(text: string, at: number): string {
  return String.fromCodePoint(text.codePointAt(at) ?? 0);
}

/** A backslash makes the quote that delimits it part of the string; before anything else it is a character like others. */
function readString(text: string, position: number, quote: string): { readonly token: Token; readonly end: number } {
  let value = '';
  let at = position + 1;
  for (;;) {
    const char = text[at];
    if (char === undefined) throw new CesqlSyntaxError(text.length, `the closing ${quote} of a string`, 'the end');
    if (char === quote && text[at + 1] === quote) {
      value += quote + quote;
      at += 2;
    } else if (char === quote) break;
    else if (char === '\\' && at + 1 < text.length) {
      value += text[at + 1] === quote ? quote : text.slice(at, at + 2);
      at += 2;
    } else {
      value += char;
      at++;
    }
  }
  return { token: { kind: 'string', text: value, position }, end: at + 1 };
}
