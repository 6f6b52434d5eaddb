// What is wrong with a user's object: every fault with its path, in the words of Kubernetes or of Knative.

/** A fault as Kubernetes' field.Error tells it; rendered into a 422 `Invalid` with causes. */
export interface Problem {
  /** Dotted path, such as `spec.containers[0].image`. */
  readonly path: string;
  /** The reason word of the cause: FieldValueRequired, FieldValueInvalid, FieldValueNotSupported, FieldValueForbidden, ... */
  readonly reason: string;
  /** The sentence without its path: `Required value`, `Invalid value: "x": must be …`. */
  readonly message: string;
}

/** Gathers problems; paths are given relative to a prefix. */
export class Problems {
  readonly #list: Problem[];
  readonly #prefix: string;

  constructor(prefix = '', list: Problem[] = []) {
    this.#prefix = prefix;
    this.#list = list;
  }

  get all(): readonly Problem[] {
    return this.#list;
  }

  /** Where this collection is seen from. */
  get prefix(): string {
    return this.#prefix;
  }

  get isEmpty(): boolean {
    return this.#list.length === 0;
  }

  /** The same collection, seen from a field (`spec`), an index (`[0]`) or a key (`[name]`). */
  under(field: string): Problems {
    return new Problems(join(this.#prefix, field), this.#list);
  }

  required(field: string, detail = ''): void {
    this.#add(field, 'FieldValueRequired', detail ? `Required value: ${detail}` : 'Required value');
  }

  invalid(field: string, value: unknown, detail: string): void {
    this.#add(field, 'FieldValueInvalid', `Invalid value: ${shown(value)}: ${detail}`);
  }

  notSupported(field: string, value: unknown, allowed: readonly string[]): void {
    const values = allowed.map((word) => JSON.stringify(word)).join(', ');
    this.#add(field, 'FieldValueNotSupported', `Unsupported value: ${shown(value)}: supported values: ${values}`);
  }

  forbidden(field: string, detail: string): void {
    this.#add(field, 'FieldValueForbidden', `Forbidden: ${detail}`);
  }

  /** The value has the wrong JSON type; `value` is the name of the type that was met, as an API server's schemas tell it. */
  typeInvalid(field: string, value: unknown, detail: string): void {
    this.#add(field, 'FieldValueTypeInvalid', `Invalid value: ${shown(value)}: ${detail}`);
  }

  /** `Too many: 5: must have at most 3 items`. */
  tooMany(field: string, actual: number, max: number): void {
    this.#add(field, 'FieldValueTooMany', `Too many: ${actual}: must have at most ${max} items`);
  }

  notFound(field: string, value: unknown): void {
    this.#add(field, 'FieldValueNotFound', `Not found: ${shown(value)}`);
  }

  duplicate(field: string, value: unknown): void {
    this.#add(field, 'FieldValueDuplicate', `Duplicate value: ${shown(value)}`);
  }

  tooLong(field: string, max: number): void {
    this.#add(field, 'FieldValueTooLong', `Too long: may not be more than ${max} bytes`);
  }

  #add(field: string, reason: string, message: string): void {
    this.#list.push({ path: join(this.#prefix, field), reason, message });
  }
}

/** Joins path parts: fields by dots, indexes and keys without. */
export function join(prefix: string, field: string): string {
  if (!prefix || !field) return prefix || field;
  return field.startsWith('[') ? `${prefix}${field}` : `${prefix}.${field}`;
}

function shown(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : (JSON.stringify(value) ?? 'null');
}
