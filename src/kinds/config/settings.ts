// The rows config maps are made of: how one setting reads from text, what it is where it is absent, and what to say of it.

import {
  durationFault,
  formatDuration,
  isRecord,
  parseDuration,
  parseFloat64,
  parseQuantity,
  QUANTITY_PATTERN,
} from '#base/mod.ts';
import { parse as parseYaml } from 'yaml';

/** One setting of a config map. */
export interface Setting<T> {
  readonly doc: string;
  readonly fallback: T;
  /** The fallback as a user would write it. */
  readonly shown: string;
  /** Older spellings of the key, which the key itself wins over. */
  readonly aliases: readonly string[];
  /** The value of a text; throws an Error that says what is wrong with it. */
  read(raw: string): T;
  /** The fault of a value with its key, where it is not told as usual. */
  readonly tell?: (key: string, fault: string) => string;
}

/** A setting that is not what it should be. */
class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

/** A fault that is told as it is, without the name of its key. */
export class PlainFault extends Error {
  override readonly name = 'PlainFault';
}

const WHOLE = /^[+-]?\d+$/;

/** A whole number as Go's strconv reads it. */
function integer(raw: string, bits: 32 | 64, signed = true): number {
  const reader = signed ? 'strconv.ParseInt' : 'strconv.ParseUint';
  if (!(signed ? WHOLE : /^\d+$/).test(raw)) {
    throw new Unreadable(`${reader}: parsing ${JSON.stringify(raw)}: invalid syntax`);
  }
  const most = 2n ** BigInt(signed ? bits - 1 : bits);
  const value = BigInt(raw.replace('+', ''));
  if (value < (signed ? -most : 0n) || value >= most) {
    throw new Unreadable(`${reader}: parsing ${JSON.stringify(raw)}: value out of range`);
  }
  return Number(value);
}

/** YAML that Go would read into a struct or map of this type; an empty text gives undefined. */
export function yamlRecord(raw: string, goType: string): Record<string, unknown> | undefined {
  const found: unknown = raw.trim() ? parseYaml(raw, { logLevel: 'error' }) : undefined;
  if (found === undefined || found === null || isRecord(found)) return found ?? undefined;
  const met = Array.isArray(found) ? 'array' : typeof found === 'boolean' ? 'bool' : typeof found;
  throw new PlainFault(
    `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${met} into Go value of type ${goType}`,
  );
}

function setting<T>(
  fallback: T,
  shown: string,
  doc: string,
  aliases: readonly string[],
  read: (raw: string) => T,
): Setting<T> {
  return { fallback, shown, doc, aliases, read };
}

/** Any text. */
export function words(fallback: string, doc: string, ...aliases: string[]): Setting<string> {
  return setting(fallback, fallback, doc, aliases, (raw) => raw);
}

/** A whole number. */
export function whole(fallback: number, doc: string, ...aliases: string[]): Setting<number> {
  return setting(fallback, String(fallback), doc, aliases, (raw) => integer(raw, 64));
}

/** A whole number of 32 bits. */
export function whole32(fallback: number, doc: string): Setting<number> {
  return setting(fallback, String(fallback), doc, [], (raw) => integer(raw, 32));
}

/** A whole number from 0. */
export function count(fallback: number, doc: string): Setting<number> {
  return setting(fallback, String(fallback), doc, [], (raw) => integer(raw, 32, false));
}

/** A number with or without a fraction. `shown` where the usual spelling is another. */
export function decimal(fallback: number, doc: string, shown = String(fallback)): Setting<number> {
  return setting(fallback, shown, doc, [], (raw) => {
    const value = parseFloat64(raw);
    if (value === undefined) {
      throw new Unreadable(`strconv.ParseFloat: parsing ${JSON.stringify(raw)}: invalid syntax`);
    }
    return value;
  });
}

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** true or false, as Go's ParseBool reads them. */
export function onOff(fallback: boolean, doc: string, ...aliases: string[]): Setting<boolean> {
  return setting(fallback, String(fallback), doc, aliases, (raw) => {
    if (TRUE.has(raw)) return true;
    if (FALSE.has(raw)) return false;
    throw new Unreadable(`strconv.ParseBool: parsing ${JSON.stringify(raw)}: invalid syntax`);
  });
}

