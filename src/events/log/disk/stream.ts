// One stream on disk: gathers what comes in while the disk is busy, writes it with one write and one sync, and then tells all who
// wait. One writer at a time, by turns; readers read beside it.

import { invariant } from '#base/mod.ts';
import { DiskFullError } from '#storage/mod.ts';
import type { LogRecord, MarkChanges, Marks, NewRecord, ReadLimit, StreamBounds } from '../log.ts';
import { LogFullError } from '../log.ts';
import { Batch, recordBytes } from './batch.ts';
import type { Hint, Reading } from './reading.ts';
import { offsetAtPlace, offsetInSegment, readSegment } from './reading.ts';
import { recover, withoutTrimmed } from './recovery.ts';
import type { Segment } from './segment.ts';
import { SegmentWriter } from './segment-writer.ts';
import type { Shared } from './shared.ts';

/** A batch that has so much takes no more. Enough for a disk at full speed, and little to read for whoever wants a part of it. */
const MOST_BATCH = 256 * 1024;

/** A stream whose newest segment holds nothing that is wanted begins a new one when it has so many bytes to give back. */
const WORTH_ROLLING = 2 ** 20;

const HINTS = 32;

export class DiskStream {
  readonly name: string;
  readonly folder: string;
  readonly #shared: Shared;
  readonly #opened: Promise<void>;
  readonly #writer: SegmentWriter;
  #segments: Segment[] = [];
  #first = 0;
  #marks = new Map<string, Uint8Array>();
  /** The last one still takes; the ones before wait for their turn. */
  #queue: Batch[] = [];
  #working: Promise<void> | undefined;
  #hints: Hint[] = [];

  /** `before`: what has to be over before its folder is looked at. */
  constructor(name: string, folder: string, shared: Shared, before: Promise<void> | undefined) {
    this.name = name;
    this.folder = folder;
    this.#shared = shared;
    this.#writer = new SegmentWriter(name, folder, shared);
    this.#opened = this.#open(before);
    this.#opened.catch(() => undefined);
  }

  /** Rejects where the stream cannot be used. */
  get opened(): Promise<void> {
    return this.#opened;
  }

  async exists(): Promise<boolean> {
    await this.#opened;
    return this.#segments.length > 0;
  }

