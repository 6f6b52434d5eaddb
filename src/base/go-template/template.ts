// Go's text/template, as far as settings of Knative use it: fields and methods, pipelines, variables, if, with, range, and functions.

import type { GoMethod } from './values.ts';
import { GoFloat, isTrue, member, MOST_TEXT, ranged, shown, tooLong } from './values.ts';
import { FUNCTIONS } from './functions.ts';

/** Fills a template with values. Throws where they do not fit. */
export type GoTemplate = (values: unknown) => string;

/** How often the bodies of ranges run for one text: more would hold up whatever waits for it. */
const MOST_TURNS = 10_000;

/** Reads a template; throws an Error that says where it cannot. */
export function goTemplate(source: string): GoTemplate {
  const parser = new Parser(pieces(source));
  const node = parser.whole();
  return (values) => {
    const out = new Output();
    node(new Scope(values, values), out);
    return out.text();
  };
}

/** The text as it grows, within bounds. */
class Output {
  readonly #parts: string[] = [];
  #length = 0;
  #turns = 0;

  push(text: string): void {
    this.#length += text.length;
    if (this.#length > MOST_TEXT) throw tooLong();
    this.#parts.push(text);
  }

  /** Counts a turn of a range. */
  turn(): void {
    if (++this.#turns > MOST_TURNS) throw new Error(`template: ranges take more than ${MOST_TURNS} turns`);
  }

  text(): string {
    return this.#parts.join('');
  }
}

/** What a function gives; texts that grow by being joined again and again are stopped here. */
function called(run: GoMethod, args: readonly unknown[]): unknown {
  const value = run(...args);
  if (typeof value === 'string' && value.length > MOST_TEXT) throw tooLong();
  return value;
}

/** What a part of a template does: it adds text. */
type Node = (scope: Scope, out: Output) => void;
/** What an expression is worth. */
type Value = (scope: Scope) => unknown;

/** The dot, `$`, and variables, the innermost first. */
class Scope {
  readonly dot: unknown;
  readonly root: unknown;
  readonly #parent: Scope | undefined;
  readonly #variables = new Map<string, unknown>();

  constructor(dot: unknown, root: unknown, parent?: Scope) {
    this.dot = dot;
    this.root = root;
    this.#parent = parent;
  }

  inside(dot: unknown): Scope {
    return new Scope(dot, this.root, this);
  }

  declare(name: string, value: unknown): void {
    this.#variables.set(name, value);
  }

  get(name: string): unknown {
    return this.#variables.has(name) ? this.#variables.get(name) : this.#parent?.get(name);
  }

  assign(name: string, value: unknown): void {
    if (this.#variables.has(name)) this.#variables.set(name, value);
    else this.#parent?.assign(name, value);
  }
}

interface Token {
  readonly text: string;
  readonly kind: 'string' | 'number' | 'variable' | 'field' | 'dot' | 'word' | 'sign';
  /** Whether it stands right behind the token before. */
  readonly joined: boolean;
}

type Piece = { readonly text: string } | { readonly tokens: readonly Token[]; readonly line: number };

const TOKEN =
  /(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)+')|(?<number>[+-]?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?))|(?<variable>\$\w*)|(?<field>\.[A-Za-z_]\w*)|(?<dot>\.)|(?<word>[A-Za-z_]\w*)|(?<sign>:=|[=|(),])/y;
const OPEN = '{{';

/** Texts, and the tokens of actions. A dash beside the braces takes the blanks beside it away. */
function pieces(source: string): Piece[] {
  const out: Piece[] = [];
  let at = 0;
  let trims = false;
  while (at < source.length) {
    const open = source.indexOf(OPEN, at);
    const until = open < 0 ? source.length : open;
    const trimsBefore = open >= 0 && /^\{\{-\s/.test(source.slice(open, open + 4));
    let text = source.slice(at, until);
    if (trims) text = text.trimStart();
    if (trimsBefore) text = text.trimEnd();
    if (text) out.push({ text });
    if (open < 0) break;
    const line = source.slice(0, open).split('\n').length;
    const action = readAction(source, open + (trimsBefore ? 3 : 2), line);
    if (action.tokens) out.push({ tokens: action.tokens, line });
    at = action.end;
    trims = action.trims;
  }
  return out;
}

interface Action {
  /** Undefined for a comment. */
  readonly tokens: readonly Token[] | undefined;
  readonly end: number;
  readonly trims: boolean;
}

function readAction(source: string, from: number, line: number): Action {
  const comment = /\s*\/\*[\s\S]*?\*\/(\s-)?\}\}/y;
  comment.lastIndex = from;
  const found = comment.exec(source);
  if (found) return { tokens: undefined, end: comment.lastIndex, trims: found[1] !== undefined };
  const tokens: Token[] = [];
  for (let at = from; ; ) {
    const blanks = /\s*/y;
    blanks.lastIndex = at;
    const skipped = blanks.exec(source)?.[0] ?? '';
    at += skipped.length;
    if (at >= source.length) throw fault(line, 'unclosed action');
    if (source.startsWith('}}', at)) return { tokens, end: at + 2, trims: false };
    if (skipped && source.startsWith('-}}', at)) return { tokens, end: at + 3, trims: true };
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source);
    const kind = match && Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined)?.[0];
    if (!match || !kind) throw fault(line, `unexpected ${JSON.stringify(source[at])}`);
    tokens.push({ text: match[0], kind: kind as Token['kind'], joined: skipped === '' && tokens.length > 0 });
    at = TOKEN.lastIndex;
  }
}

function fault(line: number, text: string): Error {
  return new Error(`template: ${line}: ${text}`);
}

const UNSUPPORTED = new Set(['define', 'template', 'block', 'break', 'continue']);
const ENDS = new Set(['end', 'else']);

class Parser {
  readonly #pieces: readonly Piece[];
  #at = 0;
  #tokens: readonly Token[] = [];
  #next = 0;
  #line = 1;
  /** Variables that are known here, by the depth of their blocks. */
  readonly #known: Set<string>[] = [new Set()];

