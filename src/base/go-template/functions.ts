// The functions that every Go template has.

import type { GoMethod } from './values.ts';
import { GoFloat, GoMap, isTrue, MOST_TEXT, shown, tooLong } from './values.ts';

export const FUNCTIONS: Readonly<Record<string, GoMethod>> = {
  // Whoever parses carries these two out, so that they ask no further than they must; here they have no arguments.
  and: wantsArguments,
  or: wantsArguments,
  not: (value) => !isTrue(value),
  len: lengthOf,
  index: (value, ...keys) => keys.reduce(indexed, value),
  slice: sliced,
  print: printed,
  println: (...args) => `${args.map((arg) => shown(arg, '<nil>')).join(' ')}\n`,
  printf: (format, ...args) => formatted(textOf(format, 'printf'), args),
  html: (...args) => printed(...args).replaceAll(/[&'"<>\0]/g, (sign) => HTML[sign] ?? ''),
  js: (...args) => escapedForJs(printed(...args)),
  urlquery: (...args) =>
    encodeURIComponent(printed(...args))
      .replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll('%20', '+'),
  eq: (first, ...others) => {
    if (others.length === 0) throw new Error('template: missing argument for comparison');
    return others.some((other) => isEqual(first, other));
  },
  ne: (a, b) => !isEqual(a, b),
  lt: (a, b) => order(a, b) < 0,
  le: (a, b) => order(a, b) <= 0,
  gt: (a, b) => order(a, b) > 0,
  ge: (a, b) => order(a, b) >= 0,
};

function wantsArguments(): never {
  throw new Error('template: wrong number of args: want at least 1 got 0');
}

const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  "'": '&#39;',
  '"': '&#34;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '\uFFFD',
};

const encoder = new TextEncoder();

/** Go puts blanks between two that are no texts. */
function printed(...args: readonly unknown[]): string {
  return args
    .map((arg, i) => {
      const gap = i > 0 && typeof arg !== 'string' && typeof args[i - 1] !== 'string' ? ' ' : '';
      return gap + shown(arg, '<nil>');
    })
    .join('');
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return encoder.encode(value).length;
  if (Array.isArray(value)) return value.length;
  if (value instanceof GoMap) return value.entries.size;
  throw new Error(`template: len of ${shown(value)}`);
}

function indexed(value: unknown, key: unknown): unknown {
  if (value instanceof GoMap) return value.entries.get(textOf(key, 'index')) ?? value.zero;
  if (value === undefined || value === null) throw new Error('template: index of untyped nil');
  if (typeof key !== 'number') throw new Error(`template: cannot index with ${shown(key)}`);
  const list = typeof value === 'string' ? [...encoder.encode(value)] : value;
  if (!Array.isArray(list)) throw new Error(`template: can't index ${shown(value)}`);
  if (key < 0 || key >= list.length) throw new Error(`template: index out of range: ${key}`);
  return list[key];
}

function sliced(value: unknown, from: unknown = 0, to?: unknown): unknown {
  if (typeof value !== 'string' && !Array.isArray(value)) throw new Error(`template: can't slice ${shown(value)}`);
  const end = to ?? value.length;
  if (typeof from !== 'number' || typeof end !== 'number' || from < 0 || end < from || end > value.length)
    throw new Error('template: slice index out of range');
  return value.slice(from, end);
}

function textOf(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new Error(`template: ${what} wants a string, not ${shown(value)}`);
}

function plain(value: unknown): unknown {
  return value instanceof GoFloat ? value.value : value;
}

function isEqual(a: unknown, b: unknown): boolean {
  const [x, y] = [plain(a), plain(b)];
  if (x !== undefined && y !== undefined && typeof x !== typeof y)
    throw new Error('template: incompatible types for comparison');
  return x === y;
}

function order(a: unknown, b: unknown): number {
  const [x, y] = [plain(a), plain(b)];
  if (typeof x === 'number' && typeof y === 'number') return x - y;
  if (typeof x === 'string' && typeof y === 'string') return x < y ? -1 : x > y ? 1 : 0;
  throw new Error('template: incompatible types for comparison');
}

const JS: Readonly<Record<string, string>> = { '\\': '\\\\', "'": "\\'", '"': '\\"' };

/** Nothing that is left could end a string of JavaScript or begin a tag. */
function escapedForJs(text: string): string {
  return text.replaceAll(/[\\'"<>&=\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, (sign) => {
    const known = JS[sign];
    if (known !== undefined) return known;
    const code = sign.codePointAt(0) ?? 0;
    return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

const VERB = /%(?<flags>[-+ 0#]*)(?<width>\d*)(?:\.(?<precision>\d*))?(?<verb>[a-zA-Z%])/g;

function formatted(format: string, args: readonly unknown[]): string {
  let next = 0;
  let length = 0;
  const text = format.replaceAll(VERB, (...match) => {
    const { flags, width, precision, verb } = match.at(-1) as Record<string, string | undefined>;
    if (verb === '%') return '%';
    if (next >= args.length) return `%!${verb}(MISSING)`;
    const word = verbText(verb ?? 'v', args[next++], precision === undefined ? undefined : Number(precision));
    const wide = Number(width || 0);
    length += Math.max(word.length, wide);
    if (length > MOST_TEXT) throw tooLong();
    if (flags?.includes('-')) return word.padEnd(wide);
    return flags?.includes('0') && /^-?\d/.test(word) ? word.padStart(wide, '0') : word.padStart(wide);
  });
  return next < args.length
    ? `${text}%!(EXTRA ${args
        .slice(next)
        .map((arg) => `${typeName(arg)}=${shown(arg, '<nil>')}`)
        .join(', ')})`
    : text;
}

function verbText(verb: string, value: unknown, precision: number | undefined): string {
  const bad = `%!${verb}(${typeName(value)}=${shown(value, '<nil>')})`;
  switch (verb) {
    case 'v':
      return shown(value, '<nil>');
    case 's':
      if (typeof value === 'number' || typeof value === 'boolean' || value instanceof GoFloat) return bad;
      return precision === undefined ? shown(value, '%!s(<nil>)') : shown(value, '').slice(0, precision);
    case 'q':
      return typeof value === 'string' ? JSON.stringify(value) : bad;
    case 'd':
      return typeof value === 'number' ? String(value) : bad;
    case 't':
      return typeof value === 'boolean' ? String(value) : bad;
    case 'x':
    case 'X': {
      const hex = typeof value === 'number' ? value.toString(16) : typeof value === 'string' ? hexOf(value) : bad;
      return verb === 'X' ? hex.toUpperCase() : hex;
    }
    case 'f':
    case 'F':
      // A float64 has no digits that are its own beyond these.
      return value instanceof GoFloat ? value.value.toFixed(Math.min(precision ?? 6, 100)) : bad;
    case 'g':
      return value instanceof GoFloat ? String(value) : bad;
    case 'T':
      return typeName(value);
    default:
      return bad;
  }
}

function hexOf(text: string): string {
  return Array.from(encoder.encode(text), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function typeName(value: unknown): string {
  if (value instanceof GoFloat) return 'float64';
  if (typeof value === 'number') return 'int';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'string' ? 'string' : 'interface {}';
}
