// The kinds that are served, which change while the platform runs: a CustomResourceDefinition adds some.

import type { Kind } from '#machinery/mod.ts';
import { resourceOf } from '#machinery/mod.ts';

/** Kinds by apiVersion and kind, and by resource. Versions of one resource share its storage; the first that was added is the stored one. */
export class Scheme {
  readonly #byKind = new Map<string, Kind>();
  readonly #byResource = new Map<string, Kind[]>();
  readonly #listeners = new Set<() => void>();

  constructor(kinds: readonly Kind[] = []) {
    for (const kind of kinds) this.#put(kind);
  }

  /** All kinds, in the order they were added. */
  get kinds(): readonly Kind[] {
    return [...this.#byKind.values()];
  }

  /** Adds kinds, in place of those with the same apiVersion and kind, and tells the listeners once. */
  add(...kinds: readonly Kind[]): void {
    for (const kind of kinds) this.#put(kind);
    this.#tell();
  }

  /** Removes kinds and tells the listeners once; the objects stay in the store. */
  remove(...kinds: readonly Kind[]): void {
    for (const kind of kinds) this.#take(kind);
    this.#tell();
  }

  /** In one step, so that nobody sees the resource without its kinds: what a changed CustomResourceDefinition needs. */
  replace(old: readonly Kind[], fresh: readonly Kind[]): void {
    for (const kind of old) this.#take(kind);
    for (const kind of fresh) this.#put(kind);
    this.#tell();
  }

  byKind(apiVersion: string, kind: string): Kind | undefined {
    return this.#byKind.get(key(apiVersion, kind));
  }

  /** By the parts of a request's path; `group` is empty for the core group. */
  byResource(group: string, version: string, plural: string): Kind | undefined {
    return this.#byResource.get(resourceOf(group, plural))?.find((kind) => kind.version === version);
  }

  /** The versions of a resource (`group/plural`), the stored one first. */
  versionsOf(resource: string): readonly Kind[] {
    return this.#byResource.get(resource) ?? [];
  }

  /** The kind in whose version objects of this resource are stored. */
  storedAs(kind: Kind): Kind {
    return this.versionsOf(kind.resource)[0] ?? kind;
  }

  /** Calls `listen` after each change of the set of kinds. Returns the stop. */
  onChange(listen: () => void): () => void {
    this.#listeners.add(listen);
    return () => void this.#listeners.delete(listen);
  }

  #put(kind: Kind): void {
    const name = key(kind.apiVersion, kind.kind);
    const old = this.#byKind.get(name);
    this.#byKind.set(name, kind);
    const versions = this.#byResource.get(kind.resource) ?? [];
    const at = old ? versions.indexOf(old) : -1;
    const next = at < 0 ? [...versions, kind] : versions.with(at, kind);
    if (old && at < 0) this.#unlist(old);
    this.#byResource.set(kind.resource, next);
  }

  #take(kind: Kind): void {
    const old = this.#byKind.get(key(kind.apiVersion, kind.kind));
    if (!old) return;
    this.#byKind.delete(key(kind.apiVersion, kind.kind));
    this.#unlist(old);
  }

  #unlist(kind: Kind): void {
    const left = (this.#byResource.get(kind.resource) ?? []).filter((other) => other !== kind);
    if (left.length > 0) this.#byResource.set(kind.resource, left);
    else this.#byResource.delete(kind.resource);
  }

  #tell(): void {
    for (const listen of Array.from(this.#listeners)) listen();
  }
}

function key(apiVersion: string, kind: string): string {
  return `${apiVersion}/${kind}`;
}
