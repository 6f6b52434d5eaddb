// JSONPath as Kubernetes speaks it, the part that printer columns and scale subresources need:
// fields, indexes, slices, unions, wildcards, recursive descent and filters.

import { isRecord } from '#base/mod.ts';

/** All values at a path, in the order of the document. */
export type JsonPath = (root: unknown) => unknown[];

type Step = (values: readonly unknown[]) => unknown[];

/** The text is no JSONPath. */
export class JsonPathError extends Error {
  override readonly name = 'JsonPathError';
}

/** Compiles a path such as `.status.conditions[?(@.type=="Ready")].status`, with or without braces around it. Throws JsonPathError. */
export function compileJsonPath(text: string): JsonPath {
  const path = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1] ?? text;
  const steps = new PathReader(path.trim()).steps();
  return (root) => steps.reduce<unknown[]>((values, step) => step(values), [root]);
}

class PathReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  steps(): Step[] {
    if (this.#text[this.#at] === '$' || this.#text[this.#at] === '@') this.#at++;
    const steps: Step[] = [];
    while (this.#at < this.#text.length) steps.push(this.#step());
    return steps;
  }

  #step(): Step {
    if (this.#text.startsWith('..', this.#at)) {
      this.#at += 2;
      return descend;
    }
    if (this.#text[this.#at] === '[') return bracket(this.#bracketed());
    if (this.#text[this.#at] === '.') this.#at++;
    // A dot before a bracket or at the end of the text adds nothing.
    if (this.#at === this.#text.length || this.#text[this.#at] === '[') return (values) => [...values];
    return member(this.#name());
  }

  #name(): string {
    let name = '';
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] ?? '';
      if (char === '.' || char === '[') break;
      if (char === '\\') this.#at++;
      name += this.#text[this.#at++] ?? '';
    }
    return name;
  }

  /** The inside of the brackets that begin here; brackets and quotes within are kept together. */
  #bracketed(): string {
    const start = this.#at + 1;
    let depth = 0;
    let quote = '';
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at] ?? '';
      if (quote) {
        if (char === '\\') this.#at++;
        else if (char === quote) quote = '';
      } else if (char === "'" || char === '"') quote = char;
      else if (char === '[') depth++;
      else if (char === ']' && --depth === 0) return this.#text.slice(start, this.#at++);
    }
    throw new JsonPathError(`unterminated array in ${JSON.stringify(this.#text)}`);
  }
}

const each =
  (take: (value: unknown) => readonly unknown[]): Step =>
  (values) =>
    values.flatMap(take);

function member(name: string): Step {
  if (name === '*') return each(childrenOf);
  return each((value) => (isRecord(value) && Object.hasOwn(value, name) ? [value[name]] : []));
}

function childrenOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isRecord(value) ? Object.values(value) : [];
}

const descend: Step = each(function within(value: unknown): readonly unknown[] {
  return [value, ...childrenOf(value).flatMap(within)];
});

function bracket(inside: string): Step {
  const text = inside.trim();
  const filter = /^\?\((.*)\)$/s.exec(text)?.[1];
  if (filter !== undefined) return filterStep(filter.trim());
  const steps = splitOutsideQuotes(text, ',').map((part) => selectorStep(part.trim()));
  return each((value) => steps.flatMap((step) => step([value])));
}

function selectorStep(text: string): Step {
  const quoted = unquoted(text);
  if (quoted !== undefined) return member(quoted === '*' ? '*' : quoted);
  if (text === '*') return each(childrenOf);
  const range = /^(-?\d+)?(?::(-?\d+)?(?::(\d+))?)?$/.exec(text);
  if (!range || text === '') throw new JsonPathError(`invalid array index ${JSON.stringify(text)}`);
  const start = range[1] === undefined ? 0 : Number(range[1]);
  if (!text.includes(':'))
    return each((value) => (Array.isArray(value) ? value.slice(start, start + 1 || undefined) : []));
  const end = range[2] === undefined ? undefined : Number(range[2]);
  const stride = Math.max(1, Number(range[3] ?? 1));
  return each((value) => (Array.isArray(value) ? value.slice(start, end).filter((_, i) => i % stride === 0) : []));
}

function unquoted(text: string): string | undefined {
  const match = /^(['"])(.*)\1$/s.exec(text);
  return match?.[2]?.replace(/\\(.)/gs, '$1');
}

type Comparison = (a: unknown, b: unknown) => boolean;
const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<=': (a, b) => order(a, b) <= 0,
  '>=': (a, b) => order(a, b) >= 0,
  '<': (a, b) => order(a, b) < 0,
  '>': (a, b) => order(a, b) > 0,
};

/** Negative, zero or positive; NaN, which fails every comparison, where the two have no order. */
function order(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a !== 'string' || typeof b !== 'string') return Number.NaN;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function filterStep(text: string): Step {
  for (const [operator, compare] of Object.entries(COMPARISONS)) {
    const [left, right, ...more] = splitOutsideQuotes(text, operator);
    if (left === undefined || right === undefined) continue;
    if (more.length > 0) throw new JsonPathError(`unrecognized filter ${JSON.stringify(text)}`);
    const a = operand(left.trim());
    const b = operand(right.trim());
    return each((value) => childrenOf(value).filter((child) => compareAll(a(child), b(child), compare)));
  }
  const exists = operand(text);
  return each((value) => childrenOf(value).filter((child) => exists(child).length > 0));
}

function compareAll(a: readonly unknown[], b: readonly unknown[], compare: Comparison): boolean {
  return a.length > 0 && b.length > 0 && compare(a[0], b[0]);
}

function operand(text: string): JsonPath {
  if (text.startsWith('@') || text.startsWith('$')) return compileJsonPath(text);
  const literal = unquoted(text) ?? bare(text);
  return () => [literal];
}

function bare(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text !== '' && Number.isFinite(Number(text))) return Number(text);
  throw new JsonPathError(`unrecognized literal ${JSON.stringify(text)}`);
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let quote = '';
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    if (quote) {
      if (char === '\\') i++;
      else if (char === quote) quote = '';
    } else if (char === "'" || char === '"') quote = char;
    else if (text.startsWith(separator, i)) {
      parts.push(text.slice(from, i));
      from = i + separator.length;
      i = from - 1;
    }
  }
  return [...parts, text.slice(from)];
}
