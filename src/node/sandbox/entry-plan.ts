// The plan of the entry program: system calls one after the other with everything they point to, as bytes. Pure.

import { BASE, ENTRY_BYTES, ERRNO, PLAN_BYTES } from './entry-program.ts';
import type { Entering, Machine } from './system-calls.ts';
import { numberOf } from './system-calls.ts';

/** A number, or something in memory that is pointed to: bytes, or a row of eight-byte words. */
export type Argument = number | Uint8Array | readonly Argument[];

export interface Call {
  readonly call: Entering;
  readonly with: readonly Argument[];
  /** `next`: a failure does not matter. Else it is told in these words, and the program ends. */
  readonly otherwise: 'next' | string;
}

/** How failures are told. */
export interface Telling {
  readonly descriptor: number;
  readonly exitCode: number;
  /** To a program: behind the words come a zero and the negative error number in eight bytes. To a person: a line. */
  readonly to: 'program' | 'person';
}

/** Text as system calls take it. */
export function text(words: string): Uint8Array {
  return Buffer.from(`${words}\0`);
}

/** A row of texts that ends with a null, as execve(2) takes it. */
export function texts(words: readonly string[]): Argument {
  return [...words.map(text), 0];
}

/**
 * The bytes of a plan; its last call is to be one that does not return. Each group of calls tells its failures in its own
 * way. Throws where the plan is larger than the program takes.
 */
export function planBytes(groups: readonly (readonly [Telling, readonly Call[]])[], machine: Machine): Uint8Array {
  const calls = groups.flatMap(([telling, some]) => some.map((call) => ({ ...call, telling })));
  const tellings = calls.map(({ otherwise, telling }) => (otherwise === 'next' ? [] : tellingOf(otherwise, telling)));
  // Behind the calls lies, for each that is told, what tells it.
  let tellingAt = calls.length;
  const entries = calls.map(({ call, with: given }, index): Entry => {
    const length = tellings[index]?.length ?? 0;
    const otherwise = length === 0 ? index + 1 : tellingAt;
    tellingAt += length;
    return { call, otherwise, with: given };
  });
  return bytesOf([...entries, ...tellings.flat()], machine);
}

interface Entry {
  readonly call: Entering;
  /** Which entry comes after a failure; the following one where absent. */
  readonly otherwise?: number;
  readonly with: readonly Argument[];
}

/** A failure to tell is passed over: there is nobody else to be told. */
function tellingOf(words: string, { descriptor, exitCode, to }: Telling): Entry[] {
  const said = to === 'program' ? text(words) : Buffer.from(`${words}\n`);
  return [
    { call: 'write', with: [descriptor, said, said.length] },
    ...(to === 'program' ? [{ call: 'write', with: [descriptor, ERRNO, 8] } as const] : []),
    { call: 'exit_group', with: [exitCode] },
  ];
}

function bytesOf(entries: readonly Entry[], machine: Machine): Uint8Array {
  const memory = new Memory(entries.length * ENTRY_BYTES);
  const head = Buffer.alloc(entries.length * ENTRY_BYTES);
  for (const [index, { call, otherwise = index + 1, with: given }] of entries.entries()) {
    const words = [numberOf(call, machine), BASE + otherwise * ENTRY_BYTES, ...given.map((one) => memory.place(one))];
    for (const [word, value] of words.entries()) head.writeBigInt64LE(BigInt(value), index * ENTRY_BYTES + 8 * word);
  }
  const whole = Buffer.concat([head, ...memory.parts]);
  if (whole.length > ERRNO - BASE)
    throw new Error(
      `the command and its variables take ${whole.length} bytes, but there is room for ${PLAN_BYTES / 2 ** 20} MiB`,
    );
  return whole;
}

/** What calls point to, behind the entries. */
class Memory {
  readonly parts: Uint8Array[] = [];
  /** What is pointed to more than once is there once. */
  readonly #known = new Map<object, number>();
  #end: number;

  constructor(begin: number) {
    this.#end = begin;
  }

  /** A number as it is, for all else where it is. */
  place(argument: Argument): number {
    if (typeof argument === 'number') return argument;
    const there =
      this.#known.get(argument) ?? this.#add(argument instanceof Uint8Array ? argument : this.#row(argument));
    this.#known.set(argument, there);
    return there;
  }

  #row(words: readonly Argument[]): Uint8Array {
    const row = Buffer.alloc(words.length * 8);
    for (const [index, word] of words.entries()) row.writeBigInt64LE(BigInt(this.place(word)), index * 8);
    return row;
  }

  #add(bytes: Uint8Array): number {
    const at = BASE + this.#end;
    const padded = Buffer.alloc(Math.ceil(bytes.length / 8) * 8);
    padded.set(bytes);
    this.parts.push(padded);
    this.#end += padded.length;
    return at;
  }
}
