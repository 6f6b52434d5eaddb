// Values as Go's templates see them: what a field of one is, whether it counts as true, and how it is shown.

/** Texts of templates are lines of a log: one that is longer than this is a mistake. */
export const MOST_TEXT = 1024 * 1024;

export function tooLong(): Error {
  return new Error(`template: the text is longer than ${MOST_TEXT} characters`);
}

/** A method, or a function of templates. */
export type GoMethod = (...args: readonly unknown[]) => unknown;

/** A number that Go would show as a float64. */
export class GoFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  toString(): string {
    return floatText(this.value);
  }
}

/** A map of Go, whose type may have methods. Plain objects stand for structs, functions in them for methods. */
export class GoMap {
  readonly entries: ReadonlyMap<string, unknown>;
  /** What `index` gives where there is no such key. */
  readonly zero: unknown;
  readonly methods: Readonly<Record<string, GoMethod>>;

  constructor(entries: ReadonlyMap<string, unknown>, zero?: unknown, methods: Readonly<Record<string, GoMethod>> = {}) {
    this.entries = entries;
    this.zero = zero;
    this.methods = methods;
  }
}

/** A field, key or method of a value. Throws as Go does where there is none. */
export function member(value: unknown, name: string, args: readonly unknown[]): unknown {
  if (value instanceof GoMap) {
    const method = Object.hasOwn(value.methods, name) ? value.methods[name] : undefined;
    return method ? method(...args) : only(value.entries.get(name), name, args);
  }
  if (value === undefined || value === null) throw new Error(`template: nil pointer evaluating .${name}`);
  const found: unknown =
    typeof value === 'object' && !Array.isArray(value) && Object.hasOwn(value, name)
      ? (value as Record<string, unknown>)[name]
      : noField(name);
  return typeof found === 'function' ? (found as GoMethod)(...args) : only(found, name, args);
}

function noField(name: string): never {
  throw new Error(`template: can't evaluate field ${name}`);
}

function only(value: unknown, name: string, args: readonly unknown[]): unknown {
  if (args.length > 0) throw new Error(`template: ${name} has arguments but cannot be invoked as function`);
  return value;
}

export function isTrue(value: unknown): boolean {
  if (value instanceof GoFloat) return value.value !== 0;
  if (value instanceof GoMap) return value.entries.size > 0;
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

/** What a range goes over: keys and items, maps by their sorted keys. */
export function ranged(value: unknown): Iterable<[unknown, unknown]> {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.map((item, i): [number, unknown] => [i, item]);
  if (value instanceof GoMap) return sorted(value);
  if (typeof value === 'number') return numbersBelow(value);
  throw new Error(`template: range can't iterate over ${shown(value)}`);
}

/** One after the other: there may be more than anybody can hold. */
function* numbersBelow(end: number): Iterable<[number, unknown]> {
  for (let i = 0; i < end; i++) yield [i, i];
}

function sorted({ entries }: GoMap): [string, unknown][] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** As `%v` shows it. */
export function shown(value: unknown, nothing = '<no value>'): string {
  if (value === undefined || value === null) return nothing;
  if (Array.isArray(value)) return `[${value.map((item) => shown(item, '<nil>')).join(' ')}]`;
  if (value instanceof GoMap)
    return `map[${sorted(value)
      .map(([key, item]) => `${key}:${shown(item, '<nil>')}`)
      .join(' ')}]`;
  if (value instanceof GoFloat) return value.toString();
  if (typeof value === 'object') {
    const fields = Object.values(value).filter((item) => typeof item !== 'function');
    return `{${fields.map((item) => shown(item, '<nil>')).join(' ')}}`;
  }
  return typeof value === 'function' ? '' : `${value as string | number | boolean}`;
}

/** The shortest form, with an exponent where Go has one: below 1e-4 and from 1e21 on. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e21))
    return value.toExponential().replace(/e([+-])(\d)$/, (_, sign: string, digit: string) => `e${sign}0${digit}`);
  return String(value);
}
