// Finds a stream on disk again: which segments it has, where the last one ends, and what its marks are.
//
// Segments are told apart from what a crash left by three rules. A segment gets its name only when its header and first batch are
// durable, so one without them is damaged. A segment ends where the next one begins. And in the last one, a batch that is not
// whole is the end: a write that never finished, unless a later batch stands behind it, for that was written only after the sync
// of this one.

import type { Disk, DiskFile } from '#storage/mod.ts';
import { LogDamagedError } from '../log.ts';
import { segmentFile, sequenceOf } from './folders.ts';
import {
  applyMarks,
  BATCH_MAGIC,
  batchHeaderAt,
  decodeSegmentHeader,
  decodeTrim,
  FORMAT_VERSION,
  MARKS,
  SEGMENT_HEADER,
  segmentHeaderLength,
  TRIM,
} from './format.ts';
import type { SegmentHeader } from './format.ts';
import type { Handles } from './handles.ts';
import type { Segment } from './segment.ts';
import { forEachEntry, walk, Window } from './segment.ts';
import { SparseIndex } from './sparse-index.ts';

export interface FoundStream {
  readonly name: string;
  /** In their order; at least one. */
  readonly segments: readonly Segment[];
  readonly first: number;
  readonly marks: Map<string, Uint8Array>;
  /** Of the newest batch, milliseconds. */
  readonly lastTime: number;
  /** Files of which nothing is wanted any more. */
  readonly leftovers: readonly string[];
}

/** Undefined where there is no stream in the folder, or none that was ever acknowledged. */
export async function recover(disk: Disk, handles: Handles, folder: string): Promise<FoundStream | undefined> {
  const names = await disk.list(folder);
  const sequences = names.flatMap((name) => sequenceOf(name) ?? []).sort((a, b) => a - b);
  const unfinished = names.filter((name) => sequenceOf(name) === undefined).map((name) => `${folder}/${name}`);
  const opened: { readonly segment: Segment; readonly header: SegmentHeader }[] = [];
  for (const sequence of sequences) opened.push(await openSegment(disk, handles, folder, sequence));
  const last = opened.at(-1);
  if (!last) return undefined;
  // What a killed process wrote may not be durable yet, and is about to be shown as if it were.
  await handles.use(last.segment.path, (file) => file.sync());
  await disk.syncFolder(folder);
  const state = await readThrough(handles, last.segment);
  const segments = opened.map(({ segment }) => segment);
  const wanted = withoutTrimmed(segments, state.first);
  demandWhole(wanted, disk.shown(folder));
  const gone = segments.slice(0, segments.length - wanted.length).map(({ path }) => path);
  const first = Math.max(state.first, wanted[0]?.base ?? 0);
  return { ...state, first, name: last.header.stream, segments: wanted, leftovers: [...unfinished, ...gone] };
}

async function openSegment(disk: Disk, handles: Handles, folder: string, sequence: number) {
  const path = `${folder}/${segmentFile(sequence)}`;
  const shown = disk.shown(path);
  return handles.use(path, async (file) => {
    const header = await readHeader(file, shown);
    const length = await file.length();
    const segment: Segment = {
      sequence,
      path,
      shown,
      salt: header.salt,
      base: header.base,
      baseTime: header.baseTime,
      start: header.length,
      end: length,
      allocated: length,
      next: header.base,
      number: 0,
      index: undefined,
      isBroken: false,
    };
    return { segment, header };
  });
}

