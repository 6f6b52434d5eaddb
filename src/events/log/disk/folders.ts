// How a stream's name becomes the name of a folder, and back. Works on file systems that do not tell upper from lower case.

import { createHash } from 'node:crypto';

/** Longer names are cut, and told apart by a digest; the whole name then stands in the segments. */
const LONGEST = 200;
const DIGEST_MARK = '~';

export function folderOf(stream: string): string {
  const plain = [...Buffer.from(stream, 'utf8')].map(encoded).join('');
  if (plain.length > 0 && plain.length <= LONGEST) return plain;
  return `${plain.slice(0, LONGEST / 2)}${DIGEST_MARK}${createHash('sha256').update(stream).digest('hex')}`;
}

/** The stream whose folder this is; undefined where its name does not tell. */
export function streamOf(folder: string): string | undefined {
  if (!/^(?:[a-z0-9_-]|%[0-9a-f]{2})+$/.test(folder)) return undefined;
  return decodeURIComponent(folder);
}

/** Whether a name may be a stream's folder: all others are none of ours, or to be removed. */
export function isStreamFolder(folder: string): boolean {
  return streamOf(folder) !== undefined || folder.includes(DIGEST_MARK);
}

function encoded(byte: number): string {
  const letter = String.fromCharCode(byte);
  return /[a-z0-9_-]/.test(letter) ? letter : `%${byte.toString(16).padStart(2, '0')}`;
}

const DROPPED = '.dropped-';

/** Where a stream's folder is put before it is taken apart. */
export function droppedFolder(number: number): string {
  return `${DROPPED}${number}`;
}

export function isDropped(folder: string): boolean {
  return folder.startsWith(DROPPED);
}

const SEGMENT = /^(\d{10})\.seg$/;

export function segmentFile(sequence: number): string {
  return `${String(sequence).padStart(10, '0')}.seg`;
}

/** The sequence number of a segment's file; undefined for other files. */
export function sequenceOf(file: string): number | undefined {
  const digits = SEGMENT.exec(file)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** What a segment is called while it is being made. */
export function unfinished(file: string): string {
  return `${file}.new`;
}
