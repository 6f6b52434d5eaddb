// A cache of all objects of one kind, kept current by list and watch, and those who want to hear of changes.

import type { Kind, KubeObject } from '#machinery/mod.ts';

/** One change as a cache saw it. `before` is absent for what is new, `after` for what is gone. */
export interface Change<O> {
  readonly before?: O;
  readonly after?: O;
}

/** Reads need no await: an `await` in a reconciler marks a write. Objects are shared and frozen. */
export interface Informer<O extends KubeObject = KubeObject> {
  readonly kind: Kind<O>;
  /** Whether the first list is in. */
  readonly synced: boolean;
  get(namespace: string, name: string): O | undefined;
  /** All objects, or those of one namespace. */
  list(namespace?: string): readonly O[];
  /** Objects controlled by the owner with this uid. */
  ownedBy(uid: string): readonly O[];
  /** Objects for which an index function (added by `addIndex`) gave this value. */
  byIndex(index: string, value: string): readonly O[];
  addIndex(index: string, valuesOf: (object: O) => readonly string[]): void;
  /** Called for every object that is there and then for each change. Returns the stop. */
  onChange(listen: (change: Change<O>) => void): () => void;
}

/** Informers by kind, made when first asked for; one for each kind however many ask. */
export interface Informers {
  of<O extends KubeObject>(kind: Kind<O>): Informer<O>;
  /** Starts all informers made so far (and those made later at once); resolves when all are synced. */
  start(signal: AbortSignal): Promise<void>;
}
