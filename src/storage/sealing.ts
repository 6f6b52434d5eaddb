// The seal of a store's file: found or made when it is opened, renewed where its key changes, and laid on what was plain.

import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { StoredObject } from './object-database.ts';
import type { Seal, WrappedKey, WrappingKey } from './seal.ts';
import { isStale, newSeal, sealedWith, unwrapped, WrongKeyError } from './seal.ts';
import { configure, upgrade } from './schema.ts';

export interface Sealing {
  /** The first wraps, all of them open. */
  readonly keys: readonly WrappingKey[];
  /** Seals everything anew under a new data key, also where the wrapping key is the same. */
  readonly renew?: boolean;
}

export interface Opened {
  readonly objects: readonly StoredObject[];
  /** Undefined where nothing is to be sealed. */
  readonly seal?: Seal;
}

/**
 * The objects of an open database, all of them readable. Afterwards the file holds no secret that is plain or sealed under
 * an older key. Throws WrongKeyError, and changes nothing, where the keys do not open what is there.
 */
export function openSealed(
  database: DatabaseSync,
  stored: readonly StoredObject[],
  sealing: Sealing | undefined,
): Opened {
  const [first] = sealing?.keys ?? [];
  if (!sealing || !first) {
    if (stored.some(({ body }) => sealedWith(body) !== undefined))
      throw new WrongKeyError('the secrets are sealed, and no key was given to open them');
    return { objects: stored };
  }
  const kept = wrappedKeyOf(database);
  const before = kept && unwrapped(kept, sealing.keys);
  const isNew = !before || kept?.wrappedBy !== first.id || sealing.renew === true;
  const seal = isNew ? newSeal() : before;
  const objects = stored.map((object) => (before ? before.open(object) : object));
  const stale = objects.filter((_, index) => isStale(stored[index] as StoredObject, seal.id));
  if (isNew || stale.length > 0) rewrite(database, seal, first, stale);
  removeLeftovers(database);
  return { objects, seal };
}

/**
 * Pages keep remains of what stood on them before, whatever SQLite's secure_delete promises: a page that was split does. So
 * the file is written anew once after plain secrets were sealed, at a later start where a crash came between.
 */
function removeLeftovers(database: DatabaseSync): void {
  if (!database.prepare("SELECT 1 FROM facts WHERE name = 'leftovers'").get()) return;
  database.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
  database.exec("DELETE FROM facts WHERE name = 'leftovers'");
}

/** The key that is needed to open the secrets of a stopped platform's store; undefined where they are plain, or there is none. */
export function sealedBy(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return wrappedKeyOf(database)?.wrappedBy;
  } finally {
    database.close();
  }
}

/** Seals the secrets of a stopped platform's store anew: under a new data key, wrapped by the first of the keys. */
export function renewSeal(file: string, keys: readonly WrappingKey[]): void {
  const database = new DatabaseSync(file);
  try {
    configure(database);
    upgrade(database, file);
    const stored = database.prepare('SELECT resource, namespace, name, revision, body FROM objects').all();
    openSealed(database, stored as unknown as StoredObject[], { keys, renew: true });
  } finally {
    database.close();
  }
}

/** The data key that a database keeps; undefined where it has none yet. */
export function wrappedKeyOf(database: DatabaseSync): WrappedKey | undefined {
  const table = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'data_key'").get();
  return table && (database.prepare('SELECT id, wrappedBy, wrapped FROM data_key').get() as WrappedKey | undefined);
}

/** In one step, so that no crash leaves objects that the key of the file does not open. */
function rewrite(database: DatabaseSync, seal: Seal, by: WrappingKey, stale: readonly StoredObject[]): void {
  const { id, wrappedBy, wrapped } = seal.wrap(by);
  const update = database.prepare('UPDATE objects SET body = ? WHERE resource = ? AND namespace = ? AND name = ?');
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec('DELETE FROM data_key');
    database.prepare('INSERT INTO data_key (id, wrappedBy, wrapped) VALUES (?, ?, ?)').run(id, wrappedBy, wrapped);
    if (stale.length > 0) database.exec("INSERT OR IGNORE INTO facts VALUES ('leftovers', 1)");
    for (const object of stale) {
      const { body, resource, namespace, name } = seal.close(object);
      update.run(body, resource, namespace, name);
    }
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