  constructor(all: readonly Piece[]) {
    this.#pieces = all;
  }

  whole(): Node {
    const node = this.#list();
    if (this.#at < this.#pieces.length) throw this.#fault(`unexpected {{${this.#tokens[0]?.text}}}`);
    return node;
  }

  /** Nodes until an end or an else, whose tokens are then the present ones. */
  #list(): Node {
    const nodes: Node[] = [];
    for (; this.#at < this.#pieces.length; this.#at++) {
      const piece = this.#pieces[this.#at] as Piece;
      if ('text' in piece) {
        nodes.push((_, out) => out.push(piece.text));
        continue;
      }
      this.#open(piece.tokens, piece.line);
      const word = this.#peek();
      if (word?.kind === 'word' && ENDS.has(word.text)) break;
      nodes.push(this.#action());
    }
    return (scope, out) => {
      for (const node of nodes) node(scope, out);
    };
  }

  #open(tokens: readonly Token[], line: number): void {
    this.#tokens = tokens;
    this.#next = 0;
    this.#line = line;
    if (tokens.length === 0) throw this.#fault('missing value for command');
  }

  #action(): Node {
    const token = this.#peek();
    if (token?.kind === 'word') {
      if (UNSUPPORTED.has(token.text)) throw this.#fault(`{{${token.text}}} is not supported`);
      if (token.text === 'if' || token.text === 'with' || token.text === 'range') {
        this.#next++;
        return this.#block(token.text);
      }
    }
    const stored = this.#assignment();
    const value = this.#pipeline();
    this.#done();
    if (stored) return (scope) => stored(scope, value(scope));
    return (scope, out) => out.push(shown(value(scope)));
  }

