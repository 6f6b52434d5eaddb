// All objects in memory, the queue of writes to the disk, and those who hear of changes. Readers and watchers see a change
// only when it is on disk (or, where it may be lost, when everything before it is), strictly in the order of revisions.

import type { JsonObject } from '#base/mod.ts';
import { deepFreeze } from '#base/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { badRequest } from '#machinery/mod.ts';
import type { Mutation, ObjectDatabase, StoredObject } from '#storage/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import type { HistoryBounds } from './history.ts';
import { History, StoreChange } from './history.ts';
import {
  commitFailure,
  storeClosed,
  tooLargeResourceVersion,
  tooManyWrites,
  tooOldResourceVersion,
} from './refusals.ts';
import { Revisions } from './revisions.ts';
import { SharedFields } from './shared-fields.ts';
import { Shelf } from './shelf.ts';

/** What is to become of one object. */
export interface StoreWrite {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  /** The new state, without resourceVersion or with any; undefined removes. */
  readonly object?: KubeObject | undefined;
  /** What this was decided on: that there is no such object, or the resourceVersion it has. */
  readonly expect: 'absent' | { readonly resourceVersion: string };
}

/** What came of a write. A removed object is given in its last state with the revision of its end. */
export type StoreOutcome =
  | { readonly kind: 'written'; readonly object: KubeObject }
  | { readonly kind: 'alreadyExists' }
  | { readonly kind: 'notFound' }
  | { readonly kind: 'conflict'; readonly current: KubeObject };

export interface StoreOptions {
  readonly history?: HistoryBounds;
  readonly log?: Logger;
  /** How many writes may wait for the disk before further ones are refused (429); 20,000 unless told. */
  readonly maxWaiting?: number;
}

/** How many changes one transaction takes: large enough to share a sync, small enough to answer soon. */
const MAX_BATCH = 1000;

interface Pending {
  readonly key: string;
  readonly change: StoreChange;
  readonly mutation: Mutation;
  readonly length: number;
  readonly lossy: boolean;
  /** The write of the same object that this one was decided on, where it was not on disk yet. */
  base: Pending | undefined;
  readonly settled: Promise<void>;
  readonly succeed: () => void;
  readonly fail: (error: Error) => void;
  failed?: Error;
}

export class Store {
  readonly #database: ObjectDatabase;
  readonly #revisions: Revisions;
  readonly #history: History;
  readonly #log: Logger;
  readonly #maxWaiting: number;
  readonly #sharedFields = new SharedFields();
  readonly #shelves = new Map<string, Shelf>();
  readonly #listeners = new Map<string, Set<(change: StoreChange) => void>>();
  readonly #pending = new Map<string, Pending>();
  readonly #queue: Pending[] = [];
  #current: number;
  #numberless = 0;
  #busy = false;
  #closed = false;
  #drained: (() => void)[] = [];

  /** Takes the objects of an opened database, and the first numbers. The database stays its opener's to close, after the store. */
  static async open(database: ObjectDatabase, options: StoreOptions = {}): Promise<Store> {
    const store = new Store(database, options);
    await store.#refill();
    return store;
  }

  private constructor(database: ObjectDatabase, { history, log = silentLog, maxWaiting = 20_000 }: StoreOptions = {}) {
    this.#database = database;
    this.#log = log;
    this.#maxWaiting = maxWaiting;
    for (const stored of database.initial)
      this.#shelf(stored.resource).put(stored.namespace, stored.name, this.#parse(stored));
    database.forgetInitial();
    // After a crash the last number given out may have been seen with a write that is lost, so nobody may go on from it:
    // this run begins one later. Zero is no revision, for it means "any" in requests.
    this.#current = Math.max(1, database.cleanStart ? database.firstRevision - 1 : database.firstRevision);
    this.#revisions = new Revisions(database, this.#current + 1);
    this.#history = new History(this.#current, history);
  }

