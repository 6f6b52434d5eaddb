// Protobuf's wire format, written: as much of it as OTLP needs. Fields that hold their default are left out, as proto3 does.

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

const FIRST_BYTES = 4096;
/** UTF-8 takes no more for a unit of UTF-16. */
const MOST_BYTES_A_UNIT = 3;

const utf8 = new TextEncoder();

/** A message that is being written, and the messages within it, one behind the other in one buffer. */
export class Message {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  text(field: number, value: string): this {
    return value === '' ? this : this.chosenText(field, value);
  }

  /** Written even where it is empty. */
  chosenText(field: number, value: string): this {
    this.#tag(field, LENGTH);
    return this.#measured(value.length * MOST_BYTES_A_UNIT, () => {
      this.#at += utf8.encodeInto(value, this.#bytes.subarray(this.#at)).written;
    });
  }

  /** Bytes, spelled as hex digits. */
  hex(field: number, digits: string): this {
    this.#tag(field, LENGTH)
      .#varint(digits.length / 2)
      .#room(digits.length / 2);
    for (let i = 0; i < digits.length; i += 2) this.#bytes[this.#at++] = Number.parseInt(digits.slice(i, i + 2), 16);
    return this;
  }

  /** A message inside this one, which `write` fills; there even where it is empty. */
  message(field: number, write: (inner: this) => void): this {
    this.#tag(field, LENGTH);
    return this.#measured(0, () => write(this));
  }

  /** int64, uint64, enum or bool. */
  int(field: number, value: number | boolean): this {
    return value === 0 || value === false ? this : this.chosenInt(field, value);
  }

  /** The same, written even where it is the default. */
  chosenInt(field: number, value: number | boolean): this {
    return this.#tag(field, VARINT).#varint(Number(value));
  }

  double(field: number, value: number): this {
    return this.#tag(field, FIXED64).#double(value);
  }

  fixed64(field: number, value: bigint): this {
    return this.#tag(field, FIXED64).#long(value);
  }

  fixed32(field: number, value: number): this {
    if (value === 0) return this;
    this.#tag(field, FIXED32).#room(4);
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
    return this;
  }

  packedFixed64(field: number, values: readonly number[]): this {
    if (values.length === 0) return this;
    this.#tag(field, LENGTH).#varint(values.length * 8);
    for (const value of values) this.#long(BigInt(value));
    return this;
  }

  packedDouble(field: number, values: readonly number[]): this {
    if (values.length === 0) return this;
    this.#tag(field, LENGTH).#varint(values.length * 8);
    for (const value of values) this.#double(value);
    return this;
  }

  done(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  /** Writes what `write` does behind its length; few lengths take more than the one byte that is left for them. */
  #measured(room: number, write: () => void): this {
    this.#room(1 + room);
    const from = ++this.#at;
    write();
    const length = this.#at - from;
    const more = varintLength(length) - 1;
    if (more > 0) {
      this.#room(more);
      this.#bytes.copyWithin(from + more, from, this.#at);
    }
    this.#at = from - 1;
    this.#varint(length);
    this.#at += length;
    return this;
  }

  #tag(field: number, type: number): this {
    return this.#varint(field * 8 + type);
  }

  #varint(value: number): this {
    this.#room(10);
    if (value < 0) return this.#negative(BigInt.asUintN(64, BigInt(value)));
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest % 0x80) + 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#at++] = rest;
    return this;
  }

  #negative(value: bigint): this {
    let rest = value;
    while (rest > 0x7fn) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) + 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#at++] = Number(rest);
    return this;
  }

  #double(value: number): this {
    this.#room(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
    return this;
  }

  #long(value: bigint): this {
    this.#room(8);
    this.#view.setBigUint64(this.#at, value, true);
    this.#at += 8;
    return this;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const wider = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + bytes));
    wider.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = wider;
    this.#view = new DataView(wider.buffer);
  }
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) length++;
  return length;
}