  /** `$x := ` or `$x = ` before a value; gives what stores it. */
  #assignment(): ((scope: Scope, value: unknown) => void) | undefined {
    const [variable, sign] = [this.#peek(), this.#tokens[this.#next + 1]];
    if (variable?.kind !== 'variable' || (sign?.text !== ':=' && sign?.text !== '=')) return undefined;
    const name = variable.text;
    this.#next += 2;
    if (sign.text === '=') {
      this.#mustKnow(name);
      return (scope, value) => scope.assign(name, value);
    }
    this.#know(name);
    return (scope, value) => scope.declare(name, value);
  }

  #block(word: 'if' | 'with' | 'range'): Node {
    this.#known.push(new Set());
    const names = word === 'range' ? this.#rangeNames() : [];
    const stored = word === 'range' ? undefined : this.#assignment();
    const value = this.#pipeline();
    this.#done();
    this.#at++;
    const body = this.#list();
    const otherwise = this.#otherwise();
    this.#known.pop();
    if (word === 'range') return rangeNode(names, value, body, otherwise);
    return (scope, out) => {
      const found = value(scope);
      const inner = scope.inside(word === 'with' && isTrue(found) ? found : scope.dot);
      stored?.(inner, found);
      (isTrue(found) ? body : otherwise)(inner, out);
    };
  }

  /** `$i, $x := ` or `$x := ` of a range. */
  #rangeNames(): string[] {
    const texts = this.#tokens.slice(this.#next, this.#next + 4).map(({ text }) => text);
    const names =
      texts[1] === ':=' ? texts.slice(0, 1) : texts[1] === ',' && texts[3] === ':=' ? [texts[0], texts[2]] : [];
    if (names.length > 0) this.#next += 2 * names.length;
    for (const name of names) this.#know(name ?? '');
    return names as string[];
  }

  /** What stands behind `else`, up to `end`. The present piece is the one that ended the body. */
  #otherwise(): Node {
    if (this.#at >= this.#pieces.length) throw this.#fault('unexpected EOF');
    const word = this.#tokens[this.#next++]?.text;
    if (word === 'end') {
      this.#done();
      return () => {};
    }
    const more = this.#peek();
    if (more?.kind === 'word' && (more.text === 'if' || more.text === 'with')) {
      this.#next++;
      return this.#block(more.text);
    }
    this.#done();
    this.#at++;
    const node = this.#list();
    if (this.#at >= this.#pieces.length) throw this.#fault('unexpected EOF');
    if (this.#tokens[this.#next++]?.text !== 'end') throw this.#fault('expected end');
    this.#done();
    return node;
  }

  #pipeline(): Value {
    let value = this.#command(undefined);
    while (this.#peek()?.text === '|') {
      this.#next++;
      value = this.#command(value);
    }
    return value;
  }

  /** A function or method with its arguments, the last of which may come by a pipe. */
  #command(piped: Value | undefined): Value {
    const token = this.#peek();
    if (token?.kind === 'word' && Object.hasOwn(FUNCTIONS, token.text)) {
      this.#next++;
      const run = FUNCTIONS[token.text] as GoMethod;
      const args = [...this.#operands(), ...(piped ? [piped] : [])];
      if (token.text === 'and' || token.text === 'or') return shortcut(token.text === 'and', args);
      return (scope) =>
        called(
          run,
          args.map((arg) => arg(scope)),
        );
    }
    const term = this.#term();
    const args = [...this.#operands(), ...(piped ? [piped] : [])];
    if (args.length > 0 && !term.call) throw this.#fault('can’t give arguments to what is no function');
    return (scope) =>
      term.call
        ? term.call(
            scope,
            args.map((arg) => arg(scope)),
          )
        : term.value(scope);
  }

  #operands(): Value[] {
    const out: Value[] = [];
    for (let token = this.#peek(); token && token.text !== '|' && token.text !== ')'; token = this.#peek()) {
      if (token.kind === 'word' && Object.hasOwn(FUNCTIONS, token.text)) {
        this.#next++;
        const run = FUNCTIONS[token.text] as GoMethod;
        out.push(() => run());
      } else out.push(this.#term().value);
    }
    return out;
  }

  /** One operand with the fields behind it. `call` is there where it ends in a field, which may be a method. */
  #term(): { value: Value; call?: (scope: Scope, args: readonly unknown[]) => unknown } {
    const token = this.#take();
    const base = this.#base(token);
    const path = token.kind === 'field' ? [token.text.slice(1)] : [];
    for (let more = this.#peek(); more?.kind === 'field' && more.joined; more = this.#peek())
      path.push(this.#take().text.slice(1));
    const last = path.pop();
    if (last === undefined) return { value: base };
    const owner: Value = path.reduce<Value>((of, name) => (scope) => member(of(scope), name, []), base);
    return {
      value: (scope) => member(owner(scope), last, []),
      call: (scope, args) => member(owner(scope), last, args),
    };
  }

  #base(token: Token): Value {
    const { text } = token;
    switch (token.kind) {
      case 'dot':
      case 'field':
        return (scope) => scope.dot;
      case 'variable':
        if (text === '$') return (scope) => scope.root;
        this.#mustKnow(text);
        return (scope) => scope.get(text);
      case 'string': {
        const value = unquoted(text);
        return () => value;
      }
      case 'number': {
        const value = /[.eE]/.test(text) && !/^[+-]?0[xX]/.test(text) ? new GoFloat(Number(text)) : Number(text);
        return () => value;
      }
      default:
        return this.#other(text);
    }
  }

  #other(text: string): Value {
    if (text === 'true' || text === 'false') return () => text === 'true';
    if (text === 'nil') return () => undefined;
    if (text !== '(') throw this.#fault(`function ${JSON.stringify(text)} not defined`);
    const inner = this.#pipeline();
    if (this.#peek()?.text !== ')') throw this.#fault('unclosed left paren');
    this.#next++;
    return inner;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next];
  }

  #take(): Token {
    const token = this.#tokens[this.#next++];
    if (!token) throw this.#fault('missing value for command');
    return token;
  }

  #done(): void {
    const left = this.#peek();
    if (left) throw this.#fault(`unexpected ${JSON.stringify(left.text)}`);
  }

  #know(name: string): void {
    this.#known.at(-1)?.add(name);
  }

  #mustKnow(name: string): void {
    if (!this.#known.some((names) => names.has(name))) throw this.#fault(`undefined variable ${JSON.stringify(name)}`);
  }

  #fault(text: string): Error {
    return fault(this.#line, text);
  }
}

