// Plain JSON values: what the API carries. Equality, copies, paths.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Whether a value is an object that is neither null nor a list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Deep equality of JSON values. A field that is undefined counts as absent. */
export function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  }
  if (!isRecord(a) || !isRecord(b)) return false;
  for (const key of Object.keys(a)) if (!equal(a[key], b[key])) return false;
  for (const key of Object.keys(b)) if (b[key] !== undefined && a[key] === undefined) return false;
  return true;
}

/** A deep copy of a JSON value; fields that are undefined are left out. */
export function copy<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item) => copy(item)) as T;
  if (!isRecord(value)) return value;
  const out: Record<string, unknown> = shallowCopy(value);
  for (const key of Object.keys(out)) {
    const field = out[key];
    if (typeof field === 'object') out[key] = copy(field);
  }
  return out as T;
}

/** A copy whose fields are the same values; those that are undefined are left out. Smaller in memory than one built field by field. */
export function shallowCopy(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  for (const key in record)
    if (record[key] === undefined)
      return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
  return { ...record };
}

/** Freezes a JSON value all the way down, so that a cache can hand it out. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const field of Object.values(value)) deepFreeze(field);
  }
  return value;
}

/** The value at a path of field names, or undefined where the path leaves the value. */
export function at(value: unknown, path: readonly string[]): unknown {
  let here: unknown = value;
  for (const key of path) {
    if (!isRecord(here)) return undefined;
    here = here[key];
  }
  return here;
}

/** JSON with keys in order, so that the order in which a client wrote them does not matter. Null counts as absent. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value) ?? 'null';
  const keys = Object.keys(value).filter((key) => value[key] !== undefined && value[key] !== null);
  const fields = keys.sort().map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  return `{${fields.join(',')}}`;
}