/** The header of a segment's file; throws where it is damaged, or of a form that this program does not know. */
export async function readHeader(file: DiskFile, shown: string): Promise<SegmentHeader> {
  const start = Buffer.alloc(SEGMENT_HEADER);
  const found = (await file.read(start, 0)) === start.length ? segmentHeaderLength(start) : undefined;
  if (found && found.version > FORMAT_VERSION) {
    throw new LogDamagedError(
      `${shown} has form ${found.version}, which a newer Ebb wrote; this one reads forms up to ${FORMAT_VERSION}`,
    );
  }
  const length = await file.length();
  const whole =
    found && found.length >= SEGMENT_HEADER && found.length <= length ? Buffer.alloc(found.length) : undefined;
  if (whole) await file.read(whole, 0);
  const header = whole && decodeSegmentHeader(whole);
  if (!header) throw new LogDamagedError(`${shown} is damaged at byte 0: its header is not what was written`);
  return header;
}

/** A megabyte at once, for a whole segment is read. */
const STRETCH = 2 ** 20;

interface State {
  readonly first: number;
  readonly marks: Map<string, Uint8Array>;
  readonly lastTime: number;
}

/** Reads all of the last segment, and settles where it ends. */
async function readThrough(handles: Handles, segment: Segment): Promise<State> {
  return handles.use(segment.path, async (file) => {
    const marks = new Map<string, Uint8Array>();
    const index = new SparseIndex();
    let first = 0;
    let lastTime = segment.baseTime;
    const window = new Window(file, STRETCH, segment.allocated);
    const from = { at: segment.start, number: 1 };
    const { at } = await walk(
      segment,
      window,
      from,
      () => true,
      (header, here, begins) => {
        const changes: Buffer[] = [];
        let trim = 0;
        const isWhole = forEachEntry(here, begins, header, (entry, buffer) => {
          const payload = buffer.subarray(entry.payloadAt, entry.end);
          if (entry.kind === MARKS) changes.push(payload);
          else if (entry.kind === TRIM) trim = decodeTrim(payload);
        });
        if (!isWhole || header.first !== segment.next) return false;
        for (const change of changes) applyMarks(change, marks);
        index.add(begins, header.first, header.time);
        segment.next += header.records;
        segment.number = header.number;
        first = Math.max(first, trim);
        lastTime = header.time;
        return true;
      },
    );
    segment.end = at;
    segment.index = index;
    segment.isBroken = await isTorn(file, segment);
    return { first: Math.min(first, segment.next), marks, lastTime };
  });
}

/** Whether the last segment has the rest of an unfinished write behind its end. Throws where acknowledged batches stand there. */
async function isTorn(file: DiskFile, segment: Segment): Promise<boolean> {
  const rest = Buffer.alloc(segment.allocated - segment.end);
  await file.read(rest, segment.end);
  for (let at = rest.indexOf(BATCH_MAGIC); at >= 0; at = rest.indexOf(BATCH_MAGIC, at + 1)) {
    const header = batchHeaderAt(rest, at, segment.salt);
    if (header && header.number > segment.number + 1) throw damagedAt(segment, segment.end);
  }
  // The first batch was durable before the segment had its name.
  if (segment.number === 0) throw damagedAt(segment, segment.end);
  return !rest.equals(Buffer.alloc(rest.length));
}

export function damagedAt({ shown }: Segment, at: number): LogDamagedError {
  return new LogDamagedError(
    `${shown} is damaged at byte ${at}: what is there is not what was written, and acknowledged records stand behind it`,
  );
}

/** Segments from the first one on that holds a record that was not trimmed, or is the last. */
export function withoutTrimmed(segments: readonly Segment[], first: number): Segment[] {
  const from = segments.findIndex((_, index) => (segments[index + 1]?.base ?? Number.POSITIVE_INFINITY) > first);
  return segments.slice(Math.max(0, from));
}

/** Settles where the older segments end; throws where one is missing. */
function demandWhole(segments: readonly Segment[], folder: string): void {
  segments.forEach((segment, index) => {
    const after = segments[index + 1];
    if (!after) return;
    if (after.sequence !== segment.sequence + 1) {
      throw new LogDamagedError(
        `${folder} lacks ${segmentFile(segment.sequence + 1)}, which stood before ${segmentFile(after.sequence)}`,
      );
    }
    segment.next = after.base;
  });
}