  async #open(before: Promise<void> | undefined): Promise<void> {
    await before;
    const { disk, handles } = this.#shared;
    const found = await recover(disk, handles, this.folder);
    if (!found) return;
    this.#segments = [...found.segments];
    this.#first = found.first;
    this.#marks = found.marks;
    this.#writer.resume(found.segments.at(-1), found.lastTime);
    for (const path of found.leftovers) await disk.remove(path);
  }

  append(records: readonly NewRecord[]): Promise<number> {
    const bytes = records.length === 1 ? recordBytes(records[0] as NewRecord) : sizeOf(records);
    const refusal = this.#refusal(bytes);
    if (refusal) return Promise.reject(refusal);
    const batch = this.#gathering();
    const index = batch.records;
    for (const record of records) batch.add(record);
    this.#shared.waiting.bytes += bytes;
    this.#work();
    return new Promise((resolve, reject) => batch.wait((first) => resolve(first + index), reject));
  }

  saveMarks(changes: MarkChanges): Promise<void> {
    const batch = this.#gathering();
    batch.change(changes);
    return this.#written(batch);
  }

  async trim(before: number): Promise<void> {
    await this.#opened;
    const offset = Math.min(before, this.#writer.next);
    if (offset <= this.#first) return;
    const batch = this.#gathering();
    batch.trimBefore(offset);
    await this.#written(batch);
  }

  async read(from: number, limit: ReadLimit): Promise<readonly LogRecord[]> {
    await this.#opened;
    const records: LogRecord[] = [];
    let bytes = 0;
    for (let at = Math.max(from, this.#first); at < this.#writer.next; at = Math.max(at, this.#first)) {
      const rest = { records: limit.records - records.length, bytes: limit.bytes - bytes };
      if (records.length > 0 && (rest.records <= 0 || rest.bytes <= 0)) break;
      const reading = await this.#readFrom(at, rest);
      if (!reading) continue;
      // A segment gives at least one record, which may be more than the rest of what is wanted.
      if (records.length > 0 && reading.bytes > rest.bytes) break;
      records.push(...reading.records);
      bytes += reading.bytes;
      at = (reading.records.at(-1)?.offset ?? at) + 1;
    }
    return records;
  }

  async bounds(): Promise<StreamBounds> {
    await this.#opened;
    return { first: this.#first, next: this.#writer.next, bytes: this.#keptBytes() };
  }

  async offsetAt(time: number): Promise<number> {
    await this.#opened;
    const index = this.#segments.findIndex(
      (_, at) => (this.#segments[at + 1]?.baseTime ?? this.#writer.lastTime) >= time,
    );
    const segment = this.#segments[index];
    if (!segment) return this.#writer.next;
    return Math.max(this.#first, await offsetInSegment(this.#shared.handles, segment, time));
  }

  async offsetWithin(bytes: number): Promise<number> {
    await this.#opened;
    if (bytes <= 0) return this.#writer.next;
    let rest = bytes;
    for (const segment of this.#segments.toReversed()) {
      rest -= segment.end - segment.start;
      if (rest < 0) {
        const offset = await offsetAtPlace(this.#shared.handles, segment, segment.start - rest);
        return Math.max(this.#first, offset);
      }
    }
    return this.#first;
  }

  async marks(): Promise<Marks> {
    await this.#opened;
    return new Map([...this.#marks].map(([name, value]) => [name, Uint8Array.from(value)]));
  }

  /** Resolves once all that was asked for before is over. */
  async settled(): Promise<void> {
    while (this.#working) await this.#working;
    await this.#writer.settled();
  }

  /** Closes the files, for the folder is about to get another name. */
  forgetFiles(): void {
    for (const { path } of this.#segments) this.#shared.handles.forget(path);
    this.#segments = [];
    this.#first = this.#writer.next;
  }

  #refusal(bytes: number): LogFullError | undefined {
    const { waiting, maxStreamBytes, room } = this.#shared;
    if (waiting.bytes + bytes > waiting.bound && waiting.bytes > 0) {
      return new LogFullError('waiting', `${waiting.bytes} bytes wait to be written already; try again soon`);
    }
    if (maxStreamBytes !== Number.POSITIVE_INFINITY) {
      const queued = this.#queue.reduce((sum, batch) => sum + batch.bytes, 0);
      if (this.#keptBytes() + queued + bytes > maxStreamBytes) {
        return new LogFullError('stream', `the stream ${this.name} holds the ${maxStreamBytes} bytes that it may`);
      }
    }
    const full = room.refusal(bytes);
    return full === undefined ? undefined : new LogFullError('disk', full);
  }

  #gathering(): Batch {
    const last = this.#queue.at(-1);
    if (last && last.bytes < MOST_BATCH) return last;
    const batch = new Batch(this.#shared.pool);
    this.#queue.push(batch);
    return batch;
  }

  #written(batch: Batch): Promise<void> {
    this.#work();
    return new Promise((resolve, reject) => batch.wait(() => resolve(), reject));
  }

  #work(): void {
    this.#working ??= this.#writeAll().finally(() => (this.#working = undefined));
  }

  async #writeAll(): Promise<void> {
    const { turnEnds, writes } = this.#shared;
    try {
      await this.#opened;
    } catch (error) {
      for (const batch of this.#queue.splice(0)) this.#end(batch, error);
      return;
    }
    await turnEnds();
    while (this.#queue.length > 0) {
      await writes.take();
      const batch = this.#queue.shift() as Batch;
      try {
        await this.#write(batch);
      } finally {
        writes.giveBack();
      }
      if (batch.records > 0) this.#shared.onAppended(this.name);
      await turnEnds();
    }
  }

  /** Writes a batch and tells who waits for it. Never rejects. */
  async #write(batch: Batch): Promise<void> {
    try {
      const first = await this.#put(batch);
      if (batch.trim !== undefined) await this.#giveBack();
      this.#shared.waiting.bytes -= batch.bytes;
      batch.settle(first);
    } catch (error) {
      this.#end(batch, error);
    }
  }

  #end(batch: Batch, error: unknown): void {
    this.#shared.waiting.bytes -= batch.bytes;
    batch.refuse(this.#asRefusal(error));
  }

  /** Offset of the batch's first record. */
  async #put(batch: Batch): Promise<number> {
    const state = { first: this.#first, marks: this.#marks };
    let first: number;
    try {
      first = await this.#writer.write(batch, state);
    } catch (error) {
      if (batch.trim === undefined || !(error instanceof DiskFullError)) throw error;
      // A disk that is full takes no trim, but the trim makes room: older segments go one by one, so that no crash leaves a gap.
      await this.#giveBackInOrder(batch.trim);
      first = await this.#writer.write(batch, { ...state, first: this.#first });
    }
    const { segment } = this.#writer;
    if (segment && this.#segments.at(-1) !== segment) this.#segments.push(segment);
    for (const [name, value] of batch.marks) {
      if (value === undefined) this.#marks.delete(name);
      else this.#marks.set(name, value);
    }
    if (batch.trim !== undefined) this.#first = Math.max(this.#first, batch.trim);
    return first;
  }

  /** Removes the segments that hold nothing any more. The trim is durable, so what a crash leaves of them is known for what it is. */
  async #giveBack(): Promise<void> {
    const { segment } = this.#writer;
    if (segment && this.#first === this.#writer.next && segment.end - segment.start > WORTH_ROLLING) {
      await this.#writer.roll({ first: this.#first, marks: this.#marks }).catch(() => undefined);
      if (this.#writer.segment && this.#writer.segment !== segment) this.#segments.push(this.#writer.segment);
    }
    for (const gone of this.#takeTrimmed()) await this.#shared.disk.remove(gone.path);
  }

  async #giveBackInOrder(before: number): Promise<void> {
    const { disk } = this.#shared;
    this.#first = Math.max(this.#first, withoutTrimmed(this.#segments, before)[0]?.base ?? 0);
    for (const gone of this.#takeTrimmed()) {
      await disk.remove(gone.path);
      await disk.syncFolder(this.folder);
    }
  }

  #takeTrimmed(): Segment[] {
    const wanted = withoutTrimmed(this.#segments, this.#first);
    const gone = this.#segments.slice(0, this.#segments.length - wanted.length);
    this.#segments = wanted;
    for (const { path } of gone) this.#shared.handles.forget(path);
    return gone;
  }

  /** Records of one segment; undefined where it was trimmed meanwhile. */
  async #readFrom(from: number, limit: ReadLimit): Promise<Reading | undefined> {
    const segment = this.#segments.findLast(({ base }) => base <= from);
    invariant(segment, 'a record that was not trimmed is in a segment');
    const at = this.#hints.findIndex((hint) => hint.offset === from && hint.segment === segment);
    const [hint] = at < 0 ? [] : this.#hints.splice(at, 1);
    try {
      const reading = await readSegment(this.#shared.handles, segment, from, limit, hint);
      if (reading.hint) this.#hints.push(reading.hint);
      if (this.#hints.length > HINTS) this.#hints.shift();
      return reading;
    } catch (error) {
      if (this.#segments.includes(segment)) throw error;
      return undefined;
    }
  }

  /** What the kept records take, with what is around them; of the first segment the part that was not trimmed, about. */
  #keptBytes(): number {
    const [oldest] = this.#segments;
    if (!oldest || this.#first === this.#writer.next) return 0;
    const trimmed = (oldest.index?.byOffset(this.#first)?.at ?? oldest.start) - oldest.start;
    return this.#segments.reduce((sum, { start, end }) => sum + end - start, -trimmed);
  }

  #asRefusal(error: unknown): Error {
    if (error instanceof DiskFullError) return new LogFullError('disk', error.message, { cause: error });
    return error instanceof Error ? error : new Error(String(error));
  }
}

function sizeOf(records: readonly NewRecord[]): number {
  return records.reduce((sum, record) => sum + recordBytes(record), 0);
}
