// What waits for the next write: records already in the form they have on disk, changes of marks, a trim, and who waits for them.

import {
  BATCH_HEADER,
  ENTRY_HEADER,
  encodeMarks,
  encodeTrim,
  MARKS,
  MAX_KEY_BYTES,
  putBatchHeader,
  putEntry,
  RECORD,
  TRIM,
} from './format.ts';
import type { BatchHeader } from './format.ts';
import type { MarkChanges, NewRecord } from '../log.ts';

/** Buffers of one size, used again: a fresh one costs its zeros and its pages each time. */
export class ChunkPool {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
  }

  /** Takes back what it gave; others, and more than it wants to keep, it leaves to the collector. */
  giveBack(chunk: Buffer): void {
    if (chunk.length === CHUNK_BYTES && this.#free.length < KEPT_CHUNKS) this.#free.push(chunk);
  }
}

/** Some sixty records of 1 KB; small enough that a thousand streams may each have one. */
export const CHUNK_BYTES = 64 * 1024;
const KEPT_CHUNKS = 64;

/** Bytes that a record takes in a batch. */
export function recordBytes({ key, payload }: NewRecord): number {
  return ENTRY_HEADER + (key === undefined ? 0 : Buffer.byteLength(key)) + payload.length;
}

/** Settled with the offset of the batch's first record. */
type Settle = (first: number) => void;
type Refuse = (error: Error) => void;

export class Batch {
  records = 0;
  /** Bytes of its records as they are written. */
  bytes = 0;
  readonly #pool: ChunkPool;
  readonly #full: Uint8Array[] = [];
  readonly #chunks: Buffer[] = [];
  #chunk: Buffer | undefined;
  #used = 0;
  #marks: Map<string, Uint8Array | undefined> | undefined;
  #trim: number | undefined;
  readonly #settles: Settle[] = [];
  readonly #refusals: Refuse[] = [];

  constructor(pool: ChunkPool) {
    this.#pool = pool;
  }

  get isEmpty(): boolean {
    return this.#settles.length === 0;
  }

  /** Changes of marks, in order of their names' first change. */
  get marks(): MarkChanges {
    return this.#marks ?? new Map();
  }

  /** The offset before which records are forgotten; undefined where none was asked for. */
  get trim(): number | undefined {
    return this.#trim;
  }

  /** Copies a record. Its offset is the batch's first and the count of records before it. */
  add(record: NewRecord): void {
    const { key, payload } = record;
    const keyLength = key === undefined ? 0 : Buffer.byteLength(key);
    if (keyLength > MAX_KEY_BYTES)
      throw new RangeError(`a key of at most ${MAX_KEY_BYTES} bytes was expected, but it has ${keyLength}`);
    const size = ENTRY_HEADER + keyLength + payload.length;
    const chunk = this.#roomFor(size);
    this.#used = putEntry(chunk, this.#used, RECORD, key, keyLength, payload);
    this.records++;
    this.bytes += size;
  }

  /** Whoever gives changes of marks here gives them away. */
  change(changes: MarkChanges): void {
    this.#marks ??= new Map();
    for (const [name, value] of changes) this.#marks.set(name, value && Uint8Array.from(value));
  }

  trimBefore(offset: number): void {
    this.#trim = Math.max(this.#trim ?? 0, offset);
  }

  /** Who waits for what was added. */
  wait(settle: Settle, refuse: Refuse): void {
    this.#settles.push(settle);
    this.#refusals.push(refuse);
  }

  /** The parts of the write, in order. Nothing is added after this. */
  seal(salt: number, header: Omit<BatchHeader, 'length' | 'records'>): readonly Uint8Array[] {
    const rest = this.#rest();
    const parts = [...this.#full];
    if (this.#chunk) parts.push(this.#chunk.subarray(0, this.#used));
    const [first] = this.#chunks;
    const length = parts.reduce((sum, part) => sum + part.length, rest.length) - (first ? BATCH_HEADER : 0);
    const head = first ?? Buffer.alloc(BATCH_HEADER);
    putBatchHeader(head, salt, { ...header, length, records: this.records });
    if (!first) parts.unshift(head);
    if (rest.length > 0) parts.push(rest);
    return parts;
  }

  settle(first: number): void {
    for (const settle of this.#settles) settle(first);
    this.#release();
  }

  refuse(error: Error): void {
    for (const refuse of this.#refusals) refuse(error);
    this.#release();
  }

  #release(): void {
    for (const chunk of this.#chunks) this.#pool.giveBack(chunk);
  }

  #rest(): Buffer {
    const entries: Buffer[] = [];
    if (this.#marks) entries.push(entryOf(MARKS, encodeMarks(this.#marks)));
    if (this.#trim !== undefined) entries.push(entryOf(TRIM, encodeTrim(this.#trim)));
    return Buffer.concat(entries);
  }

  #roomFor(size: number): Buffer {
    if (this.#chunk && this.#used + size <= this.#chunk.length) return this.#chunk;
    if (this.#chunk) this.#full.push(this.#chunk.subarray(0, this.#used));
    const start = this.#chunks.length === 0 ? BATCH_HEADER : 0;
    this.#chunk = start + size <= CHUNK_BYTES ? this.#pool.take() : Buffer.allocUnsafeSlow(start + size);
    this.#chunks.push(this.#chunk);
    this.#used = start;
    return this.#chunk;
  }
}

function entryOf(kind: number, payload: Buffer): Buffer {
  const entry = Buffer.alloc(ENTRY_HEADER + payload.length);
  putEntry(entry, 0, kind, undefined, 0, payload);
  return entry;
}
