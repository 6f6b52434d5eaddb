// The thread that owns the database file, so that no sync to disk stalls the platform's event loop.
// Everything that waits when it is free becomes one transaction: group commit.

import { DatabaseSync } from 'node:sqlite';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { invariant, messageOf } from '#base/mod.ts';
import type { Mutation } from './object-database.ts';
import { configure, isFull, migrate } from './schema.ts';

/** What the platform asks. `id` is answered; a commit without one is lazy. */
export type Request =
  | { readonly ask: 'commit'; readonly id?: number; readonly mutations: readonly Mutation[] }
  | { readonly ask: 'reserve'; readonly id: number; readonly through: number }
  | { readonly ask: 'backup'; readonly id: number; readonly file: string }
  | { readonly ask: 'close'; readonly id: number };

export type Answer = {
  readonly ids: readonly number[];
  readonly failure?: { readonly message: string; readonly full: boolean };
};

/** What the thread is started with. `maxBytes` bounds the file as a full disk would. */
export interface WorkerSettings {
  readonly file: string;
  readonly maxBytes?: number;
}

const port = parentPort;
invariant(port, 'the database worker is started by the platform, not by itself');
const { file, maxBytes } = workerData as WorkerSettings;

const database = new DatabaseSync(file);
configure(database);
migrate(database);
database.exec("UPDATE facts SET value = 0 WHERE name = 'clean'");
if (maxBytes !== undefined) database.exec(`PRAGMA max_page_count = ${Math.ceil(maxBytes / numberOf('page_size'))}`);

const put = database.prepare(
  'INSERT INTO objects VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET revision = excluded.revision, body = excluded.body',
);
const remove = database.prepare('DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?');
const reserve = database.prepare("UPDATE facts SET value = max(value, ?) WHERE name = 'reserved'");

/** Requests of one transaction at most; more wait for the next. */
const BATCH = 4096;

/** How many writes go by between two looks at whether the file has become too roomy, and how many free pages are too many. */
const WRITES_BETWEEN_LOOKS = 10_000;
const FREE_PAGES = 4096;
let writesSinceLook = 0;

/** Whether a write that nobody waits for was lost, so that the next run must not trust revisions of this one. */
let hasLost = false;

port.on('message', (first: Request) => {
  const batch = [first];
  while (batch.length < BATCH) {
    const next = receiveMessageOnPort(port);
    if (!next) break;
    batch.push(next.message as Request);
  }
  for (const group of grouped(batch)) handle(group);
});

/** Neighbouring writes go together; a backup or the close stands alone. */
function grouped(batch: readonly Request[]): Request[][] {
  const groups: Request[][] = [];
  for (const request of batch) {
    const last = groups.at(-1);
    if (last && isWrite(request) && isWrite(last[0])) last.push(request);
    else groups.push([request]);
  }
  return groups;
}

function isWrite(request: Request | undefined): boolean {
  return request?.ask === 'commit' || request?.ask === 'reserve';
}

function handle(group: readonly Request[]): void {
  try {
    const [first] = group;
    if (first?.ask === 'backup') database.prepare('VACUUM INTO ?').run(first.file);
    else if (first?.ask === 'close') close();
    else transact(group);
    answer(group);
  } catch (error) {
    makeRoom();
    if (group.length === 1) return answer(group, error);
    // One request must not fail for another's sake: each again, by itself.
    for (const request of group) handle([request]);
  }
}

function transact(group: readonly Request[]): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const request of group) write(request);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
  writesSinceLook += group.length;
  if (writesSinceLook >= WRITES_BETWEEN_LOOKS) compact();
}

function write(request: Request): void {
  if (request.ask === 'reserve') reserve.run(request.through);
  if (request.ask !== 'commit') return;
  for (const mutation of request.mutations) {
    if ('put' in mutation) {
      const { resource, namespace, name, revision, body } = mutation.put;
      put.run(resource, namespace, name, revision, body);
    } else remove.run(mutation.remove.resource, mutation.remove.namespace, mutation.remove.name);
  }
}

/** Gives pages that deletions left free back to the disk, a bounded number at a time. */
function compact(): void {
  writesSinceLook = 0;
  if (numberOf('freelist_count') > FREE_PAGES) tried(`PRAGMA incremental_vacuum(${FREE_PAGES})`);
}

/** After a refusal: what the log of writes holds goes over into the file, so that the log can begin anew. */
function makeRoom(): void {
  if (!database.isTransaction) tried('PRAGMA wal_checkpoint(TRUNCATE)');
}

function close(): void {
  tried('PRAGMA incremental_vacuum');
  tried(`UPDATE facts SET value = ${hasLost ? 0 : 1} WHERE name = 'clean'`);
  database.close();
}

/** For what is good to have and may fail on a full disk: the data is safe without it. */
function tried(statement: string): void {
  try {
    database.exec(statement);
  } catch {
    // A stop that cannot be marked as clean counts as unclean, and a file that cannot shrink stays as large as it is.
  }
}

function numberOf(pragma: 'freelist_count' | 'page_size'): number {
  return Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
}

function answer(group: readonly Request[], error?: unknown): void {
  if (error !== undefined && group.some(({ id }) => id === undefined)) hasLost = true;
  const ids = group.flatMap(({ id }) => (id === undefined ? [] : [id]));
  if (ids.length === 0) return;
  const failure = error === undefined ? {} : { failure: { message: messageOf(error), full: isFull(error) } };
  tell({ ids, ...failure });
}

function tell(news: Answer | 'open'): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origins
  port?.postMessage(news);
}

tell('open');
