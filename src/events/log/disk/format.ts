// The form of the log's files. All numbers are little-endian.
//
// A segment is a header and batches, one behind another; behind the last one are zeros, or what a write left that never ended.
//
//   segment header          batch                            entry
//   0  8  magic             0  4  magic                      0  4  checksum of what follows
//   8  4  checksum          4  4  checksum of 8…40, salted   4  4  length of key and payload
//   12 4  version           8  4  number in its segment      8  4  kind in the upper byte; below it 0, or
//   16 4  header's length   12 4  length of its entries            the key's length and one
//   20 4  salt              16 4  how many records           12    key, then payload
//   24 8  first offset      20 4  (zero)
//   32 8  time before it    24 8  offset of first record
//   40 24 (zeros)           32 8  time in milliseconds
//   64    stream's name     40    entries
//
// A batch is what one write brought: it counts whole or not at all. The next one is written only after the sync of the one before,
// so a batch that has a later one behind it was acknowledged. The salt is drawn for each segment and known to nobody else, so that
// no payload can look like a batch.

import { crc32 } from 'node:zlib';
import type { Marks } from '../log.ts';

export const FORMAT_VERSION = 1;
export const SEGMENT_HEADER = 64;
export const BATCH_HEADER = 40;
export const ENTRY_HEADER = 12;

const SEGMENT_MAGIC = Buffer.from('EBBLOG\r\n', 'latin1');
/** `\xE8bB\x01`, read as a number. */
export const BATCH_MAGIC = Buffer.from([0xe8, 0x62, 0x42, 0x01]);
const BATCH_MAGIC_NUMBER = BATCH_MAGIC.readUInt32LE(0);

/** What a segment says of itself. */
export interface SegmentHeader {
  readonly stream: string;
  readonly salt: number;
  /** Offset that its first record has or will have. */
  readonly base: number;
  /** No record in it is older than this; milliseconds. */
  readonly baseTime: number;
  /** Where its first batch begins. */
  readonly length: number;
}

export function encodeSegmentHeader({ stream, salt, base, baseTime }: Omit<SegmentHeader, 'length'>): Buffer {
  const name = Buffer.from(stream, 'utf8');
  const header = Buffer.alloc(SEGMENT_HEADER + name.length);
  SEGMENT_MAGIC.copy(header, 0);
  header.writeUInt32LE(FORMAT_VERSION, 12);
  header.writeUInt32LE(header.length, 16);
  header.writeUInt32LE(salt, 20);
  writeSafeInteger(header, base, 24);
  writeSafeInteger(header, baseTime, 32);
  name.copy(header, SEGMENT_HEADER);
  header.writeUInt32LE(crc32(header.subarray(12)), 8);
  return header;
}

/** How long the header is that begins like this; undefined where it is no segment of this form. Takes SEGMENT_HEADER bytes. */
export function segmentHeaderLength(start: Buffer): { length: number; version: number } | undefined {
  if (start.length < SEGMENT_HEADER || !start.subarray(0, 8).equals(SEGMENT_MAGIC)) return undefined;
  return { version: start.readUInt32LE(12), length: start.readUInt32LE(16) };
}

/** Takes exactly the header. Undefined where its checksum is wrong. */
export function decodeSegmentHeader(header: Buffer): SegmentHeader | undefined {
  if (crc32(header.subarray(12)) !== header.readUInt32LE(8)) return undefined;
  return {
    stream: header.toString('utf8', SEGMENT_HEADER),
    salt: header.readUInt32LE(20),
    base: readSafeInteger(header, 24),
    baseTime: readSafeInteger(header, 32),
    length: header.length,
  };
}

export interface BatchHeader {
  /** Counts from 1 in its segment. */
  readonly number: number;
  /** Bytes of its entries. */
  readonly length: number;
  readonly records: number;
  /** Offset of its first record, or of the next one where it has none. */
  readonly first: number;
  readonly time: number;
}

/** Writes a batch's header into the BATCH_HEADER bytes that were left for it. */
export function putBatchHeader(
  into: Buffer,
  salt: number,
  { number, length, records, first, time }: BatchHeader,
): void {
  into.writeUInt32LE(BATCH_MAGIC_NUMBER, 0);
  into.writeUInt32LE(number, 8);
  into.writeUInt32LE(length, 12);
  into.writeUInt32LE(records, 16);
  into.writeUInt32LE(0, 20);
  writeSafeInteger(into, first, 24);
  writeSafeInteger(into, time, 32);
  into.writeUInt32LE(crc32(into.subarray(8, BATCH_HEADER), salt), 4);
}

