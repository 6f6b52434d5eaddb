// The objects of one resource in memory, listed in the order of namespace and name as Kubernetes lists them.

import type { KubeObject } from '#machinery/mod.ts';

export class Shelf {
  readonly #spaces = new Map<string, Space>();
  #all: readonly KubeObject[] | undefined;

  get(namespace: string, name: string): KubeObject | undefined {
    return this.#spaces.get(namespace)?.objects.get(name);
  }

  put(namespace: string, name: string, object: KubeObject): void {
    const space = this.#spaces.get(namespace) ?? { objects: new Map<string, KubeObject>() };
    this.#spaces.set(namespace, space);
    if (!space.objects.has(name)) space.names = undefined;
    space.objects.set(name, object);
    this.#forget(space);
  }

  remove(namespace: string, name: string): void {
    const space = this.#spaces.get(namespace);
    if (!space?.objects.delete(name)) return;
    space.names = undefined;
    this.#forget(space);
    if (space.objects.size === 0) this.#spaces.delete(namespace);
  }

  /** Sorted by namespace, then name. The same array for as long as nothing changes. */
  list(namespace?: string): readonly KubeObject[] {
    if (namespace !== undefined) return listOf(this.#spaces.get(namespace));
    this.#all ??= [...this.#spaces.keys()].sort().flatMap((key) => listOf(this.#spaces.get(key)));
    return this.#all;
  }

  #forget(space: Space): void {
    space.list = undefined;
    this.#all = undefined;
  }
}

/** One namespace. `names` is kept over updates, `list` until any change. */
interface Space {
  readonly objects: Map<string, KubeObject>;
  names?: readonly string[] | undefined;
  list?: readonly KubeObject[] | undefined;
}

function listOf(space: Space | undefined): readonly KubeObject[] {
  if (!space) return [];
  space.names ??= [...space.objects.keys()].sort();
  space.list ??= space.names.flatMap((name) => space.objects.get(name) ?? []);
  return space.list;
}
