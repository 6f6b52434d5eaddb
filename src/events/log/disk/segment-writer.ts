// Writes batches behind one another, takes room ahead of them, and begins a new segment when the present one is full or broken.

import type { DiskFile } from '#storage/mod.ts';
import type { Marks } from '../log.ts';
import { Batch } from './batch.ts';
import { segmentFile, unfinished } from './folders.ts';
import { BATCH_HEADER, encodeSegmentHeader } from './format.ts';
import type { Segment } from './segment.ts';
import { SparseIndex } from './sparse-index.ts';
import type { Shared } from './shared.ts';

/** What a new segment begins with, so that the last one alone tells all of a stream. */
export interface StreamState {
  readonly first: number;
  readonly marks: Marks;
}

/** Room is taken so far ahead at first, and doubles with what was written, up to the most. */
const LEAST_ROOM = 64 * 1024;
const MOST_ROOM = 2 ** 20;

export class SegmentWriter {
  /** The one that is written now; undefined before the first. */
  segment: Segment | undefined;
  /** Of the newest batch, milliseconds. */
  lastTime = 0;
  readonly #stream: string;
  readonly #folder: string;
  readonly #shared: Shared;
  /** Room that is being taken while batches are written. */
  #growing: Promise<void> | undefined;
  #givingBack: Promise<void> | undefined;

  constructor(stream: string, folder: string, shared: Shared) {
    this.#stream = stream;
    this.#folder = folder;
    this.#shared = shared;
  }

  /** Offset of the next record. */
  get next(): number {
    return this.segment?.next ?? 0;
  }

  /** Goes on behind what was found. */
  resume(segment: Segment | undefined, lastTime: number): void {
    this.segment = segment;
    this.lastTime = lastTime;
  }

  /**
   * Makes a batch durable and resolves with the offset of its first record. Where it rejects, nothing of the batch will ever be
   * read; where the write itself failed, the next batch begins a new segment.
   */
  async write(batch: Batch, state: StreamState): Promise<number> {
    const present = this.segment;
    const isFull = present && present.next > present.base && present.end + batch.bytes > this.#shared.segmentBytes;
    const segment = !present || present.isBroken || isFull ? await this.roll(state) : present;
    const first = segment.next;
    const time = Math.max(this.lastTime, this.#shared.clock.now());
    const parts = batch.seal(segment.salt, { number: segment.number + 1, first, time });
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    await this.#shared.handles.use(segment.path, (file) => this.#append(segment, file, parts, length));
    segment.index?.add(segment.end, first, time);
    segment.end += length;
    segment.next += batch.records;
    segment.number++;
    this.lastTime = time;
    return first;
  }

  async #append(segment: Segment, file: DiskFile, parts: readonly Uint8Array[], length: number): Promise<void> {
    const end = segment.end + length;
    if (end > segment.allocated) {
      await this.#growing;
      if (end > segment.allocated) await this.#grow(segment, file, end);
    }
    try {
      await file.write(parts, segment.end);
      await file.sync();
    } catch (error) {
      segment.isBroken = true;
      throw error;
    }
    this.#growAhead(segment, end);
  }

  async #grow(segment: Segment, file: DiskFile, end: number): Promise<void> {
    const ahead = Math.min(MOST_ROOM, Math.max(LEAST_ROOM, segment.end));
    const to = Math.max(end, Math.min(segment.allocated + ahead, this.#shared.segmentBytes));
    this.#shared.room.demand(to - segment.allocated);
    await file.allocate(segment.allocated, to);
    segment.allocated = to;
  }

  /** Takes room while nobody waits for it. Where there is none, whoever needs it finds out. */
  #growAhead(segment: Segment, end: number): void {
    if (this.#growing || segment.allocated - end > LEAST_ROOM || segment.allocated >= this.#shared.segmentBytes) return;
    this.#growing = this.#shared.handles
      .use(segment.path, (file) => this.#grow(segment, file, end))
      .catch(() => undefined)
      .finally(() => (this.#growing = undefined));
  }

  /** Begins a new segment; the one before gets no more. Durable, with its name, when resolved. */
  async roll(state: StreamState): Promise<Segment> {
    await this.settled();
    const before = this.segment;
    if (!before) await this.#makeFolder();
    const segment = await this.#make((before?.sequence ?? 0) + 1, state);
    this.segment = segment;
    if (before) this.#givingBack = this.#giveBackRest(before);
    return segment;
  }

  /** Resolves once nothing is under way any more; nothing new may be begun meanwhile. */
  async settled(): Promise<void> {
    await Promise.all([this.#growing, this.#givingBack]);
  }

  async #makeFolder(): Promise<void> {
    const { disk } = this.#shared;
    await disk.makeFolder(this.#folder);
    await disk.syncFolder('');
  }

  async #make(sequence: number, state: StreamState): Promise<Segment> {
    const { disk, handles, room, salt: draw } = this.#shared;
    const path = `${this.#folder}/${segmentFile(sequence)}`;
    const salt = draw();
    const base = this.next;
    const header = encodeSegmentHeader({ stream: this.#stream, salt, base, baseTime: this.lastTime });
    const parts = firstBatch(this.#shared, state).seal(salt, { number: 1, first: base, time: this.lastTime });
    const end = parts.reduce((sum, part) => sum + part.length, header.length);
    const allocated = Math.min(Math.max(end + BATCH_HEADER, LEAST_ROOM), Math.max(end, this.#shared.segmentBytes));
    await disk.remove(unfinished(path));
    room.demand(allocated);
    const file = await disk.open(unfinished(path), 'new');
    try {
      await file.write([header, ...parts], 0);
      await file.allocate(end, allocated);
      await file.sync();
      await disk.rename(unfinished(path), path);
      await disk.syncFolder(this.#folder);
    } catch (error) {
      await file.close();
      await disk.remove(unfinished(path)).catch(() => undefined);
      throw error;
    }
    handles.adopt(path, file);
    const index = new SparseIndex();
    const shown = disk.shown(path);
    const start = header.length;
    return {
      sequence,
      path,
      shown,
      salt,
      base,
      baseTime: this.lastTime,
      start,
      end,
      allocated,
      next: base,
      number: 1,
      index,
      isBroken: false,
    };
  }

  /** The room that a segment took ahead goes back to the disk; where that fails it is lost until the segment goes. */
  async #giveBackRest(segment: Segment): Promise<void> {
    const { handles } = this.#shared;
    await handles.use(segment.path, (file) => file.truncate(segment.end)).catch(() => undefined);
    segment.allocated = segment.end;
  }
}

function firstBatch({ pool }: Shared, { first, marks }: StreamState): Batch {
  const batch = new Batch(pool);
  batch.trimBefore(first);
  batch.change(marks);
  return batch;
}
