// Cron schedules in the dialect of robfig/cron, which Kubernetes and Knative read: five fields, or six with seconds first, and names.

/** When a schedule is due: the values that each field allows. */
export interface CronSchedule {
  readonly seconds: ReadonlySet<number>;
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  /** Days of the month, 1 to 31. */
  readonly days: ReadonlySet<number>;
  /** Months, 1 to 12. */
  readonly months: ReadonlySet<number>;
  /** Days of the week; 0 is Sunday. */
  readonly weekdays: ReadonlySet<number>;
  /** Whether days of the month, and of the week, are restricted: where both are, one of them is enough. */
  readonly restricts: { readonly days: boolean; readonly weekdays: boolean };
}

export type ParsedCron = { readonly schedule: CronSchedule } | { readonly fault: string };

export interface CronDialect {
  /** Whether a first field of six may be seconds. */
  readonly seconds?: boolean;
}

interface Part {
  readonly low: number;
  readonly high: number;
  readonly words: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const SECOND: Part = { low: 0, high: 59, words: [] };
const PARTS = [
  SECOND,
  { low: 0, high: 59, words: [] },
  { low: 0, high: 23, words: [] },
  { low: 1, high: 31, words: [] },
  { low: 1, high: 12, words: MONTHS },
  { low: 0, high: 6, words: DAYS },
] as const satisfies readonly Part[];

const NAMED: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** A field that means something: its values, and whether it leaves none out by a star. */
interface Field {
  readonly values: ReadonlySet<number>;
  readonly isStar: boolean;
}

class Fault extends Error {
  override readonly name = 'Fault';
}

/** Reads a schedule, or says what is wrong with it in the words of Go's parser. `@every` is none: it has no times of its own. */
export function parseCron(text: string, { seconds = false }: CronDialect = {}): ParsedCron {
  try {
    if (text === '') throw new Fault('empty spec string');
    return { schedule: scheduleOf(fieldsOf(text, seconds)) };
  } catch (thrown) {
    if (thrown instanceof Fault) return { fault: thrown.message };
    throw thrown;
  }
}

/** Six fields as they are written. */
function fieldsOf(text: string, seconds: boolean): string[] {
  const named = text.startsWith('@') ? NAMED[text] : text;
  if (named === undefined) throw new Fault(`unrecognized descriptor: ${text}`);
  const fields = named.split(/\s+/).filter(Boolean);
  const [most, fewest] = [seconds ? 6 : 5, 5];
  if (fields.length < fewest || fields.length > most) {
    const expected = seconds ? `${fewest} to ${most}` : `exactly ${fewest}`;
    throw new Fault(`expected ${expected} fields, found ${fields.length}: [${fields.join(' ')}]`);
  }
  return fields.length === fewest ? ['0', ...fields] : fields;
}

function scheduleOf(fields: readonly string[]): CronSchedule {
  const read = PARTS.map((part, index) => readField(part, fields[index] ?? ''));
  const values = (index: number) => read[index]?.values ?? new Set<number>();
  return {
    seconds: values(0),
    minutes: values(1),
    hours: values(2),
    days: values(3),
    months: values(4),
    weekdays: values(5),
    restricts: { days: read[3]?.isStar !== true, weekdays: read[5]?.isStar !== true },
  };
}

function readField(part: Part, field: string): Field {
  const values = new Set<number>();
  let isStar = false;
  for (const range of field.split(',').filter(Boolean)) {
    const read = readRange(part, range);
    isStar ||= read.isStar;
    for (let value = read.start; value <= read.end; value += read.step) values.add(value);
  }
  return { values, isStar };
}

interface Range {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly isStar: boolean;
}

function readRange(part: Part, range: string): Range {
  const [ends = '', stepText, ...slashes] = range.split('/');
  const [from = '', to, ...hyphens] = ends.split('-');
  const isAll = from === '*' || from === '?';
  const start = isAll ? part.low : valueOf(part, from);
  if (!isAll && hyphens.length > 0) throw new Fault(`too many hyphens: ${range}`);
  const given = isAll ? part.high : to === undefined ? start : valueOf(part, to);
  if (slashes.length > 0) throw new Fault(`too many slashes: ${range}`);
  const step = stepText === undefined ? 1 : wholeNumber(stepText);
  // `N/step` goes on to the end of what the field allows.
  const end = stepText !== undefined && to === undefined ? part.high : given;
  checkRange(part, { start, end, step, range });
  return { start, end, step, isStar: isAll && step === 1 };
}

function checkRange(
  { low, high }: Part,
  { start, end, step, range }: { start: number; end: number; step: number; range: string },
): void {
  if (start < low) throw new Fault(`beginning of range (${start}) below minimum (${low}): ${range}`);
  if (end > high) throw new Fault(`end of range (${end}) above maximum (${high}): ${range}`);
  if (start > end) throw new Fault(`beginning of range (${start}) beyond end of range (${end}): ${range}`);
  if (step === 0) throw new Fault(`step of range should be a positive number: ${range}`);
}

function valueOf({ words, low }: Part, text: string): number {
  const word = words.indexOf(text.toLowerCase());
  return word >= 0 ? word + low : wholeNumber(text);
}

function wholeNumber(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) {
    throw new Fault(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    const why = `strconv.Atoi: parsing ${JSON.stringify(text)}: value out of range`;
    throw new Fault(`failed to parse int from ${text}: ${why}`);
  }
  if (value < 0) throw new Fault(`negative number (${value}) not allowed: ${text}`);
  return value;
}
