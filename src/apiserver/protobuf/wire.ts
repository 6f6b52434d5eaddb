// The protobuf wire format: fields with their numbers, nothing of their meaning.

/** The bytes are no protobuf message. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** One field as it stands on the wire: a varint or a fixed number as a bigint, or bytes. */
export interface WireField {
  readonly number: number;
  readonly value: bigint | Uint8Array;
  /** Whether the number came in eight bytes of fixed width, as doubles do. */
  readonly isFixed64: boolean;
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Reads numbers and bytes from the front. Throws WireError where they end early or make no sense. */
export class WireReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next field; asked for only while not at the end. */
  field(): WireField {
    const key = this.varint();
    const number = Number(key >> 3n);
    if (number < 1 || number >= 2 ** 29) throw new WireError(`field number ${number} is out of range`);
    const wire = Number(key & 7n);
    switch (wire) {
      case VARINT:
        return { number, value: this.varint(), isFixed64: false };
      case FIXED64:
        return { number, value: this.#fixed(8), isFixed64: true };
      case BYTES:
        return { number, value: this.#take(this.varint()), isFixed64: false };
      case FIXED32:
        return { number, value: this.#fixed(4), isFixed64: false };
      default:
        throw new WireError(`field ${number} has the unknown wire type ${wire}`);
    }
  }

  /** An unsigned number of up to 64 bits. */
  varint(): bigint {
    let value = 0n;
    for (let i = 0; i < 10; i++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new WireError('a number ends early');
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new WireError('a number is longer than ten bytes');
  }

  #fixed(length: 4 | 8): bigint {
    const bytes = this.#take(BigInt(length));
    const view = new DataView(bytes.buffer, bytes.byteOffset, length);
    return length === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
  }

  #take(length: bigint): Uint8Array {
    const left = this.#bytes.length - this.#at;
    if (length > BigInt(left)) throw new WireError(`${length} bytes are announced where ${left} are left`);
    const from = this.#at;
    this.#at += Number(length);
    return this.#bytes.subarray(from, this.#at);
  }
}

/** All fields of a message, in their order. */
export function* fieldsIn(bytes: Uint8Array): Generator<WireField> {
  const reader = new WireReader(bytes);
  while (!reader.isAtEnd) yield reader.field();
}