  /** The revision of what readers see now: the resourceVersion of a list. */
  get listRevision(): string {
    return String(this.#current);
  }

  /** What stands; undefined where there is nothing. */
  get(resource: string, namespace: string, name: string): KubeObject | undefined {
    return this.#shelves.get(resource)?.get(namespace, name);
  }

  /** What stands, sorted by namespace and name; of one namespace where one is given. */
  list(resource: string, namespace?: string): readonly KubeObject[] {
    return this.#shelves.get(resource)?.list(namespace) ?? [];
  }

  /** The newest state, with writes that are not on disk yet: what the next write has to be decided on. */
  newest(resource: string, namespace: string, name: string): KubeObject | undefined {
    const pending = this.#pending.get(keyOf(resource, namespace, name));
    return pending ? pending.change.after : this.get(resource, namespace, name);
  }

  /** Resolves when `newest` is what stands, whether its write succeeded or failed. */
  async settled(resource: string, namespace: string, name: string): Promise<void> {
    const key = keyOf(resource, namespace, name);
    for (let pending = this.#pending.get(key); pending; pending = this.#pending.get(key)) {
      await pending.settled.catch(() => undefined);
    }
  }

  /**
   * Writes one object. Resolves when it is on disk and visible; with `lossy` when it is visible. Rejects with ApiError 507
   * or 500 where the disk refuses, and then nothing was changed.
   */
  async write(write: StoreWrite, { lossy = false }: { lossy?: boolean } = {}): Promise<StoreOutcome> {
    for (;;) {
      if (this.#closed) throw storeClosed();
      const refusal = this.#refusal(write);
      // A refusal because of a write that may yet fail has to wait for its fate.
      if (refusal && !this.#pending.has(keyOf(write.resource, write.namespace, write.name))) return refusal;
      if (refusal) {
        await this.settled(write.resource, write.namespace, write.name);
        continue;
      }
      if (this.#queue.length + this.#numberless >= this.#maxWaiting) throw tooManyWrites();
      const revision = this.#revisions.take();
      if (revision !== undefined) return await this.#accept(write, revision, lossy);
      await this.#refill();
    }
  }

  /**
   * Calls `listen` for each change of a resource from now on, before the writer hears of its success. Listeners are called
   * one after another within the change and must not throw. Returns the stop.
   */
  onChange(resource: string, listen: (change: StoreChange) => void): () => void {
    const listeners = this.#listeners.get(resource) ?? new Set();
    this.#listeners.set(resource, listeners);
    listeners.add(listen);
    return () => void listeners.delete(listen);
  }

  /** The changes after a revision, oldest first. Throws 410 `Expired` where the window begins later, 504 for a revision of the future. */
  since(resource: string, revision: number): readonly StoreChange[] {
    if (revision > this.#current) throw tooLargeResourceVersion(revision, this.#current);
    const changes = this.#history.since(resource, revision);
    if (!changes) throw tooOldResourceVersion(revision, this.#history.oldest(resource));
    return changes;
  }

  /** The number of a resourceVersion that a client gave. Throws 400 where it is none, 504 where it is of the future. */
  revisionOf(resourceVersion: string): number {
    if (!/^\d{1,16}$/.test(resourceVersion)) {
      throw badRequest(`invalid resource version ${JSON.stringify(resourceVersion)}`);
    }
    const revision = Number(resourceVersion);
    if (revision > this.#current) throw tooLargeResourceVersion(revision, this.#current);
    return revision;
  }

  /** Refuses further writes and resolves when those that wait are settled. */
  async close(): Promise<void> {
    this.#closed = true;
    if (!this.#busy && this.#queue.length === 0) return;
    await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  async #refill(): Promise<void> {
    this.#numberless++;
    try {
      await this.#revisions.refill();
    } catch (thrown) {
      throw commitFailure(thrown);
    } finally {
      this.#numberless--;
    }
  }

  #refusal(write: StoreWrite): StoreOutcome | undefined {
    const current = this.newest(write.resource, write.namespace, write.name);
    if (write.expect === 'absent') return current ? { kind: 'alreadyExists' } : undefined;
    if (!current) return { kind: 'notFound' };
    const isSame = current.metadata.resourceVersion === write.expect.resourceVersion;
    return isSame ? undefined : { kind: 'conflict', current };
  }

  async #accept(write: StoreWrite, revision: number, lossy: boolean): Promise<StoreOutcome> {
    const pending = this.#prepare(write, revision, lossy);
    this.#pending.set(pending.key, pending);
    this.#queue.push(pending);
    if (!this.#busy) void this.#pump();
    await pending.settled;
    const object = pending.change.after ?? pending.change.gone;
    return object ? { kind: 'written', object } : { kind: 'notFound' };
  }

  #prepare({ resource, namespace, name, object }: StoreWrite, revision: number, lossy: boolean): Pending {
    const key = keyOf(resource, namespace, name);
    const before = this.newest(resource, namespace, name);
    const after = object && stamped(this.#sharedFields.sharing(object, before), revision);
    const body = after ? JSON.stringify(after) : '';
    const change = new StoreChange({ revision, resource, namespace, name, before, after });
    const mutation: Mutation = after
      ? { put: { resource, namespace, name, revision, body } }
      : { remove: { resource, namespace, name, revision } };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => undefined);
    const base = this.#pending.get(key);
    return {
      key,
      change,
      mutation,
      length: body.length,
      lossy,
      base,
      settled: promise,
      succeed: resolve,
      fail: reject,
    };
  }

  // One batch is with the disk at a time; what comes meanwhile makes up the next one.
  async #pump(): Promise<void> {
    this.#busy = true;
    while (this.#queue.length > 0) {
      this.#publishLossy();
      const batch = this.#queue.splice(0, MAX_BATCH);
      if (batch.length > 0) await this.#commit(batch);
    }
    this.#busy = false;
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  #publishLossy(): void {
    for (let first = this.#queue[0]; first?.lossy; first = this.#queue[0]) {
      this.#queue.shift();
      if (first.base?.failed) this.#reject(first, first.base.failed);
      else {
        this.#database.commitLazily([first.mutation]);
        this.#publish(first);
      }
    }
  }

  async #commit(batch: readonly Pending[]): Promise<void> {
    const sound = this.#withoutOrphans(batch);
    if (sound.length === 0) return;
    try {
      await this.#database.commit(sound.map(({ mutation }) => mutation));
    } catch (thrown) {
      if (sound.length === 1) for (const pending of sound) this.#reject(pending, commitFailure(thrown));
      // One by one, so that a small write (a deletion above all) is not refused because of a large neighbour.
      else for (const pending of sound) await this.#commit([pending]);
      return;
    }
    for (const pending of sound) this.#publish(pending);
  }

  // A write that was decided on one that failed fails with it.
  #withoutOrphans(batch: readonly Pending[]): readonly Pending[] {
    return batch.filter((pending) => {
      const failure = pending.base?.failed;
      if (failure) this.#reject(pending, failure);
      return !failure;
    });
  }

  #reject(pending: Pending, error: Error): void {
    pending.failed = error;
    if (this.#pending.get(pending.key) === pending) this.#pending.delete(pending.key);
    pending.fail(error);
  }

  #publish(pending: Pending): void {
    const { change } = pending;
    const shelf = this.#shelf(change.resource);
    if (change.after) shelf.put(change.namespace, change.name, change.after);
    else shelf.remove(change.namespace, change.name);
    this.#current = change.revision;
    this.#history.add(change, pending.length);
    if (this.#pending.get(pending.key) === pending) this.#pending.delete(pending.key);
    for (const listen of Array.from(this.#listeners.get(change.resource) ?? [])) this.#tell(listen, change);
    pending.base = undefined;
    pending.succeed();
  }

  #tell(listen: (change: StoreChange) => void, change: StoreChange): void {
    try {
      listen(change);
    } catch (thrown) {
      this.#log.error('a listener of the store threw', { error: thrown, resource: change.resource });
    }
  }

  #parse(stored: StoredObject): KubeObject {
    const object = JSON.parse(stored.body) as JsonObject & KubeObject;
    return deepFreeze(this.#sharedFields.sharing(object));
  }

  #shelf(resource: string): Shelf {
    const shelf = this.#shelves.get(resource) ?? new Shelf();
    this.#shelves.set(resource, shelf);
    return shelf;
  }
}

function keyOf(resource: string, namespace: string, name: string): string {
  return `${resource} ${namespace}/${name}`;
}

function stamped(object: KubeObject, revision: number): KubeObject {
  return deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } });
}
