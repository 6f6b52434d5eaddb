// Whole numbers in as few bytes as they need: seven bits a byte, the low ones first, the eighth bit on all but the last.

import { invariant } from '#base/mod.ts';

/** Five bytes: more than any text is long. */
const MOST_SHIFT = 28;

export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest >>>= 7) size++;
  return size;
}

/** The index behind it. */
export function writeVarint(out: Uint8Array, from: number, value: number): number {
  let at = from;
  let rest = value;
  while (rest > 0x7f) {
    out[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[at++] = rest;
  return at;
}

/** Reads them one after another. */
export class Varints {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  next(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.at++];
      invariant(byte !== undefined && shift <= MOST_SHIFT, 'a record of events has all its lengths, not some of them');
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  take(count: number): number[] {
    invariant(count <= this.#bytes.length, `a record of events has room for ${count} lengths, but is shorter`);
    const out: number[] = [];
    for (let i = 0; i < count; i++) out.push(this.next());
    return out;
  }
}
