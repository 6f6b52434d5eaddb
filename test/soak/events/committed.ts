// What the event log of a killed data process had made durable: read from a copy of its files, so that nothing is changed that the
// next process finds.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#base/mod.ts';
import type { EventLog } from '#events/mod.ts';
import { decodeRecord, openDiskLog, textOf } from '#events/mod.ts';
import { nodeDisk } from '#storage/mod.ts';
import { consumerOf, decodeConsumer, decodeHead, HEAD_MARK } from '../../../src/events/deliver/marks.ts';
import { sequenceOf } from '../../../src/events/log/disk/folders.ts';
import {
  BATCH_HEADER,
  batchHeaderAt,
  decodeSegmentHeader,
  entryAt,
  MARKS,
  segmentHeaderLength,
} from '../../../src/events/log/disk/format.ts';

export interface Committed {
  /** Wall time of the last commit of what was done, 0 where there was none. */
  readonly committedAt: number;
  /** Whether a consumer was done with an event: it is before where the consumer stood, and not among what was not done. */
  isDone(consumer: string, id: string): boolean;
}

/** Nobody may write into the folder meanwhile. */
export async function readCommitted(eventsFolder: string, stream: string): Promise<Committed> {
  const copy = mkdtempSync(join(tmpdir(), 'ebb-soak-log-'));
  try {
    cpSync(eventsFolder, copy, { recursive: true });
    const committedAt = Math.max(0, ...readdirSync(copy).map((folder) => lastMarksAt(join(copy, folder), stream)));
    const log = await openDiskLog({ disk: await nodeDisk(copy), clock: systemClock });
    try {
      return { committedAt, isDone: await doneIn(log, stream) };
    } finally {
      await log.close();
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function doneIn(log: EventLog, stream: string): Promise<Committed['isDone']> {
  const marks = await log.loadMarks(stream);
  const head = marks.get(HEAD_MARK);
  const position = head ? decodeHead(head) : 0;
  const consumers = new Map<string, { upTo: number; unfinished: Set<number> }>();
  for (const [mark, bytes] of marks) {
    const id = consumerOf(mark);
    if (id === undefined) continue;
    const { cursor, unfinished } = decodeConsumer(bytes);
    consumers.set(id, { upTo: cursor ?? position, unfinished: new Set(unfinished.map(({ offset }) => offset)) });
  }
  const offsets = await offsetsOf(log, stream);
  return (consumer, id) => {
    const offset = offsets.get(id);
    // What was taken and is not there any more was let go, because everybody was done with it.
    if (offset === undefined) return true;
    const { upTo = 0, unfinished } = consumers.get(consumer) ?? {};
    return offset < upTo && !unfinished?.has(offset);
  };
}

async function offsetsOf(log: EventLog, stream: string): Promise<Map<string, number>> {
  const offsets = new Map<string, number>();
  for (let at = 0; ; ) {
    const records = await log.read(stream, at, { records: 1000, bytes: 4 * 2 ** 20 });
    for (const { offset, payload } of records) offsets.set(textOf(decodeRecord(payload).event, 'id') ?? '', offset);
    const last = records.at(-1);
    if (!last) return offsets;
    at = last.offset + 1;
  }
}

/** When the newest batch with marks was written that the stream's newest segment has; 0 where the folder is another's. */
function lastMarksAt(folder: string, stream: string): number {
  const [newest] = readdirSync(folder)
    .filter((file) => sequenceOf(file) !== undefined)
    .toSorted()
    .toReversed();
  if (newest === undefined) return 0;
  const bytes = readFileSync(join(folder, newest));
  const { length = 0 } = segmentHeaderLength(bytes) ?? {};
  const header = decodeSegmentHeader(bytes.subarray(0, length));
  if (header?.stream !== stream) return 0;
  let time = 0;
  for (let at = header.length; ; ) {
    const batch = batchHeaderAt(bytes, at, header.salt);
    if (!batch) return time;
    const end = at + BATCH_HEADER + batch.length;
    if (hasMarks(bytes, at + BATCH_HEADER, end)) time = batch.time;
    at = end;
  }
}

function hasMarks(bytes: Buffer, from: number, end: number): boolean {
  for (let at = from; at < end; ) {
    const entry = entryAt(bytes, at, end);
    if (!entry) return false;
    if (entry.kind === MARKS) return true;
    at = entry.end;
  }
  return false;
}
