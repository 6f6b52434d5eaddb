// What is noted on disk of Pods that run, so that a platform that starts anew takes them over.

import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal } from '#base/mod.ts';
import type { ContainerRecord, Sandbox } from './launcher.ts';

export interface PodRecord {
  readonly sandbox: Sandbox;
  readonly containers: Readonly<
    Record<string, { readonly record: ContainerRecord; readonly run: number; readonly since: number }>
  >;
}

/** A line of the file; without a record it takes the one before back. */
interface Note {
  readonly podUid: string;
  readonly record?: PodRecord | undefined;
}

/** All records, in the folder. */
export const RECORDS_FILE = 'pods.log';
/** Earlier releases kept a file for each Pod: `UID.json`, whose last whole line counts. */
const EARLIER_ENDING = '.json';
/** What a file may have grown by, in characters, before it is written anew. */
const MOST_GROWTH = 2 ** 20;

/**
 * Keeps the records of all Pods in one file, to which each note is a line more: it is there as soon as the container is, for what was
 * not noted is ended by the next platform. A file for each Pod would have to be made while its program is waited for, and to replace
 * a file makes the system write it out at once, so that this one is written anew but rarely.
 */
export class PodRecords {
  readonly #file: string;
  readonly #records: Map<string, PodRecord>;
  /** Files that are not needed any more once this one is written anew. */
  #earlier: readonly string[];
  #growth = 0;

  constructor(folder: string) {
    this.#file = join(folder, RECORDS_FILE);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const notes = notesIn(this.#file);
    const earlier = readdirSync(folder).filter((name) => name.endsWith(EARLIER_ENDING));
    this.#records = recordsOf([...earlier.flatMap((name) => earlierNote(folder, name)), ...notes]);
    this.#earlier = earlier.map((name) => join(folder, name));
    if (notes.length !== this.#records.size || earlier.length > 0) this.#rewrite();
  }

  /** By the Pods' uids; at first those that an earlier platform noted. */
  all(): ReadonlyMap<string, PodRecord> {
    return new Map(this.#records);
  }

  /** On disk when it returns; undefined takes the record back, also where it throws. */
  note(podUid: string, record: PodRecord | undefined): void {
    if (equal(record, this.#records.get(podUid))) return;
    if (!record) this.#records.delete(podUid);
    try {
      this.#append({ podUid, record });
    } catch (error) {
      // Where a line finds no room, a file that is written anew without this record may.
      if (record) throw error;
      this.#growth = Infinity;
      if (!this.#rewrite()) throw error;
    }
    if (record) this.#records.set(podUid, record);
    if (this.#growth > MOST_GROWTH) this.#rewrite();
  }

  /** A line that was cut off spoils none but itself. */
  #append(note: Note): void {
    const line = `\n${JSON.stringify(note)}`;
    appendFileSync(this.#file, line, { mode: 0o600 });
    this.#growth += line.length;
  }

  /** Whether it could be: else what there is counts on. */
  #rewrite(): boolean {
    const notes = [...this.#records].map(([podUid, record]) => `\n${JSON.stringify({ podUid, record })}`);
    try {
      writeFileSync(`${this.#file}.new`, notes.join(''), { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
      for (const file of this.#earlier) rmSync(file, { force: true });
      this.#earlier = [];
      this.#growth = 0;
      return true;
    } catch {
      rmSync(`${this.#file}.new`, { force: true });
      return false;
    }
  }
}

/** What a folder's notes come to, in their order. */
function recordsOf(notes: readonly Note[]): Map<string, PodRecord> {
  const records = new Map<string, PodRecord>();
  for (const { podUid, record } of notes) {
    if (record) records.set(podUid, record);
    else records.delete(podUid);
  }
  return records;
}

function notesIn(file: string): Note[] {
  return linesOf(file).flatMap((line) => {
    const note = parsed(line) as Note | undefined;
    return typeof note?.podUid === 'string' ? [note] : [];
  });
}

/** A file without a whole line is as good as none. */
function earlierNote(folder: string, name: string): Note[] {
  const record = linesOf(join(folder, name)).map(parsed).findLast(Boolean) as PodRecord | undefined;
  return record ? [{ podUid: name.slice(0, -EARLIER_ENDING.length), record }] : [];
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Undefined where a line was cut off. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
