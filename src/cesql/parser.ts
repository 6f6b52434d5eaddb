// Tokens to a tree, by precedence (CESQL 1.0 §3.6): what binds tightest is read first; among equals, left to right.

import type { Token } from './lexer.ts';
import { CesqlSyntaxError, tokensOf } from './lexer.ts';
import type { ArithmeticOperator, ComparisonOperator, LogicOperator, Node } from './syntax.ts';
import { isInteger } from './value.ts';

/** What binds two operands, loosest first. AND, OR and XOR are equals. */
const LEVELS = [
  new Set(['AND', 'OR', 'XOR']),
  new Set(['=', '!=', '<>', '<', '<=', '>', '>=']),
  new Set(['+', '-']),
  new Set(['*', '/', '%']),
] as const;
const KEYWORDS: ReadonlySet<string> = new Set([...LEVELS[0], 'NOT', 'LIKE', 'EXISTS', 'IN', 'TRUE', 'FALSE']);
const FUNCTION_NAME = /^[A-Z][A-Z_]*$/;
/** Of what stands within each other; no stack is to overflow. */
const MOST_NESTED = 200;
/** A chain of them is as deep a tree as it is long. */
const MOST_OPERATORS = 1000;

/** The tree of an expression; throws a CesqlSyntaxError where the text is none. */
export function parseTree(text: string): Node {
  const parser = new Parser(text);
  const tree = parser.binary(0);
  parser.end();
  return tree;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  #operators = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  binary(level: number): Node {
    const operators = LEVELS[level];
    if (!operators) return this.#matched();
    let left = this.binary(level + 1);
    for (;;) {
      const operator = this.#token.text;
      if (this.#token.kind === 'string' || !(operators as ReadonlySet<string>).has(operator)) return left;
      if (++this.#operators > MOST_OPERATORS)
        throw new CesqlSyntaxError(this.#token.position, `at most ${MOST_OPERATORS} operators`, 'more');
      this.#at++;
      left = joined(level, operator, left, this.binary(level + 1));
    }
  }

  end(): void {
    if (this.#token.kind !== 'end') throw this.#unexpected('an operator or the end');
  }

  /** What LIKE and IN apply to, and they. */
  #matched(): Node {
    let node = this.#unary();
    for (;;) {
      const negated = this.#isWord('NOT') && (this.#isWord('LIKE', 1) || this.#isWord('IN', 1));
      if (negated) this.#at++;
      if (this.#take('word', 'LIKE')) node = negate(negated, { kind: 'like', of: node, pattern: this.#pattern() });
      else if (this.#take('word', 'IN')) node = negate(negated, { kind: 'in', of: node, set: this.#list('IN') });
      else return node;
    }
  }

  #unary(): Node {
    if (++this.#depth > MOST_NESTED)
      throw new CesqlSyntaxError(this.#token.position, `at most ${MOST_NESTED} expressions within each other`, 'more');
    const node = this.#prefixed();
    this.#depth--;
    return node;
  }

  #prefixed(): Node {
    if (this.#take('word', 'NOT')) return { kind: 'not', of: this.#unary() };
    if (this.#take('word', 'EXISTS')) return { kind: 'exists', name: this.#attribute() };
    const sign = this.#token;
    if (sign.kind === 'symbol' && (sign.text === '-' || sign.text === '+')) return this.#signed(sign.text);
    return this.#primary();
  }

  /** A sign right before digits is part of the number, so that the smallest integer can be written. */
  #signed(sign: '-' | '+'): Node {
    const { position } = this.#token;
    const next = this.#tokens[this.#at + 1];
    if (next?.kind === 'integer' && next.position === position + 1) {
      this.#at += 2;
      return integer(sign + next.text, position);
    }
    if (sign === '+') throw this.#unexpected('an expression');
    this.#at++;
    return { kind: 'negate', of: this.#unary() };
  }

  #primary(): Node {
    const token = this.#token;
    if (token.kind === 'string') {
      this.#at++;
      return { kind: 'literal', value: token.text };
    }
    if (token.kind === 'integer') {
      this.#at++;
      return integer(token.text, token.position);
    }
    if (this.#take('symbol', '(')) {
      const inner = this.binary(0);
      this.#expect(')', 'an operator or )');
      return inner;
    }
    if (token.kind !== 'word') throw this.#unexpected('an expression');
    if (this.#take('word', 'TRUE')) return { kind: 'literal', value: true };
    if (this.#take('word', 'FALSE')) return { kind: 'literal', value: false };
    return this.#isSymbol('(', 1) ? this.#call() : { kind: 'attribute', name: this.#attribute() };
  }

  #call(): Node {
    const { text } = this.#token;
    if (KEYWORDS.has(text) || !FUNCTION_NAME.test(text)) throw this.#unexpected('the name of a function');
    this.#at++;
    if (this.#isSymbol(')', 1)) {
      this.#at += 2;
      return { kind: 'call', name: text, arguments: [] };
    }
    return { kind: 'call', name: text, arguments: this.#list(text) };
  }

  /** Expressions in parentheses, at least one. */
  #list(of: string): Node[] {
    this.#expect('(', `( after ${of}`);
    const items = [this.binary(0)];
    while (this.#take('symbol', ',')) items.push(this.binary(0));
    this.#expect(')', 'an operator, a comma or )');
    return items;
  }

  #pattern(): string {
    const token = this.#token;
    if (token.kind !== 'string') throw this.#unexpected('a string as the pattern of LIKE');
    this.#at++;
    return token.text;
  }

  #attribute(): string {
    const { kind, text } = this.#token;
    if (kind !== 'word' || KEYWORDS.has(text) || text.includes('_'))
      throw this.#unexpected('the name of an attribute, of letters and digits');
    this.#at++;
    return text.toLowerCase();
  }

  get #token(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '', position: 0 };
  }

  #isWord(word: string, ahead = 0): boolean {
    const token = this.#tokens[this.#at + ahead];
    return token?.kind === 'word' && token.text === word;
  }

  #isSymbol(symbol: string, ahead: number): boolean {
    const token = this.#tokens[this.#at + ahead];
    return token?.kind === 'symbol' && token.text === symbol;
  }

  #take(kind: 'symbol' | 'word', text: string): boolean {
    const taken = this.#token.kind === kind && this.#token.text === text;
    if (taken) this.#at++;
    return taken;
  }

  #expect(symbol: string, expected: string): void {
    if (!this.#take('symbol', symbol)) throw this.#unexpected(expected);
  }

  #unexpected(expected: string): CesqlSyntaxError {
    const { kind, text, position } = this.#token;
    return new CesqlSyntaxError(position, expected, kind === 'end' ? 'the end' : JSON.stringify(text));
  }
}

function joined(level: number, operator: string, left: Node, right: Node): Node {
  if (level === 0) return { kind: 'logic', operator: operator as LogicOperator, left, right };
  if (level > 1) return { kind: 'arithmetic', operator: operator as ArithmeticOperator, left, right };
  return { kind: 'comparison', operator: operator === '<>' ? '!=' : (operator as ComparisonOperator), left, right };
}

function negate(negated: boolean, node: Node): Node {
  return negated ? { kind: 'not', of: node } : node;
}

function integer(text: string, position: number): Node {
  const value = Number(text);
  if (!isInteger(value)) throw new CesqlSyntaxError(position, 'an integer of 32 bits', text);
  return { kind: 'literal', value: value | 0 };
}
