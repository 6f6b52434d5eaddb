// One platform at a time holds a data folder. The system itself keeps the lock, and so lets go of it when the holder dies.

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isRecord } from '#base/mod.ts';

/** Another process holds the folder; `pid` where it has said so already. */
export class LockedError extends Error {
  override readonly name = 'LockedError';
  readonly pid: number | undefined;

  constructor(folder: string, pid: number | undefined) {
    const holder = pid === undefined ? 'a platform that is just starting' : `the platform with process id ${pid}`;
    super(
      `${folder} is held by ${holder}. Stop it with 'ebb down --data ${folder}', or choose another folder with --data.`,
    );
    this.pid = pid;
  }
}

/** A lock that is held until it is released or its process ends, however it ends. */
export interface Lock {
  release(): void;
}

/** What others read: who holds the folder, as JSON `{"pid": 1}`. Only a hint, for a process that died leaves it behind. */
const HOLDER_FILE = 'lock';
/** The lock proper: an empty file that SQLite locks. */
const LOCK_FILE = 'lock.db';

/** Locks of this process. A database that nobody refers to would be collected, and its lock with it. */
const locks = new Set<DatabaseSync>();

/** Takes the lock of a folder, which holds whether or not the caller keeps what is returned. Throws LockedError where it is held. */
export function lockFolder(folder: string): Lock {
  const held = tryLock(folder);
  if (!held) throw new LockedError(folder, pidIn(folder));
  locks.add(held);
  const holderFile = join(folder, HOLDER_FILE);
  writeFileSync(`${holderFile}.new`, JSON.stringify({ pid: process.pid }), { mode: 0o600 });
  renameSync(`${holderFile}.new`, holderFile);
  return {
    release() {
      if (!held.isOpen) return;
      rmSync(holderFile, { force: true });
      held.close();
      locks.delete(held);
    },
  };
}

/** The process that holds a folder now; undefined where none does, or it has not said yet. */
export function holderOf(folder: string): number | undefined {
  if (!existsSync(join(folder, LOCK_FILE))) return undefined;
  const free = tryLock(folder);
  free?.close();
  return free ? undefined : pidIn(folder);
}

const SQLITE_BUSY = 5;
/** Long enough to outlast someone who only asks who holds the folder. */
const PATIENCE_MS = 100;

function tryLock(folder: string): DatabaseSync | undefined {
  const database = new DatabaseSync(join(folder, LOCK_FILE), { timeout: PATIENCE_MS });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
}

function pidIn(folder: string): number | undefined {
  try {
    const holder: unknown = JSON.parse(readFileSync(join(folder, HOLDER_FILE), 'utf8'));
    return isRecord(holder) && typeof holder.pid === 'number' ? holder.pid : undefined;
  } catch {
    return undefined;
  }
}