/** true, false, or neither. */
export function threeWay(fallback: boolean | undefined, doc: string): Setting<boolean | undefined> {
  return setting(fallback, fallback === undefined ? 'default' : String(fallback), doc, [], (raw) => {
    const word = raw.toLowerCase();
    return word === 'true' ? true : word === 'false' ? false : undefined;
  });
}

function milliseconds(raw: string): number {
  const ms = parseDuration(raw);
  if (ms === undefined) throw new Unreadable(durationFault(raw));
  return ms;
}

/** A Go duration (`90s`, `1h30m`); the value is milliseconds. */
export function duration(fallbackMs: number, doc: string, ...aliases: string[]): Setting<number> {
  return setting(fallbackMs, formatDuration(fallbackMs), doc, aliases, milliseconds);
}

/** How the settings tell a fault that may also be `disabled`. */
const tellBare = (key: string, fault: string): string => `failed to parse ${key}: ${fault}`;

/** A duration in milliseconds, or `disabled` (undefined). `shown` as users write the fallback. */
export function durationOrDisabled(fallbackMs: number, shown: string, doc: string): Setting<number | undefined> {
  const read = (raw: string) => {
    if (raw === '') return fallbackMs;
    if (raw.toLowerCase() === 'disabled') return undefined;
    const ms = milliseconds(raw);
    if (ms < 0) throw new Unreadable('must be non-negative');
    return ms;
  };
  return { ...setting<number | undefined>(fallbackMs, shown, doc, [], read), tell: tellBare };
}

/** A whole number from 0, or `disabled` (undefined). */
export function wholeOrDisabled(fallback: number, doc: string): Setting<number | undefined> {
  const read = (raw: string) => {
    if (raw === '') return fallback;
    return raw.toLowerCase() === 'disabled' ? undefined : integer(raw, 64, false);
  };
  return { ...setting<number | undefined>(fallback, String(fallback), doc, [], read), tell: tellBare };
}

/** A Kubernetes quantity, kept as its text; undefined where none is set. */
export function amount(fallback: string | undefined, doc: string, ...aliases: string[]): Setting<string | undefined> {
  return setting(fallback, fallback ?? '', doc, aliases, (raw) => {
    if (parseQuantity(raw) === undefined) {
      throw new Unreadable(`quantities must match the regular expression '${QUANTITY_PATTERN}'`);
    }
    return raw;
  });
}

/** One of a few words, in any case; what is none of them counts as the fallback, as Knative's flags do. */
export function flagOf<const W extends string>(fallback: W, allowed: readonly W[], doc: string): Setting<W> {
  const known = new Map(allowed.map((word) => [word.toLowerCase(), word]));
  return setting<W>(fallback, fallback, doc, [], (raw) => known.get(raw.toLowerCase()) ?? fallback);
}

/** One of a few words, in any case; anything else is refused with the sentence `refuse` gives. */
export function oneOfWords<const W extends string>(
  fallback: W,
  allowed: readonly W[],
  doc: string,
  refuse: (raw: string) => string,
  ...aliases: string[]
): Setting<W> {
  const known = new Map(allowed.map((word) => [word.toLowerCase(), word]));
  return setting<W>(fallback, fallback, doc, aliases, (raw) => {
    const found = raw === '' ? fallback : known.get(raw.toLowerCase());
    if (found === undefined) throw new PlainFault(refuse(raw));
    return found;
  });
}

/** Words separated by commas. */
export function wordList(fallback: readonly string[], doc: string, ...aliases: string[]): Setting<readonly string[]> {
  return setting(fallback, fallback.join(','), doc, aliases, (raw) =>
    raw
      .split(',')
      .map((word) => word.trim())
      .filter(Boolean),
  );
}

/** Text that `parse` turns into something else; `parse` throws on what it cannot read. */
export function parsed<T>(
  fallback: T,
  shown: string,
  doc: string,
  parse: (raw: string) => T,
  ...aliases: string[]
): Setting<T> {
  return setting(fallback, shown, doc, aliases, parse);
}
