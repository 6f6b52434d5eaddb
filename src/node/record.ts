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

const ENDING = '.json';

/** A file that has grown longer than this is written anew. */
const MOST_LENGTH = 2 ** 16;

/**
 * Keeps the record of each Pod in a file of its own, so that a note costs the same however many Pods there are
 * and is there as soon as the container is: what was not noted is ended by the next platform. Each note is a further line,
 * the last whole one counts: to replace a file makes the system write it out at once, which whoever starts would wait for.
 */
export class PodRecords {
  readonly #folder: string;
  readonly #records = new Map<string, PodRecord>();
  /** How long the files have become that were written by this process. */
  readonly #lengths = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder).filter((one) => one.endsWith(ENDING))) {
      const record = read(join(folder, name));
      if (record) this.#records.set(name.slice(0, -ENDING.length), record);
    }
  }

  /** By the Pods' uids; at first those that an earlier platform noted. */
  all(): ReadonlyMap<string, PodRecord> {
    return new Map(this.#records);
  }

  /** On disk when it returns; undefined takes the record back. */
  note(podUid: string, record: PodRecord | undefined): void {
    if (equal(record, this.#records.get(podUid))) return;
    const file = join(this.#folder, `${podUid}${ENDING}`);
    if (!record) {
      this.#records.delete(podUid);
      this.#lengths.delete(podUid);
      rmSync(file, { force: true });
      return;
    }
    const line = `\n${JSON.stringify(record)}`;
    const length = (this.#lengths.get(podUid) ?? 0) + line.length;
    if (length <= MOST_LENGTH) appendFileSync(file, line, { mode: 0o600 });
    else {
      writeFileSync(`${file}.new`, line, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    }
    this.#records.set(podUid, record);
    this.#lengths.set(podUid, length <= MOST_LENGTH ? length : line.length);
  }
}

/** The last line that is whole; a file without any is as good as none. */
function read(file: string): PodRecord | undefined {
  for (const line of readFileSync(file, 'utf8').split('\n').reverse()) {
    const record = line ? parsed(line) : undefined;
    if (record) return record;
  }
  return undefined;
}

function parsed(line: string): PodRecord | undefined {
  try {
    return JSON.parse(line) as PodRecord;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
