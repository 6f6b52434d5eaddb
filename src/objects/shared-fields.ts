// The field sets of managedFields are most of what an object weighs in memory, and objects of one kind have nearly the same
// ones: equal parts of them are kept once.

import type { KubeObject } from '#machinery/mod.ts';

type Fields = Readonly<Record<string, unknown>>;
/** A part and its text, by which equal ones are known. */
type Part = readonly [fields: unknown, text: string];

/** Letters of text after which parts that were not met again are forgotten: memory for what is common, not for what is unique. */
const KEPT_LENGTH = 2 ** 19;

const NONE: Part = [Object.freeze({}), '{}'];

/** Knows the parts that were met lately. Bounded: what is forgotten is only kept more than once from then on. */
export class SharedFields {
  #young = new Map<string, Fields>();
  #old = new Map<string, Fields>();
  #length = 0;

  /** The object with its field sets shared; `before` is what it was, whose field sets are shared already. */
  sharing(object: KubeObject, before?: KubeObject): KubeObject {
    const { managedFields } = object.metadata;
    if (!managedFields || managedFields === before?.metadata.managedFields) return object;
    const known = new Set<unknown>(before?.metadata.managedFields?.map(({ fieldsV1 }) => fieldsV1));
    const shared = managedFields.map((entry) => {
      const { fieldsV1 } = entry;
      return fieldsV1 === undefined || known.has(fieldsV1) ? entry : { ...entry, fieldsV1: this.#part(fieldsV1)[0] };
    });
    return { ...object, metadata: { ...object.metadata, managedFields: shared as typeof managedFields } };
  }

  #part(value: unknown): Part {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return [value, JSON.stringify(value) ?? 'null'];
    const entries = Object.entries(value);
    if (entries.length === 0) return NONE;
    const parts = entries.map(([name, inner]) => [name, this.#part(inner)] as const);
    const text = `{${parts.map(([name, [, inner]]) => `${JSON.stringify(name)}:${inner}`).join(',')}}`;
    const found = this.#young.get(text) ?? this.#old.get(text);
    const fields = found ?? Object.freeze(Object.fromEntries(parts.map(([name, [inner]]) => [name, inner])));
    this.#remember(text, fields);
    return [fields, text];
  }

  #remember(text: string, fields: Fields): void {
    if (this.#young.has(text)) return;
    this.#young.set(text, fields);
    this.#length += text.length;
    if (this.#length < KEPT_LENGTH) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#length = 0;
  }
}