/** The batch that begins at this place of a buffer; undefined where none does. */
export function batchHeaderAt(buffer: Buffer, at: number, salt: number): BatchHeader | undefined {
  if (buffer.length < at + BATCH_HEADER || buffer.readUInt32LE(at) !== BATCH_MAGIC_NUMBER) return undefined;
  if (crc32(buffer.subarray(at + 8, at + BATCH_HEADER), salt) !== buffer.readUInt32LE(at + 4)) return undefined;
  return {
    number: buffer.readUInt32LE(at + 8),
    length: buffer.readUInt32LE(at + 12),
    records: buffer.readUInt32LE(at + 16),
    first: readSafeInteger(buffer, at + 24),
    time: readSafeInteger(buffer, at + 32),
  };
}

export const RECORD = 1;
/** Its payload is changes of marks. */
export const MARKS = 2;
/** Its payload is the offset before which records are forgotten. */
export const TRIM = 3;

/** Longest key, in bytes of UTF-8. */
export const MAX_KEY_BYTES = 0xfffffe;

/** Writes an entry and returns where it ends. `keyLength` is that of the key as UTF-8. */
export function putEntry(
  into: Buffer,
  at: number,
  kind: number,
  key: string | undefined,
  keyLength: number,
  payload: Uint8Array,
): number {
  const end = at + ENTRY_HEADER + keyLength + payload.length;
  into.writeUInt32LE(keyLength + payload.length, at + 4);
  into.writeUInt32LE(((kind << 24) | (key === undefined ? 0 : keyLength + 1)) >>> 0, at + 8);
  if (keyLength > 0) into.write(key as string, at + ENTRY_HEADER, keyLength, 'utf8');
  into.set(payload, at + ENTRY_HEADER + keyLength);
  into.writeUInt32LE(crc32(into.subarray(at + 4, end)), at);
  return end;
}

export interface Entry {
  readonly kind: number;
  /** In the buffer; equal to `payloadAt` where there is no key. */
  readonly keyAt: number;
  readonly hasKey: boolean;
  readonly payloadAt: number;
  readonly end: number;
}

/** The entry at a place before `limit`; undefined where none is whole. Its checksum is looked at by `isIntact`. */
export function entryAt(buffer: Buffer, at: number, limit: number): Entry | undefined {
  if (at + ENTRY_HEADER > limit) return undefined;
  const end = at + ENTRY_HEADER + buffer.readUInt32LE(at + 4);
  const word = buffer.readUInt32LE(at + 8);
  const key = word & 0xffffff;
  const payloadAt = at + ENTRY_HEADER + Math.max(0, key - 1);
  if (end > limit || payloadAt > end) return undefined;
  return { kind: word >>> 24, keyAt: at + ENTRY_HEADER, hasKey: key > 0, payloadAt, end };
}

export function isIntact(buffer: Buffer, at: number, { end }: Entry): boolean {
  return crc32(buffer.subarray(at + 4, end)) === buffer.readUInt32LE(at);
}

/** Names and values with their lengths; a value that is forgotten has length 0, others their length and one. */
export function encodeMarks(changes: ReadonlyMap<string, Uint8Array | undefined>): Buffer {
  const parts: Uint8Array[] = [];
  for (const [name, value] of changes) {
    const key = Buffer.from(name, 'utf8');
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32LE(key.length, 0);
    lengths.writeUInt32LE(value === undefined ? 0 : value.length + 1, 4);
    parts.push(lengths, key);
    if (value) parts.push(value);
  }
  return Buffer.concat(parts);
}

export function applyMarks(payload: Buffer, marks: Map<string, Uint8Array>): void {
  for (let at = 0; at < payload.length; ) {
    const keyEnd = at + 8 + payload.readUInt32LE(at);
    const length = payload.readUInt32LE(at + 4);
    const name = payload.toString('utf8', at + 8, keyEnd);
    at = keyEnd + Math.max(0, length - 1);
    if (length === 0) marks.delete(name);
    else marks.set(name, Uint8Array.from(payload.subarray(keyEnd, at)));
  }
}

/** Bytes that marks take when all are written anew. */
export function sizeOfMarks(marks: Marks): number {
  let bytes = 0;
  for (const [name, value] of marks) bytes += 8 + Buffer.byteLength(name) + value.length;
  return bytes;
}

export function encodeTrim(before: number): Buffer {
  const payload = Buffer.alloc(8);
  writeSafeInteger(payload, before, 0);
  return payload;
}

export function decodeTrim(payload: Buffer): number {
  return readSafeInteger(payload, 0);
}

const HALF = 2 ** 32;

/** As an unsigned 64-bit number, without a BigInt, which would cost more than all the rest. */
function writeSafeInteger(into: Buffer, value: number, at: number): void {
  into.writeUInt32LE(value % HALF, at);
  into.writeUInt32LE(Math.floor(value / HALF), at + 4);
}

function readSafeInteger(from: Buffer, at: number): number {
  return from.readUInt32LE(at + 4) * HALF + from.readUInt32LE(at);
}
