// Objects by values computed from them: by their controller, and by whatever index one adds.

import type { KubeObject } from '#machinery/mod.ts';
import { controllerOf, keyOf } from '#machinery/mod.ts';

type ValuesOf<O> = (object: O) => readonly string[];

interface Index<O> {
  readonly valuesOf: ValuesOf<O>;
  /** Value to object key to object. */
  readonly entries: Map<string, Map<string, O>>;
}

const BY_CONTROLLER = 'controller uid';

export class Indexes<O extends KubeObject> {
  readonly #indexes = new Map<string, Index<O>>();

  constructor() {
    this.add(BY_CONTROLLER, (object) => [controllerOf(object)?.uid ?? []].flat(), []);
  }

  /** Adds an index over what is there already. One of the same name is replaced. */
  add(name: string, valuesOf: ValuesOf<O>, objects: Iterable<O>): void {
    const index: Index<O> = { valuesOf, entries: new Map<string, Map<string, O>>() };
    this.#indexes.set(name, index);
    for (const object of objects) put(index, object);
  }

  /** Brings all indexes up to date with one change. */
  update(before: O | undefined, after: O | undefined): void {
    for (const index of this.#indexes.values()) {
      if (before) take(index, before);
      if (after) put(index, after);
    }
  }

  ownedBy(uid: string): readonly O[] {
    return this.get(BY_CONTROLLER, uid);
  }

  /** Throws where there is no such index. */
  get(name: string, value: string): readonly O[] {
    const index = this.#indexes.get(name);
    if (!index) throw new Error(`there is no index ${JSON.stringify(name)}`);
    return [...(index.entries.get(value)?.values() ?? [])];
  }
}

function put<O extends KubeObject>({ valuesOf, entries }: Index<O>, object: O): void {
  for (const value of valuesOf(object)) {
    const found = entries.get(value) ?? new Map<string, O>();
    entries.set(value, found.set(keyOf(object), object));
  }
}

function take<O extends KubeObject>({ valuesOf, entries }: Index<O>, object: O): void {
  for (const value of valuesOf(object)) {
    const found = entries.get(value);
    found?.delete(keyOf(object));
    if (found?.size === 0) entries.delete(value);
  }
}
