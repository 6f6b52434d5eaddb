// The object database on disk: SQLite with a write-ahead log and a sync before each acknowledgement, owned by a worker thread.

import { existsSync } from 'node:fs';
import { chmod, rename, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import type { Answer, Request, WorkerSettings } from './database-worker.ts';
import { DatabaseClosedError, DiskFullError } from './object-database.ts';
import type { Mutation, ObjectDatabase, StoredObject } from './object-database.ts';
import { configure, isFull, upgrade } from './schema.ts';
import type { Seal } from './seal.ts';
import { openSealed } from './sealing.ts';
import type { Sealing } from './sealing.ts';

export interface DatabaseOptions {
  readonly file: string;
  /** The most the file may grow to; beyond it writes are refused as on a full disk. Unbounded unless told. */
  readonly maxBytes?: number;
  /** Secrets are kept sealed under these keys; plain unless told. */
  readonly sealing?: Sealing;
  /** Hears of the copy that was kept of a store of an older Ebb before it was brought up to date. */
  readonly onUpgrade?: (copy: string) => void;
  /** Where the worker's program is; beside this file unless the platform was bundled. */
  readonly workerUrl?: URL;
}

/**
 * Opens or makes the database. Throws where the file is no database, of a newer schema (NewerSchemaError), sealed with keys
 * that are not given (WrongKeyError), or the disk is full.
 */
export async function openObjectDatabase(options: DatabaseOptions): Promise<ObjectDatabase> {
  const { file, maxBytes, workerUrl } = options;
  try {
    const found = readAll(options);
    await chmod(file, 0o600);
    const workerData: WorkerSettings = maxBytes === undefined ? { file } : { file, maxBytes };
    const worker = new Worker(workerUrl ?? new URL('./database-worker.ts', import.meta.url), { workerData });
    await opened(worker);
    return new SqliteDatabase(worker, found);
  } catch (error) {
    if (!isFull(error)) throw error;
    throw new DiskFullError(`${file} cannot be opened because its disk is full; make room and start again`, {
      cause: error,
    });
  }
}

interface Found {
  readonly objects: readonly StoredObject[];
  readonly seal: Seal | undefined;
  readonly reserved: number;
  readonly clean: boolean;
}

function readAll({ file, sealing, onUpgrade }: DatabaseOptions): Found {
  const database = new DatabaseSync(file);
  try {
    configure(database);
    const copy = upgrade(database, file);
    if (copy) onUpgrade?.(copy);
    const facts = Object.fromEntries(
      (database.prepare('SELECT name, value FROM facts').all() as { name: string; value: number }[]).map(
        ({ name, value }) => [name, value],
      ),
    );
    const stored = database
      .prepare('SELECT resource, namespace, name, revision, body FROM objects ORDER BY revision')
      .all() as unknown as StoredObject[];
    const { objects, seal } = openSealed(database, stored, sealing);
    return { objects, seal, reserved: facts.reserved ?? 0, clean: facts.clean === 1 };
  } finally {
    database.close();
  }
}

function opened(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', () => {
      worker.off('error', reject);
      resolve();
    });
  });
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

class SqliteDatabase implements ObjectDatabase {
  readonly firstRevision: number;
  readonly cleanStart: boolean;
  readonly #worker: Worker;
  readonly #seal: Seal | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #initial: readonly StoredObject[];
  #nextId = 1;
  #closed: Error | undefined;

  constructor(worker: Worker, { objects, seal, reserved, clean }: Found) {
    this.#worker = worker;
    this.#seal = seal;
    this.#initial = objects;
    this.firstRevision = Math.max(reserved, objects.at(-1)?.revision ?? 0) + 1;
    this.cleanStart = clean;
    worker.on('message', (answer: Answer) => this.#settle(answer));
    worker.on('error', (error) => this.#end(new DatabaseClosedError("the database's thread failed", { cause: error })));
    worker.on('exit', () => this.#end(new DatabaseClosedError("the database's thread has ended")));
  }

  get initial(): readonly StoredObject[] {
    return this.#initial;
  }

  forgetInitial(): void {
    this.#initial = [];
  }

  commit(mutations: readonly Mutation[]): Promise<void> {
    return this.#ask((id) => ({ ask: 'commit', id, mutations: this.#sealed(mutations) }));
  }

  commitLazily(mutations: readonly Mutation[]): void {
    if (!this.#closed) this.#send({ ask: 'commit', mutations: this.#sealed(mutations) });
  }

  reserve(through: number): Promise<void> {
    return this.#ask((id) => ({ ask: 'reserve', id, through }));
  }

  async backup(file: string): Promise<void> {
    if (existsSync(file)) throw new Error(`${file} exists already; a backup never overwrites. Give another name.`);
    const unfinished = `${file}.unfinished`;
    await rm(unfinished, { force: true });
    try {
      await this.#ask((id) => ({ ask: 'backup', id, file: unfinished }));
      await chmod(unfinished, 0o600);
      await rename(unfinished, file);
    } finally {
      await rm(unfinished, { force: true });
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const done = this.#ask((id) => ({ ask: 'close', id }));
    this.#closed = new DatabaseClosedError('the database is closed');
    try {
      await done;
    } finally {
      await this.#worker.terminate();
    }
  }

  #sealed(mutations: readonly Mutation[]): readonly Mutation[] {
    const seal = this.#seal;
    if (!seal) return mutations;
    return mutations.map((mutation) => ('put' in mutation ? { put: seal.close(mutation.put) } : mutation));
  }

  #ask(request: (id: number) => Request): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closed);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#send(request(id));
    });
  }

  #send(request: Request): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origins
    this.#worker.postMessage(request);
  }

  #settle({ ids, failure }: Answer): void {
    for (const id of ids) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (!failure) waiting?.resolve();
      else if (failure.full) waiting?.reject(new DiskFullError(`the disk is full: ${failure.message}`));
      else waiting?.reject(new Error(`the database refused: ${failure.message}`));
    }
  }

  #end(error: Error): void {
    this.#closed ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
