// Reads records out of segments: finds the batch, looks at checksums, and stops at the bounds that the reader gave.

import type { LogRecord, ReadLimit } from '../log.ts';
import { BATCH_HEADER, entryAt, isIntact, RECORD } from './format.ts';
import type { BatchHeader } from './format.ts';
import type { Handles } from './handles.ts';
import { damagedAt } from './recovery.ts';
import type { Segment } from './segment.ts';
import { walk, Window } from './segment.ts';
import { SparseIndex } from './sparse-index.ts';

/** Where a reader that goes on from an offset finds it, so that a sequential reader looks for nothing. */
export interface Hint {
  readonly offset: number;
  readonly segment: Segment;
  /** Where the batch begins that holds the offset, or follows what is before it. */
  readonly at: number;
}

export interface Reading {
  readonly records: readonly LogRecord[];
  /** Of keys and payloads. */
  readonly bytes: number;
  readonly hint: Hint | undefined;
}

/** The largest and the least that is read from a file at once, unless a batch is larger. */
const MOST_STRETCH = 512 * 1024;
const LEAST_STRETCH = 8 * 1024;

/** Records of one segment from an offset on, which the segment holds or will hold next. */
export async function readSegment(
  handles: Handles,
  segment: Segment,
  from: number,
  limit: ReadLimit,
  hint: Hint | undefined,
): Promise<Reading> {
  if (!segment.index) await readIndex(handles, segment);
  const { end } = segment;
  const at =
    hint?.segment === segment && hint.offset === from ? hint.at : (segment.index?.byOffset(from)?.at ?? segment.start);
  const taker = new Taker(segment, from, limit);
  await handles.use(segment.path, async (file) => {
    const window = new Window(file, stretchFor(segment, limit), end);
    const isWanted = (header: BatchHeader) => header.records > 0 && header.first + header.records > from;
    const stopped = await walk(segment, window, { at, number: 0 }, isWanted, (header, here, begins) => {
      return isWanted(header) ? taker.take(header, here, begins) : true;
    });
    if (!stopped.isEnough && stopped.at !== end) throw damagedAt(segment, stopped.at);
    if (!stopped.isEnough) taker.hintAt = end;
  });
  return taker.reading();
}

/** About what the wanted records take, by the segment's usual record. */
function stretchFor(segment: Segment, { records, bytes }: ReadLimit): number {
  const usual = (segment.end - segment.start) / Math.max(1, segment.next - segment.base);
  const wanted = Math.min(bytes * 1.1, records * usual * 1.1) + 1024;
  return Math.min(MOST_STRETCH, Math.max(LEAST_STRETCH, Math.ceil(wanted)));
}

/** Takes records until a reader has enough. */
class Taker {
  readonly #segment: Segment;
  readonly #from: number;
  readonly #limit: ReadLimit;
  readonly #records: LogRecord[] = [];
  #bytes = 0;
  hintAt = 0;

  constructor(segment: Segment, from: number, limit: ReadLimit) {
    this.#segment = segment;
    this.#from = from;
    this.#limit = limit;
  }

  /** Whether more is wanted than this batch had. */
  take(header: BatchHeader, window: Window, begins: number): boolean {
    const { buffer } = window;
    const end = begins - window.at + BATCH_HEADER + header.length;
    let offset = header.first;
    for (let at = end - header.length; at < end; ) {
      const entry = entryAt(buffer, at, end);
      if (!entry) throw damagedAt(this.#segment, window.at + at);
      if (entry.kind === RECORD && offset++ >= this.#from) {
        if (!isIntact(buffer, at, entry)) throw damagedAt(this.#segment, window.at + at);
        const bytes = entry.end - entry.keyAt;
        if (this.#records.length > 0 && this.#bytes + bytes > this.#limit.bytes) return this.#stop(begins);
        this.#bytes += bytes;
        this.#records.push({
          offset: offset - 1,
          appendedAt: header.time,
          key: entry.hasKey ? buffer.toString('utf8', entry.keyAt, entry.payloadAt) : undefined,
          payload: buffer.subarray(entry.payloadAt, entry.end),
        });
        if (this.#records.length >= this.#limit.records) {
          const isBatchOver = offset === header.first + header.records;
          return this.#stop(isBatchOver ? begins + BATCH_HEADER + header.length : begins);
        }
      }
      at = entry.end;
    }
    return true;
  }

  #stop(hintAt: number): false {
    this.hintAt = hintAt;
    return false;
  }

  reading(): Reading {
    const last = this.#records.at(-1);
    const hint = last && { offset: last.offset + 1, segment: this.#segment, at: this.hintAt };
    return { records: this.#records, bytes: this.#bytes, hint };
  }
}

/** Makes the index of an older segment, by its batches' headers, and finds where it ends. */
async function readIndex(handles: Handles, segment: Segment): Promise<void> {
  const index = new SparseIndex();
  let next = segment.base;
  const end = await handles.use(segment.path, async (file) => {
    const window = new Window(file, MOST_STRETCH, segment.allocated);
    const stopped = await walk(
      segment,
      window,
      { at: segment.start, number: 1 },
      () => false,
      (header, _, at) => {
        if (header.first !== next || header.first + header.records > segment.next) return false;
        index.add(at, header.first, header.time);
        next += header.records;
        return true;
      },
    );
    return stopped.at;
  });
  if (next !== segment.next) throw damagedAt(segment, end);
  segment.end = end;
  segment.index = index;
}

/** The first offset of a segment whose record was written at or after a time; its next one where none was. */
export async function offsetInSegment(handles: Handles, segment: Segment, time: number): Promise<number> {
  if (!segment.index) await readIndex(handles, segment);
  const { end } = segment;
  const at = segment.index?.beforeTime(time)?.at ?? segment.start;
  let found = segment.next;
  await handles.use(segment.path, async (file) => {
    const window = new Window(file, LEAST_STRETCH, end);
    const stopped = await walk(
      segment,
      window,
      { at, number: 0 },
      () => false,
      (header) => {
        if (header.time < time || header.records === 0) return true;
        found = header.first;
        return false;
      },
    );
    if (!stopped.isEnough && stopped.at !== end) throw damagedAt(segment, stopped.at);
  });
  return found;
}

/** The offset at or before a place of a segment. */
export async function offsetAtPlace(handles: Handles, segment: Segment, at: number): Promise<number> {
  if (!segment.index) await readIndex(handles, segment);
  return segment.index?.byPlace(at)?.offset ?? segment.base;
}
