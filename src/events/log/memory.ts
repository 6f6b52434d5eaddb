// The event log without a disk, for tests and simulations.

import type { Clock } from '#base/mod.ts';
import { invariant } from '#base/mod.ts';
import { Listeners } from './listeners.ts';
import type { EventLog, LogRecord, MarkChanges, Marks, NewRecord, ReadLimit, StreamBounds } from './log.ts';
import { LogClosedError, LogFullError } from './log.ts';

interface KeptStream {
  first: number;
  bytes: number;
  /** When the newest record was taken, kept or not. */
  lastAt: number;
  readonly records: LogRecord[];
  readonly marks: Map<string, Uint8Array>;
}

/** What logs in memory leave to one another, as a folder would. */
export interface KeptLog {
  readonly streams: Map<string, KeptStream>;
}

export function keptLog(): KeptLog {
  return { streams: new Map() };
}

export interface MemoryLogOptions {
  readonly clock: Clock;
  /** The most bytes that the records of one stream may take. Unbounded unless told. */
  readonly maxStreamBytes?: number | undefined;
  /** What an earlier log left. */
  readonly kept?: KeptLog;
}

export function memoryLog(options: MemoryLogOptions): EventLog {
  return new MemoryLog(options);
}

class MemoryLog implements EventLog {
  readonly #clock: Clock;
  readonly #maxStreamBytes: number;
  readonly #kept: KeptLog;
  readonly #listeners = new Listeners();
  #isOpen = true;

  constructor({ clock, maxStreamBytes = Number.POSITIVE_INFINITY, kept = keptLog() }: MemoryLogOptions) {
    this.#clock = clock;
    this.#maxStreamBytes = maxStreamBytes;
    this.#kept = kept;
  }

  async append(stream: string, record: NewRecord): Promise<number> {
    return this.#take(stream, [record]);
  }

  async appendAll(stream: string, records: readonly NewRecord[]): Promise<number> {
    return this.#take(stream, records);
  }

  #take(name: string, records: readonly NewRecord[]): number {
    this.#demandOpen();
    invariant(records.length > 0, 'an append has a record');
    const stream = this.#make(name);
    const bytes = records.reduce((sum, record) => sum + bytesOf(record), 0);
    if (stream.bytes + bytes > this.#maxStreamBytes) throw streamFull(name, this.#maxStreamBytes);
    const offset = nextOf(stream);
    const appendedAt = Math.max(this.#clock.now(), stream.lastAt);
    stream.lastAt = appendedAt;
    records.forEach(({ key, payload }, index) =>
      stream.records.push({ offset: offset + index, appendedAt, key, payload: Uint8Array.from(payload) }),
    );
    stream.bytes += bytes;
    this.#listeners.tell(name);
    return offset;
  }

  async read(name: string, from: number, limit: ReadLimit): Promise<readonly LogRecord[]> {
    this.#demandOpen();
    const stream = this.#kept.streams.get(name);
    if (!stream) return [];
    const found: LogRecord[] = [];
    let bytes = 0;
    for (let at = Math.max(0, from - stream.first); at < stream.records.length && found.length < limit.records; at++) {
      const record = stream.records[at] as LogRecord;
      bytes += bytesOf(record);
      if (found.length > 0 && bytes > limit.bytes) break;
      found.push({ ...record, payload: Uint8Array.from(record.payload) });
    }
    return found;
  }

  async bounds(name: string): Promise<StreamBounds> {
    this.#demandOpen();
    const stream = this.#kept.streams.get(name);
    return stream
      ? { first: stream.first, next: nextOf(stream), bytes: stream.bytes }
      : { first: 0, next: 0, bytes: 0 };
  }

  async offsetAt(name: string, time: number): Promise<number> {
    this.#demandOpen();
    const stream = this.#kept.streams.get(name);
    return stream?.records.find(({ appendedAt }) => appendedAt >= time)?.offset ?? (stream ? nextOf(stream) : 0);
  }

  async offsetWithin(name: string, bytes: number): Promise<number> {
    this.#demandOpen();
    const stream = this.#kept.streams.get(name);
    if (!stream) return 0;
    let rest = bytes;
    const at = stream.records.findLastIndex((record) => (rest -= bytesOf(record)) < 0);
    return stream.first + at + 1;
  }

  onAppended(name: string, run: () => void): () => void {
    return this.#listeners.add(name, run);
  }

  async trim(name: string, before: number): Promise<void> {
    this.#demandOpen();
    const stream = this.#kept.streams.get(name);
    if (!stream) return;
    const gone = stream.records.splice(0, Math.max(0, before - stream.first));
    stream.first += gone.length;
    for (const record of gone) stream.bytes -= bytesOf(record);
  }

  async drop(name: string): Promise<void> {
    this.#demandOpen();
    this.#kept.streams.delete(name);
  }

  async saveMarks(name: string, changes: MarkChanges): Promise<void> {
    this.#demandOpen();
    const { marks } = this.#make(name);
    for (const [mark, value] of changes) {
      if (value === undefined) marks.delete(mark);
      else marks.set(mark, Uint8Array.from(value));
    }
  }

  async loadMarks(name: string): Promise<Marks> {
    this.#demandOpen();
    const marks = this.#kept.streams.get(name)?.marks ?? new Map<string, Uint8Array>();
    return new Map([...marks].map(([mark, value]) => [mark, Uint8Array.from(value)]));
  }

  async streams(): Promise<readonly string[]> {
    this.#demandOpen();
    return [...this.#kept.streams.keys()];
  }

  async close(): Promise<void> {
    this.#isOpen = false;
  }

  #make(name: string): KeptStream {
    let stream = this.#kept.streams.get(name);
    if (!stream)
      this.#kept.streams.set(name, (stream = { first: 0, bytes: 0, lastAt: 0, records: [], marks: new Map() }));
    return stream;
  }

  #demandOpen(): void {
    if (!this.#isOpen) throw new LogClosedError();
  }
}

function nextOf({ first, records }: KeptStream): number {
  return first + records.length;
}

/** What counts of a record against a bound. */
function bytesOf({ key, payload }: NewRecord): number {
  return payload.length + (key === undefined ? 0 : Buffer.byteLength(key));
}

function streamFull(name: string, bytes: number): LogFullError {
  return new LogFullError('stream', `the stream ${name} holds the ${bytes} bytes that it may`);
}
