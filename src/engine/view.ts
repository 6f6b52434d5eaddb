// What controllers read: the informers' caches, and over them what was written here and has not come back yet.

import type { Clock } from '#base/mod.ts';
import type { Kind, KubeObject, ObjectKey } from '#machinery/mod.ts';
import { controllerOf, keyOf, splitKey } from '#machinery/mod.ts';
import type { Informer, Informers } from '#objects/mod.ts';

/** Reads need no await. Objects are shared and frozen. */
export interface Reader {
  get<O extends KubeObject>(kind: Kind<O>, namespace: string, name: string): O | undefined;
  /** All objects, or those of one namespace. */
  list<O extends KubeObject>(kind: Kind<O>, namespace?: string): readonly O[];
  /** Objects controlled by the owner with this uid. */
  ownedBy<O extends KubeObject>(kind: Kind<O>, uid: string): readonly O[];
  /** Objects for which an index of the informer gave this value. */
  byIndex<O extends KubeObject>(kind: Kind<O>, index: string, value: string): readonly O[];
}

/** A write that the informer has not shown yet; without an object it was a deletion. */
interface Written {
  readonly object: KubeObject | undefined;
  /** What the write replaced or deleted. */
  readonly uid: string | undefined;
  readonly until: number;
}

/** A write that the cache has not shown after so long was overtaken by a relist, and is believed no more. */
const BELIEVED_MS = 60_000;

interface Overlay {
  readonly written: Map<ObjectKey, Written>;
  readonly valuesOf: Map<string, (object: KubeObject) => readonly string[]>;
}

/** Read-your-writes over informers. One for all controllers of a process, so that each sees what another wrote. */
export class View implements Reader {
  readonly #informers: Informers;
  readonly #clock: Clock;
  readonly #overlays = new Map<string, Overlay>();

  constructor(informers: Informers, clock: Clock) {
    this.#informers = informers;
    this.#clock = clock;
  }

  get<O extends KubeObject>(kind: Kind<O>, namespace: string, name: string): O | undefined {
    const seen = this.informer(kind).get(namespace, name);
    const written = this.#current(kind, namespace ? `${namespace}/${name}` : name);
    return written ? (written.object as O | undefined) : seen;
  }

  list<O extends KubeObject>(kind: Kind<O>, namespace?: string): readonly O[] {
    const fits = (object: KubeObject) => namespace === undefined || object.metadata.namespace === namespace;
    return this.#merged(kind, this.informer(kind).list(namespace), fits);
  }

  ownedBy<O extends KubeObject>(kind: Kind<O>, uid: string): readonly O[] {
    return this.#merged(kind, this.informer(kind).ownedBy(uid), (object) => controllerOf(object)?.uid === uid);
  }

  byIndex<O extends KubeObject>(kind: Kind<O>, index: string, value: string): readonly O[] {
    const valuesOf = this.#overlay(kind).valuesOf.get(index);
    const seen = this.informer(kind).byIndex(index, value);
    return this.#merged(kind, seen, (object) => valuesOf?.(object).includes(value) ?? false);
  }

  /** Adds an index to the informer of a kind; adding it again changes nothing. */
  addIndex<O extends KubeObject>(kind: Kind<O>, index: string, valuesOf: (object: O) => readonly string[]): void {
    const { valuesOf: known } = this.#overlay(kind);
    if (known.has(index)) return;
    known.set(index, valuesOf as (object: KubeObject) => readonly string[]);
    this.informer(kind).addIndex(index, valuesOf);
  }

  /** The informer below, for those who want to hear of changes. */
  informer<O extends KubeObject>(kind: Kind<O>): Informer<O> {
    return this.#informers.of(kind);
  }

  /** Notes what the API answered to a create or update. */
  wrote<O extends KubeObject>(kind: Kind<O>, object: O): void {
    this.#note(kind, keyOf(object), { object, uid: object.metadata.uid, until: this.#clock.monotonic() + BELIEVED_MS });
  }

  /** Notes that an object is gone, or going at the API's own pace. */
  deleted<O extends KubeObject>(kind: Kind<O>, object: O): void {
    if ((object.metadata.finalizers ?? []).length > 0) return;
    this.#note(kind, keyOf(object), {
      object: undefined,
      uid: object.metadata.uid,
      until: this.#clock.monotonic() + BELIEVED_MS,
    });
  }

  #note(kind: Kind, key: ObjectKey, written: Written): void {
    const { namespace, name } = splitKey(key);
    if (shows(this.informer(kind).get(namespace, name), written)) return;
    this.#overlay(kind).written.set(key, written);
  }

  #overlay(kind: Kind): Overlay {
    const known = this.#overlays.get(kind.resource);
    if (known) return known;
    const made: Overlay = { written: new Map(), valuesOf: new Map() };
    this.#overlays.set(kind.resource, made);
    this.informer(kind).onChange(({ before, after }) => {
      const object = after ?? before;
      if (!object) return;
      const key = keyOf(object);
      const written = made.written.get(key);
      if (written && (shows(after, written) || (!after && goneWith(before, written)))) made.written.delete(key);
    });
    return made;
  }

  #current(kind: Kind, key: ObjectKey): Written | undefined {
    const { written } = this.#overlay(kind);
    const one = written.get(key);
    if (!one || one.until > this.#clock.monotonic()) return one;
    written.delete(key);
    return undefined;
  }

  #merged<O extends KubeObject>(
    kind: Kind<O>,
    seen: readonly O[],
    fits: (object: KubeObject) => boolean,
  ): readonly O[] {
    const { written } = this.#overlay(kind);
    if (written.size === 0) return seen;
    const kept = seen.filter((object) => !this.#current(kind, keyOf(object)));
    const own = [...written.keys()].flatMap((key) => this.#current(kind, key)?.object ?? []).filter(fits);
    return own.length === 0 && kept.length === seen.length ? seen : [...kept, ...(own as O[])];
  }
}

/** Whether the cache already shows a write, or something later. */
function shows(seen: KubeObject | undefined, { object, uid }: Written): boolean {
  if (!object) return seen?.metadata.uid !== uid || seen?.metadata.deletionTimestamp !== undefined;
  return seen !== undefined && versionOf(seen) >= versionOf(object);
}

/** Whether an object that left the cache takes a write of ours along. */
function goneWith(before: KubeObject | undefined, { uid }: Written): boolean {
  return before?.metadata.uid === uid;
}

/** resourceVersions grow along the history of one kind of object, in both homes. */
function versionOf(object: KubeObject): bigint {
  const version = object.metadata.resourceVersion ?? '';
  return /^\d+$/.test(version) ? BigInt(version) : 0n;
}