function rangeNode(names: readonly string[], value: Value, body: Node, otherwise: Node): Node {
  return (scope, out) => {
    let isEmpty = true;
    for (const [key, item] of ranged(value(scope))) {
      isEmpty = false;
      out.turn();
      const inner = scope.inside(item);
      const [first, second] = names;
      if (second !== undefined) inner.declare(second, item);
      if (first !== undefined) inner.declare(first, second === undefined ? item : key);
      body(inner, out);
    }
    if (isEmpty) otherwise(scope, out);
  };
}

/** `and` and `or` ask no further than they must. */
function shortcut(isAnd: boolean, args: readonly Value[]): Value {
  return (scope) => {
    let value: unknown;
    for (const arg of args) {
      value = arg(scope);
      if (isTrue(value) !== isAnd) break;
    }
    return value;
  };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' };

/** The text of a Go string; of a character its number. */
function unquoted(literal: string): string | number {
  const inner = literal.slice(1, -1);
  if (literal.startsWith('`')) return inner;
  const text = inner.replaceAll(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/g,
    (_all, x?: string, u?: string, long?: string, octal?: string, plain = '') => {
      const hex = x ?? u ?? long;
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      return ESCAPES[plain] ?? plain;
    },
  );
  return literal.startsWith("'") ? (text.codePointAt(0) ?? 0) : text;
}
