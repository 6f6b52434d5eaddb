// The event log on disk: a folder for each stream, in it segments, one behind another. format.ts has their form, recovery.ts what is
// made of them after a crash.

import { randomInt } from 'node:crypto';
import type { Clock } from '#base/mod.ts';
import { invariant } from '#base/mod.ts';
import type { Disk, DiskRoom } from '#storage/mod.ts';
import { boundlessRoom } from '#storage/mod.ts';
import { Listeners } from '../listeners.ts';
import type { EventLog, LogRecord, MarkChanges, Marks, NewRecord, ReadLimit, StreamBounds } from '../log.ts';
import { LogClosedError, LogDamagedError } from '../log.ts';
import { ChunkPool } from './batch.ts';
import { droppedFolder, folderOf, isDropped, isStreamFolder, segmentFile, sequenceOf, streamOf } from './folders.ts';
import { Handles } from './handles.ts';
import { readHeader } from './recovery.ts';
import type { Shared } from './shared.ts';
import { DiskStream } from './stream.ts';
import { Turns } from './turns.ts';

export interface DiskLogOptions {
  /** The log has all of it. */
  readonly disk: Disk;
  readonly clock: Clock;
  /** Asked before records are taken and before room is taken on the disk. Boundless unless told. */
  readonly room?: DiskRoom;
  /** The most that one stream may take. Unbounded unless told. */
  readonly maxStreamBytes?: number | undefined;
  /** The most that may wait to be written, of all streams together; 64 MiB unless told. */
  readonly maxWaitingBytes?: number;
  /** How large a segment grows; 32 MiB unless told. */
  readonly segmentBytes?: number;
  /** How many files are open at once, about; 512 unless told. */
  readonly openFiles?: number;
  /** Draws a number in [0, 2³²) that producers cannot guess. */
  readonly salt?: () => number;
}

const WAITING_BYTES = 64 * 2 ** 20;
const SEGMENT_BYTES = 32 * 2 ** 20;
const OPEN_FILES = 512;
/** The pool of threads that does the disk's work has four; one is left for those who read. */
const WRITES_AT_ONCE = 3;

/** Opens or makes a log. Streams are looked at when they are first asked for. */
export async function openDiskLog(options: DiskLogOptions): Promise<EventLog> {
  const { disk } = options;
  for (const folder of (await disk.list('')).filter(isDropped)) await removeAll(disk, folder);
  return new DiskLog(options);
}

class DiskLog implements EventLog {
  readonly #shared: Shared;
  readonly #streams = new Map<string, DiskStream>();
  /** Folders that are about to go: who comes anew waits. */
  readonly #dropping = new Map<string, Promise<void>>();
  readonly #listeners = new Listeners();
  #drops = 0;
  #isOpen = true;

