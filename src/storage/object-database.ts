// The port of the object database, and its home in memory. The home on disk is sqlite-database.ts.

/** One object as it is kept. `resource` is `apps/deployments`, or `pods` for the core group; `body` is JSON. */
export interface StoredObject {
  readonly resource: string;
  /** Empty for kinds without one. */
  readonly namespace: string;
  readonly name: string;
  readonly revision: number;
  readonly body: string;
}

export interface Removal {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly revision: number;
}

export type Mutation = { readonly put: StoredObject } | { readonly remove: Removal };

/** The disk cannot take the write; nothing of it was kept, and the database goes on. */
export class DiskFullError extends Error {
  override readonly name = 'DiskFullError';
}

/** The database was closed, or its thread has ended; nothing more can be written by this run. */
export class DatabaseClosedError extends Error {
  override readonly name = 'DatabaseClosedError';
}

/** Keeps the newest state of every object. One process at a time holds it. */
export interface ObjectDatabase {
  /** Everything stored at open, in ascending revision. Empty after `forgetInitial`. */
  readonly initial: readonly StoredObject[];
  /** The first revision this run may give out: above every number ever given out, even by a run that died. */
  readonly firstRevision: number;
  /** Whether the last run closed in order and lost nothing. True for a new database. */
  readonly cleanStart: boolean;
  /** Resolves once all the mutations are on disk, all or none. Calls commit in the order they were made. */
  commit(mutations: readonly Mutation[]): Promise<void>;
  /** Like commit, but nobody waits for the disk: may be lost in a crash, never reordered against later commits. */
  commitLazily(mutations: readonly Mutation[]): void;
  /** Resolves once no run after this one will give out a revision up to and including `through`. */
  reserve(through: number): Promise<void>;
  /** Writes a consistent copy to a file that does not exist yet, while running. */
  backup(file: string): Promise<void>;
  /** Lets go of `initial` once it has been read. */
  forgetInitial(): void;
  /** Finishes what was begun and marks the stop as clean. A second call does nothing. */
  close(): Promise<void>;
}

/** What databases in memory leave to one another, as a file would. */
export interface KeptInMemory {
  readonly objects: Map<string, StoredObject>;
  reserved: number;
  isClean: boolean;
}

export function keptInMemory(): KeptInMemory {
  return { objects: new Map(), reserved: 0, isClean: true };
}

/** A database without a disk, for tests. With `kept`, a later one finds what an earlier one left. */
export function memoryDatabase(kept: KeptInMemory = keptInMemory()): ObjectDatabase {
  return new MemoryDatabase(kept);
}

class MemoryDatabase implements ObjectDatabase {
  readonly firstRevision: number;
  readonly cleanStart: boolean;
  readonly #kept: KeptInMemory;
  #initial: readonly StoredObject[];
  #isOpen = true;

  constructor(kept: KeptInMemory) {
    this.#kept = kept;
    this.#initial = [...kept.objects.values()].sort((a, b) => a.revision - b.revision);
    this.firstRevision = Math.max(kept.reserved, this.#initial.at(-1)?.revision ?? 0) + 1;
    this.cleanStart = kept.isClean;
    kept.isClean = false;
  }

  get initial(): readonly StoredObject[] {
    return this.#initial;
  }

  forgetInitial(): void {
    this.#initial = [];
  }

  async commit(mutations: readonly Mutation[]): Promise<void> {
    if (!this.#isOpen) throw new DatabaseClosedError('the database is closed');
    this.commitLazily(mutations);
  }

  commitLazily(mutations: readonly Mutation[]): void {
    if (!this.#isOpen) return;
    for (const mutation of mutations) {
      if ('put' in mutation) this.#kept.objects.set(placeOf(mutation.put), mutation.put);
      else this.#kept.objects.delete(placeOf(mutation.remove));
    }
  }

  async reserve(through: number): Promise<void> {
    if (!this.#isOpen) throw new DatabaseClosedError('the database is closed');
    this.#kept.reserved = Math.max(this.#kept.reserved, through);
  }

  async backup(): Promise<void> {
    throw new Error('a database in memory has no file to copy');
  }

  async close(): Promise<void> {
    if (this.#isOpen) this.#kept.isClean = true;
    this.#isOpen = false;
  }
}

function placeOf({ resource, namespace, name }: Removal | StoredObject): string {
  return `${resource}\0${namespace}\0${name}`;
}
