// Informers over the store in the same process: its memory is the cache, so they are synced at once and share every object.

import type { Kind, KubeObject } from '#machinery/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import type { Change, Informer, Informers } from '../informer.ts';
import type { Scheme } from '../scheme.ts';
import type { Store } from '../store.ts';
import { asVersion } from '../versions.ts';
import { Indexes } from './indexes.ts';
import { Listeners } from './listeners.ts';

/** Informers that live for as long as the store, or until the signal given to `start`. */
export function localInformers(store: Store, scheme: Scheme, log: Logger = silentLog): Informers {
  const made = new Map<string, LocalInformer>();
  /** By the very kind that was asked for: a turn asks for many. */
  const asked = new WeakMap<object, Informer>();
  return {
    of<O extends KubeObject>(kind: Kind<O>): Informer<O> {
      const known = asked.get(kind);
      if (known) return known as Informer<O>;
      const key = `${kind.apiVersion}/${kind.kind}`;
      const found = made.get(key) ?? new LocalInformer(store, scheme.byKind(kind.apiVersion, kind.kind) ?? kind, log);
      made.set(key, found);
      asked.set(kind, found);
      return found as Informer as Informer<O>;
    },
    start(signal) {
      const stop = () => {
        for (const informer of made.values()) informer.stop();
      };
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
      return Promise.resolve();
    },
  };
}

class LocalInformer implements Informer {
  readonly kind: Kind;
  readonly synced = true;
  readonly stop: () => void;
  readonly #store: Store;
  readonly #indexes = new Indexes();
  readonly #listeners: Listeners<KubeObject>;

  constructor(store: Store, kind: Kind, log: Logger) {
    this.kind = kind;
    this.#store = store;
    this.#listeners = new Listeners(log);
    for (const object of this.list()) this.#indexes.update(undefined, object);
    const unsubscribe = store.onChange(kind.resource, ({ before, after }) => {
      this.#change({
        ...(before ? { before: this.#shown(before) } : {}),
        ...(after ? { after: this.#shown(after) } : {}),
      });
    });
    this.stop = () => {
      unsubscribe();
      this.#listeners.clear();
    };
  }

  get(namespace: string, name: string): KubeObject | undefined {
    const found = this.#store.get(this.kind.resource, namespace, name);
    return found && this.#shown(found);
  }

  list(namespace?: string): readonly KubeObject[] {
    const found = this.#store.list(this.kind.resource, namespace);
    const isShown = found.every(({ apiVersion }) => apiVersion === this.kind.apiVersion);
    return isShown ? found : found.map((object) => this.#shown(object));
  }

  ownedBy(uid: string): readonly KubeObject[] {
    return this.#indexes.ownedBy(uid);
  }

  byIndex(index: string, value: string): readonly KubeObject[] {
    return this.#indexes.get(index, value);
  }

  addIndex(index: string, valuesOf: (object: KubeObject) => readonly string[]): void {
    this.#indexes.add(index, valuesOf, this.list());
  }

  onChange(listen: (change: Change<KubeObject>) => void): () => void {
    return this.#listeners.add(listen, this.list());
  }

  #change(change: Change<KubeObject>): void {
    this.#indexes.update(change.before, change.after);
    this.#listeners.tell(change);
  }

  #shown(object: KubeObject): KubeObject {
    return asVersion(object, this.kind);
  }
}
