// Periods as ISO 8601 writes them (`PT0.2S`, `P1DT12H`), which is how Knative Eventing spells time. One decimal digit counts,
// further ones are dropped; a month is a twelfth of a year, and a year is 365.2425 days.

import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './time-spans.ts';

const YEAR = 365.2425 * DAY_MS;
const DATE_MS: Readonly<Record<string, number>> = { Y: YEAR, M: YEAR / 12, W: 7 * DAY_MS, D: DAY_MS };
const TIME_MS: Readonly<Record<string, number>> = { H: HOUR_MS, M: MINUTE_MS, S: SECOND_MS };

/** A period in milliseconds, or what is wrong with its text. */
export type ReadPeriod = { readonly ms: number } | { readonly fault: string };

/** Milliseconds, below zero for a period back in time; undefined where the text is no period. */
export function parsePeriod(text: string): number | undefined {
  const read = readPeriod(text);
  return 'ms' in read ? read.ms : undefined;
}

/** Reads a period; the fault has the words of the library that Knative reads periods with. */
export function readPeriod(text: string): ReadPeriod {
  if (text === '' || text === '-' || text === '+') return { fault: 'cannot parse a blank string as a period' };
  if (text === 'P0') return { ms: 0 };
  const sign = text.startsWith('-') ? -1 : 1;
  const body = text.replace(/^[+-]/, '');
  if (!body.startsWith('P')) return { fault: `${text}: expected 'P' period mark at the start` };
  const read = readFields(body.slice(1), text);
  // Whole milliseconds, and never minus nothing.
  return 'ms' in read ? { ms: Math.round(read.ms) * sign || 0 } : read;
}

function readFields(fields: string, text: string): ReadPeriod {
  let rest = fields;
  let units = DATE_MS;
  let ms = 0;
  let fractionOf = '';
  const seen = new Set<string>();
  while (rest) {
    if (rest.startsWith('T')) {
      if (units === TIME_MS) return { fault: `${text}: 'T' designator cannot occur more than once` };
      units = TIME_MS;
      rest = rest.slice(1);
      continue;
    }
    const [whole, digits = '', designator = ''] = /^([\d.,]*)(.)?/su.exec(rest) ?? [''];
    if (!designator) return { fault: `${text}: missing designator at the end` };
    const tenths = tenthsOf(digits);
    if (tenths === undefined) return { fault: `${text}: expected a number but found '${designator}'` };
    const fraction = tenths % 10 === 0 ? '' : designator;
    if (fractionOf && fraction) {
      return { fault: `${text}: '${fractionOf}' & '${fraction}' only the last field can have a fraction` };
    }
    const fault = designatorFault(designator, units, seen);
    if (fault) return { fault: `${text}: ${fault}` };
    ms += (tenths / 10) * (units[designator] ?? 0);
    seen.add(nameOf(designator, units));
    fractionOf = fraction;
    rest = rest.slice(whole.length);
  }
  if (seen.size === 0) return { fault: `${text}: expected 'Y', 'M', 'W', 'D', 'H', 'M', or 'S' designator` };
  return { ms };
}

const nameOf = (designator: string, units: object): string => `${units === TIME_MS ? 'T' : ''}${designator}`;

function designatorFault(designator: string, units: typeof DATE_MS, seen: ReadonlySet<string>): string | undefined {
  if (units[designator] === undefined) {
    const isKnown = DATE_MS[designator] !== undefined || TIME_MS[designator] !== undefined;
    return isKnown ? `'${designator}' designator cannot occur here` : `expected a number not '${designator}'`;
  }
  const isAgain = seen.has(nameOf(designator, units));
  return isAgain ? `'${designator}' designator cannot occur more than once` : undefined;
}

/** A number in tenths: `0.25` is 2. Undefined where it is none. */
function tenthsOf(digits: string): number | undefined {
  const [, integer, fraction = ''] = /^(\d+)(?:[.,]([\d.,]*))?$/.exec(digits) ?? [];
  if (integer === undefined || /^[.,]/.test(fraction)) return undefined;
  return Number(integer) * 10 + Number(fraction.charAt(0) || 0);
}
