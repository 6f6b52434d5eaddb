// Knative's way of telling faults (knative.dev/pkg apis.FieldError): equal messages are merged, their paths united.

export interface FieldError {
  readonly message: string;
  readonly paths: readonly string[];
  readonly details?: string;
  readonly level?: 'Error' | 'Warning';
}

/** Gathers Knative's field errors and renders them as Knative does. */
export class FieldErrors {
  readonly #list: FieldError[] = [];

  add(error: FieldError | undefined): this {
    if (error) this.#list.push(error);
    return this;
  }

  /** Adds all of `other`, each path under `field` (`spec.template`), `[0]` or `[key]`. */
  merge(other: FieldErrors, field = ''): this {
    for (const error of other.#list)
      this.#list.push({ ...error, paths: error.paths.map((path) => under(field, path)) });
    return this;
  }

  missing(...paths: string[]): this {
    return this.add({ message: 'missing field(s)', paths });
  }

  disallowed(...paths: string[]): this {
    return this.add({ message: 'must not set the field(s)', paths });
  }

  invalid(value: unknown, path: string, details?: string): this {
    return this.add({ message: `invalid value: ${String(value)}`, paths: [path], ...(details ? { details } : {}) });
  }

  outOfBounds(value: unknown, low: unknown, high: unknown, path: string): this {
    return this.add({ message: `expected ${String(low)} <= ${String(value)} <= ${String(high)}`, paths: [path] });
  }

  invalidKey(key: string, path: string, details?: string): this {
    return this.add({
      message: `invalid key name ${JSON.stringify(key)}`,
      paths: [path],
      ...(details ? { details } : {}),
    });
  }

  generic(message: string, ...paths: string[]): this {
    return this.add({ message, paths });
  }

  warn(message: string, path: string, details?: string): this {
    return this.add({ message, paths: [path], level: 'Warning', ...(details ? { details } : {}) });
  }

  /** Only the errors (not the warnings), as one text; empty when there is none. */
  get text(): string {
    return render(this.#list.filter((error) => error.level !== 'Warning')).join('\n');
  }

  /** The warnings, one text each. */
  get warnings(): readonly string[] {
    return render(this.#list.filter((error) => error.level === 'Warning'));
  }
}

function under(field: string, path: string): string {
  if (!field) return path;
  if (!path) return field;
  return path.startsWith('[') ? `${field}${path}` : `${field}.${path}`;
}

function render(errors: readonly FieldError[]): string[] {
  const merged = new Map<string, { message: string; details: string; paths: Set<string> }>();
  for (const { message, details = '', paths } of errors) {
    const key = `${message}\0${details}`;
    const entry = merged.get(key) ?? { message, details, paths: new Set<string>() };
    for (const path of paths) entry.paths.add(path);
    merged.set(key, entry);
  }
  return [...merged.values()]
    .sort((a, b) => compare(a.message, b.message) || compare(a.details, b.details))
    .map(({ message, details, paths }) => {
      const where = [...paths].sort(compare).join(', ');
      return `${message}: ${where}${details ? `\n${details}` : ''}`;
    });
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