  constructor(options: DiskLogOptions) {
    const { disk, clock, room = boundlessRoom, openFiles = OPEN_FILES, segmentBytes = SEGMENT_BYTES } = options;
    this.#shared = {
      disk,
      clock,
      room,
      segmentBytes,
      handles: new Handles(disk, openFiles),
      pool: new ChunkPool(),
      salt: options.salt ?? (() => randomInt(2 ** 32)),
      writes: new Turns(WRITES_AT_ONCE),
      waiting: { bytes: 0, bound: options.maxWaitingBytes ?? WAITING_BYTES },
      maxStreamBytes: options.maxStreamBytes ?? Number.POSITIVE_INFINITY,
      turnEnds: () => new Promise((resolve) => setImmediate(resolve)),
      onAppended: (stream) => this.#listeners.tell(stream),
    };
  }

  append(stream: string, record: NewRecord): Promise<number> {
    return this.#isOpen ? this.#stream(stream).append([record]) : Promise.reject(new LogClosedError());
  }

  async appendAll(stream: string, records: readonly NewRecord[]): Promise<number> {
    this.#demandOpen();
    invariant(records.length > 0, 'an append has a record');
    return this.#stream(stream).append(records);
  }

  async read(stream: string, from: number, limit: ReadLimit): Promise<readonly LogRecord[]> {
    this.#demandOpen();
    return this.#stream(stream).read(from, limit);
  }

  async bounds(stream: string): Promise<StreamBounds> {
    this.#demandOpen();
    return this.#stream(stream).bounds();
  }

  async offsetAt(stream: string, time: number): Promise<number> {
    this.#demandOpen();
    return this.#stream(stream).offsetAt(time);
  }

  async offsetWithin(stream: string, bytes: number): Promise<number> {
    this.#demandOpen();
    return this.#stream(stream).offsetWithin(bytes);
  }

  onAppended(stream: string, run: () => void): () => void {
    return this.#listeners.add(stream, run);
  }

  async trim(stream: string, before: number): Promise<void> {
    this.#demandOpen();
    const found = this.#stream(stream);
    if (await found.exists()) await found.trim(before);
  }

  async drop(name: string): Promise<void> {
    this.#demandOpen();
    const stream = this.#stream(name);
    this.#streams.delete(name);
    const dropped = this.#drop(stream);
    const over = dropped.catch(() => undefined);
    this.#dropping.set(name, over);
    try {
      await dropped;
    } finally {
      if (this.#dropping.get(name) === over) this.#dropping.delete(name);
    }
  }

  async saveMarks(stream: string, changes: MarkChanges): Promise<void> {
    this.#demandOpen();
    await this.#stream(stream).saveMarks(changes);
  }

  async loadMarks(stream: string): Promise<Marks> {
    this.#demandOpen();
    return this.#stream(stream).marks();
  }

  async streams(): Promise<readonly string[]> {
    this.#demandOpen();
    await Promise.all([...this.#streams.values()].map((stream) => stream.settled()));
    const folders = (await this.#shared.disk.list('')).filter(isStreamFolder);
    const names = await Promise.all(folders.map((folder) => this.#nameOf(folder)));
    return names.filter((name) => name !== undefined);
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await Promise.all([...this.#streams.values()].map((stream) => stream.settled()));
    await Promise.all(this.#dropping.values());
    await this.#shared.handles.closeAll();
  }

  #stream(name: string): DiskStream {
    return this.#streams.get(name) ?? this.#begin(name);
  }

  #begin(name: string): DiskStream {
    const stream = new DiskStream(name, folderOf(name), this.#shared, this.#dropping.get(name));
    this.#streams.set(name, stream);
    // What could not be opened is tried anew by whoever asks next.
    stream.opened.catch(() => {
      if (this.#streams.get(name) === stream) this.#streams.delete(name);
    });
    return stream;
  }

  async #drop(stream: DiskStream): Promise<void> {
    const { disk } = this.#shared;
    await stream.settled();
    stream.forgetFiles();
    if ((await disk.list(stream.folder)).length === 0) return;
    const folder = await this.#freeDroppedFolder();
    await disk.rename(stream.folder, folder);
    await disk.syncFolder('');
    await removeAll(disk, folder);
  }

  async #freeDroppedFolder(): Promise<string> {
    const taken = new Set(await this.#shared.disk.list(''));
    while (taken.has(droppedFolder(this.#drops))) this.#drops++;
    return droppedFolder(this.#drops++);
  }

  /** The stream that a folder holds; undefined where it holds none that was ever acknowledged. */
  async #nameOf(folder: string): Promise<string | undefined> {
    const { disk } = this.#shared;
    const sequences = (await disk.list(folder)).flatMap((file) => sequenceOf(file) ?? []);
    if (sequences.length === 0) return undefined;
    const name = streamOf(folder);
    if (name !== undefined) return name;
    const path = `${folder}/${segmentFile(Math.max(...sequences))}`;
    const file = await disk.open(path, 'there');
    if (!file) throw new LogDamagedError(`${disk.shown(path)} is not there, though it was written`);
    try {
      return (await readHeader(file, disk.shown(path))).stream;
    } finally {
      await file.close();
    }
  }

  #demandOpen(): void {
    if (!this.#isOpen) throw new LogClosedError();
  }
}

async function removeAll(disk: Disk, folder: string): Promise<void> {
  for (const file of await disk.list(folder)) await disk.remove(`${folder}/${file}`);
  await disk.removeFolder(folder);
}
