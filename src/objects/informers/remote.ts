// Informers over any client: a list, then a watch from where the list ended, and all over again when the watch cannot go on.

import type { Backoff, Clock } from '#base/mod.ts';
import { backoffMs, sleep } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { ApiError, keyOf } from '#machinery/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import type { Client, WatchEvent } from '../client.ts';
import type { Change, Informer, Informers } from '../informer.ts';
import { Indexes } from './indexes.ts';
import { Listeners } from './listeners.ts';

export interface InformerOptions {
  readonly clock: Clock;
  readonly log?: Logger;
}

/** How long to wait before the next list after so many failures in a row (client-go's reflector). */
const BACKOFF: Backoff = { firstMs: 800, maxMs: 30_000, factor: 2 };
/** A watch that ends sooner than this without a word is not asked again at once. */
const SHORT_WATCH_MS = 1000;

/** Informers that run from `start` until its signal. */
export function informersOf(client: Client, options: InformerOptions): Informers {
  const made = new Map<string, RemoteInformer>();
  let running: AbortSignal | undefined;
  return {
    of<O extends KubeObject>(kind: Kind<O>): Informer<O> {
      const key = `${kind.apiVersion}/${kind.kind}`;
      const found = made.get(key);
      if (found) return found as Informer as Informer<O>;
      const fresh = new RemoteInformer(client, kind, options);
      made.set(key, fresh);
      if (running) void fresh.run(running);
      return fresh as Informer as Informer<O>;
    },
    async start(signal) {
      running = signal;
      const all = [...made.values()];
      for (const informer of all) void informer.run(signal);
      await Promise.all(all.map((informer) => informer.firstSync(signal)));
    },
  };
}

class RemoteInformer implements Informer {
  readonly kind: Kind;
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #objects = new Map<string, KubeObject>();
  readonly #indexes = new Indexes();
  readonly #listeners: Listeners<KubeObject>;
  readonly #synced = Promise.withResolvers<void>();
  synced = false;

  constructor(client: Client, kind: Kind, { clock, log = silentLog }: InformerOptions) {
    this.kind = kind;
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
    this.#listeners = new Listeners(log);
  }

  get(namespace: string, name: string): KubeObject | undefined {
    return this.#objects.get(keyOf({ metadata: { namespace, name } }));
  }

  list(namespace?: string): readonly KubeObject[] {
    const all = [...this.#objects.values()];
    return namespace === undefined ? all : all.filter(({ metadata }) => (metadata.namespace ?? '') === namespace);
  }

  ownedBy(uid: string): readonly KubeObject[] {
    return this.#indexes.ownedBy(uid);
  }

  byIndex(index: string, value: string): readonly KubeObject[] {
    return this.#indexes.get(index, value);
  }

  addIndex(index: string, valuesOf: (object: KubeObject) => readonly string[]): void {
    this.#indexes.add(index, valuesOf, this.#objects.values());
  }

  onChange(listen: (change: Change<KubeObject>) => void): () => void {
    return this.#listeners.add(listen, this.#objects.values());
  }

  /** Resolves when the first list is in; rejects with the signal's reason if it ends before. */
  firstSync(signal: AbortSignal): Promise<void> {
    return Promise.race([this.#synced.promise, aborted(signal)]);
  }

  /** Keeps the cache current until the signal ends it. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        let { resourceVersion } = await this.#list();
        failures = 0;
        for (;;) resourceVersion = await this.#watch(resourceVersion, signal);
      } catch (thrown) {
        if (signal.aborted) break;
        // A window that has moved on is no fault: the next list finds where it is now.
        const isExpired = thrown instanceof ApiError && thrown.code === 410;
        if (!isExpired) this.#log.warn('an informer has to list anew', { kind: this.kind.kind, error: thrown });
        failures++;
        if (!isExpired || failures > 1)
          await sleep(this.#clock, backoffMs(BACKOFF, failures), signal).catch(() => undefined);
      }
    }
    this.#listeners.clear();
  }

  async #list(): Promise<{ resourceVersion: string }> {
    const { items, resourceVersion } = await this.#client.list(this.kind);
    const fresh = new Set(items.map((object) => keyOf(object)));
    for (const [key, before] of this.#objects) if (!fresh.has(key)) this.#put(key, before, undefined);
    for (const object of items) this.#take(object);
    this.synced = true;
    this.#synced.resolve();
    return { resourceVersion };
  }

  /** Watches once; gives the resourceVersion to go on from. Throws the signal's reason when that is what ended it. */
  async #watch(from: string, signal: AbortSignal): Promise<string> {
    const began = this.#clock.monotonic();
    let resourceVersion = from;
    for await (const event of this.#client.watch(this.kind, from, {}, signal))
      resourceVersion = this.#receive(event) ?? resourceVersion;
    signal.throwIfAborted();
    const isShort = resourceVersion === from && this.#clock.monotonic() - began < SHORT_WATCH_MS;
    if (isShort) await sleep(this.#clock, SHORT_WATCH_MS, signal);
    return resourceVersion;
  }

  #receive(event: WatchEvent<KubeObject>): string | undefined {
    if (event.type === 'BOOKMARK') return event.resourceVersion;
    const { object } = event;
    if (event.type !== 'DELETED') this.#take(object);
    else {
      const before = this.#objects.get(keyOf(object));
      if (before) this.#put(keyOf(object), before, undefined);
    }
    return object.metadata.resourceVersion;
  }

  #take(object: KubeObject): void {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    // A list tells again what is known.
    const isKnown =
      before?.metadata.uid === object.metadata.uid &&
      before?.metadata.resourceVersion === object.metadata.resourceVersion;
    if (!before || !isKnown) this.#put(key, before, object);
  }

  #put(key: string, before: KubeObject | undefined, after: KubeObject | undefined): void {
    if (after) this.#objects.set(key, after);
    else this.#objects.delete(key);
    this.#indexes.update(before, after);
    this.#listeners.tell({ ...(before ? { before } : {}), ...(after ? { after } : {}) });
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    else signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
