// The port of the event log: streams of records, each durable before it is acknowledged, and small marks beside them. Its homes
// are memory.ts (tests, simulations), disk/ (standalone) and jetstream/ (clusters); test/contracts/event-log.ts is what all owe.

/** A record as it is read. Its bytes belong to the reader. */
export interface LogRecord {
  readonly offset: number;
  /** Wall time in milliseconds when it was taken; never falls from one record of a stream to the next. */
  readonly appendedAt: number;
  readonly key: string | undefined;
  readonly payload: Uint8Array;
}

/** A record to append. Its bytes are copied before the call returns, so they may lie in a buffer that is used again. */
export interface NewRecord {
  readonly payload: Uint8Array;
  /** What its order is kept by, where a consumer asks for that. An empty one is not the same as none. */
  readonly key?: string | undefined;
}

export interface StreamBounds {
  /** Offset of the oldest record that is kept; `next` where none is. */
  readonly first: number;
  /** One above the newest durable record: the offset from which a consumer reads that wants only what comes now. */
  readonly next: number;
  /** About what the kept records take; a disk gives room back by whole segments. */
  readonly bytes: number;
}

/** At least one record is read where there is one, however large it is. */
export interface ReadLimit {
  readonly records: number;
  /** Of keys and payloads. */
  readonly bytes: number;
}

/** Small durable values of a stream by name, such as a consumer's cursor. */
export type Marks = ReadonlyMap<string, Uint8Array>;

/** Marks to set; those that are undefined are forgotten, those not named stay. */
export type MarkChanges = ReadonlyMap<string, Uint8Array | undefined>;

/**
 * An append-only log of many streams. A stream begins at offset 0 with its first record or mark, and its offsets rise by one.
 * One process at a time holds a log. Every method but `close` rejects with LogClosedError after the close, and with
 * LogDamagedError where what the disk holds is not what was written.
 */
export interface EventLog {
  /**
   * Resolves with the offset once the record is durable. Records have the order of the calls. Rejects with LogFullError where
   * there is no room; then nothing of it is kept, and later appends are taken as soon as there is room.
   */
  append(stream: string, record: NewRecord): Promise<number>;
  /** Like `append` for several records, which get neighbouring offsets; resolves with the first one's. Not for none. */
  appendAll(stream: string, records: readonly NewRecord[]): Promise<number>;
  /** Durable records from `from` on, in order; those that were trimmed are skipped. Empty at the end. */
  read(stream: string, from: number, limit: ReadLimit): Promise<readonly LogRecord[]>;
  /** Of a stream that does not exist: all 0. */
  bounds(stream: string): Promise<StreamBounds>;
  /** Offset of the oldest kept record that was appended at or after this wall time in milliseconds; `next` where none was. */
  offsetAt(stream: string, time: number): Promise<number>;
  /** The offset from which on the kept records take about so many bytes, never much fewer; for retention by size. */
  offsetWithin(stream: string, bytes: number): Promise<number>;
  /** Runs once after each commit that made records of the stream durable, soon and without polling. Returns what stops it. */
  onAppended(stream: string, run: () => void): () => void;
  /** Forgets the records before the offset, for good. Their room is given back in time. Beyond `next` it stops at `next`. */
  trim(stream: string, before: number): Promise<void>;
  /** Forgets a stream with its marks. One that is made again under its name begins at 0. */
  drop(stream: string): Promise<void>;
  /** Resolves once all the changes are durable, all or none. Calls have their order, among appends too. */
  saveMarks(stream: string, changes: MarkChanges): Promise<void>;
  /** The marks as the newest save that has resolved, or a later one, left them. */
  loadMarks(stream: string): Promise<Marks>;
  /** Names of the streams that exist, in no order. */
  streams(): Promise<readonly string[]>;
  /** Finishes what was begun. A second call does nothing. */
  close(): Promise<void>;
}

/** What has no room: the disk, the stream by its bound, or the memory for what waits to be written (soon over). */
export type LogBound = 'disk' | 'stream' | 'waiting';

/** There is no room for the record; nothing of it was kept. */
export class LogFullError extends Error {
  override readonly name = 'LogFullError';
  readonly bound: LogBound;

  constructor(bound: LogBound, message: string, options?: ErrorOptions) {
    super(message, options);
    this.bound = bound;
  }
}

/** The log was closed. */
export class LogClosedError extends Error {
  override readonly name = 'LogClosedError';

  constructor(message = 'the event log is closed') {
    super(message);
  }
}

/** What the disk holds is not what was written and acknowledged; the message names the file and the place. */
export class LogDamagedError extends Error {
  override readonly name = 'LogDamagedError';
}

/** Which records of a stream are no longer wanted; each bound is kept by itself. */
export interface Retention {
  readonly ms?: number | undefined;
  readonly bytes?: number | undefined;
}

/** Forgets what is older or more than the retention, but nothing from `keep` on: what a consumer still needs is never forgotten. */
export async function retain(
  log: EventLog,
  stream: string,
  { ms, bytes }: Retention,
  { now, keep }: { readonly now: number; readonly keep: number },
): Promise<void> {
  const old = ms === undefined ? 0 : await log.offsetAt(stream, now - ms);
  const more = bytes === undefined ? 0 : await log.offsetWithin(stream, bytes);
  const before = Math.min(keep, Math.max(old, more));
  if (before > (await log.bounds(stream)).first) await log.trim(stream, before);
}
