// One segment: what is known of it in memory, and how it is read. Whoever reads looks at every checksum.

import type { DiskFile } from '#storage/mod.ts';
import { BATCH_HEADER, batchHeaderAt, entryAt, isIntact, RECORD } from './format.ts';
import type { BatchHeader, Entry } from './format.ts';
import type { SparseIndex } from './sparse-index.ts';

export interface Segment {
  readonly sequence: number;
  readonly path: string;
  /** As people know it. */
  readonly shown: string;
  readonly salt: number;
  readonly base: number;
  readonly baseTime: number;
  /** Where its batches begin. */
  readonly start: number;
  /** Where its acknowledged batches end; of an older one that was not read yet, the length of its file. */
  end: number;
  /** Up to where the file has room already. */
  allocated: number;
  /** Offset after its last record. */
  next: number;
  /** Of its last batch. */
  number: number;
  /** Made while it was written or read through; undefined for an older one that was not read yet. */
  index: SparseIndex | undefined;
  /** A write into it failed, or never ended: nothing more may be written behind it. */
  isBroken: boolean;
}

/** A stretch of a file in memory. Stretches are never filled anew, so what was read from them stays. */
export class Window {
  buffer: Buffer = Buffer.alloc(0);
  /** Where in the file it begins. */
  at = 0;
  readonly #file: DiskFile;
  readonly #stretch: number;
  /** Nothing behind it is looked at. */
  readonly end: number;

  constructor(file: DiskFile, stretch: number, end: number) {
    this.#file = file;
    this.#stretch = stretch;
    this.end = end;
  }

  has(from: number, length: number): boolean {
    return from >= this.at && from + length <= this.at + this.buffer.length;
  }

  /** Reads on from `from`, at least `length` bytes where the file has them before the end. */
  async fill(from: number, length: number): Promise<void> {
    const wanted = Math.min(Math.max(this.#stretch, length), Math.max(0, this.end - from));
    const buffer = Buffer.allocUnsafe(wanted);
    this.buffer = buffer.subarray(0, await this.#file.read(buffer, from));
    this.at = from;
  }
}

/** Called with each batch and where it begins, in the window. Says whether to go on. */
export type Visit = (header: BatchHeader, window: Window, at: number) => boolean;

/**
 * Goes through batches from a place on, whole or by their headers alone. Resolves with the place where it stopped: the segment's
 * end, the batch after which the visitor had enough, or the first place where no batch is that could be the next one.
 */
export async function walk(
  segment: Segment,
  window: Window,
  from: { readonly at: number; readonly number: number },
  isWhole: (header: BatchHeader) => boolean,
  visit: Visit,
): Promise<{ at: number; isEnough: boolean }> {
  let { at, number } = from;
  while (at < window.end) {
    if (!window.has(at, BATCH_HEADER)) await window.fill(at, BATCH_HEADER);
    const header = batchHeaderAt(window.buffer, at - window.at, segment.salt);
    if (!header || (number > 0 && header.number !== number)) return { at, isEnough: false };
    const length = BATCH_HEADER + header.length;
    if (isWhole(header)) {
      if (!window.has(at, length)) await window.fill(at, length);
      if (!window.has(at, length)) return { at, isEnough: false };
    }
    const goesOn = visit(header, window, at);
    if (!goesOn) return { at, isEnough: true };
    at += length;
    number = header.number + 1;
  }
  return { at, isEnough: false };
}

/** Each entry of a batch that lies whole in the window. False where one of them is not what was written. */
export function forEachEntry(
  { buffer, at: windowAt }: Window,
  at: number,
  header: BatchHeader,
  visit: (entry: Entry, buffer: Buffer) => void,
): boolean {
  const end = at - windowAt + BATCH_HEADER + header.length;
  let records = 0;
  let here = end - header.length;
  while (here < end) {
    const entry = entryAt(buffer, here, end);
    if (!entry || !isIntact(buffer, here, entry)) return false;
    if (entry.kind === RECORD) records++;
    visit(entry, buffer);
    here = entry.end;
  }
  return records === header.records;
}
