// A program of a few instructions that makes the system calls of a plan, one after the other: the last step into a container.
// It needs no library and no loader, so nothing of the machine is seen in the container, and the calls are exactly those of the plan.
//
//   read(PLAN_FD, BASE, PLAN_BYTES)
//   entry = BASE
//   for (;;) {
//     result = syscall(entry.call, entry.arguments…)
//     if (result >= 0) entry += 1
//     else { ERRNO = result; entry = entry.otherwise }
//   }

import type { Machine } from './system-calls.ts';
import { numberOf } from './system-calls.ts';

/** The descriptor on which the program finds its plan. */
export const PLAN_FD = 9;
/** Where the plan is in the program's memory, and how large it may be. */
export const BASE = 0x1000_0000;
export const PLAN_BYTES = 0x40_0000;
/** Where the result of the last call that failed is kept. */
export const ERRNO = BASE + PLAN_BYTES - 8;
/** Bytes of an entry: call, otherwise, six arguments. */
export const ENTRY_BYTES = 64;

const LOADED_AT = 0x40_0000;
const ELF_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const CODE_AT = ELF_HEADER_BYTES + 2 * PROGRAM_HEADER_BYTES;
/** Pages are at most so large. */
const ALIGNMENT = 0x1_0000;
const ELF_MACHINES: Readonly<Record<Machine, number>> = { x64: 62, arm64: 183 };

/** The file: two segments, the code and room for the plan. */
export function entryProgram(machine: Machine): Uint8Array {
  const code = machine === 'x64' ? codeForX64() : codeForArm64();
  const size = CODE_AT + code.length;
  return Buffer.concat([
    elfHeader(machine),
    segment({ flags: 5, address: LOADED_AT, inFile: size, inMemory: size }),
    segment({ flags: 6, address: BASE, inFile: 0, inMemory: PLAN_BYTES }),
    code,
  ]);
}

function elfHeader(machine: Machine): Buffer {
  const header = Buffer.alloc(ELF_HEADER_BYTES);
  // 64 bits, little endian, version 1, System V.
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]);
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(ELF_MACHINES[machine], 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(LOADED_AT + CODE_AT), 24);
  header.writeBigUInt64LE(BigInt(ELF_HEADER_BYTES), 32);
  header.writeUInt16LE(ELF_HEADER_BYTES, 52);
  header.writeUInt16LE(PROGRAM_HEADER_BYTES, 54);
  header.writeUInt16LE(2, 56);
  return header;
}

interface Segment {
  /** 4 to read, 2 to write, 1 to run. */
  readonly flags: number;
  readonly address: number;
  readonly inFile: number;
  readonly inMemory: number;
}

function segment({ flags, address, inFile, inMemory }: Segment): Buffer {
  const header = Buffer.alloc(PROGRAM_HEADER_BYTES);
  header.writeUInt32LE(1, 0);
  header.writeUInt32LE(flags, 4);
  header.writeBigUInt64LE(BigInt(address), 16);
  header.writeBigUInt64LE(BigInt(address), 24);
  header.writeBigUInt64LE(BigInt(inFile), 32);
  header.writeBigUInt64LE(BigInt(inMemory), 40);
  header.writeBigUInt64LE(BigInt(ALIGNMENT), 48);
  return header;
}

/** r12 points to the entry. */
function codeForX64(): Buffer {
  const number = (value: number) => [...Buffer.from(Uint32Array.of(value).buffer)];
  const begin = rows(
    [0xbf, ...number(PLAN_FD)], // mov edi, PLAN_FD
    [0xbe, ...number(BASE)], // mov esi, BASE
    [0xba, ...number(PLAN_BYTES)], // mov edx, PLAN_BYTES
    [0xb8, ...number(numberOf('read', 'x64'))], // mov eax, read
    [0x0f, 0x05], // syscall
    [0x41, 0xbc, ...number(BASE)], // mov r12d, BASE
  );
  const call = rows(
    [0x49, 0x8b, 0x04, 0x24], // mov rax, [r12]
    [0x49, 0x8b, 0x7c, 0x24, 16], // mov rdi, [r12+16]
    [0x49, 0x8b, 0x74, 0x24, 24], // mov rsi, [r12+24]
    [0x49, 0x8b, 0x54, 0x24, 32], // mov rdx, [r12+32]
    [0x4d, 0x8b, 0x54, 0x24, 40], // mov r10, [r12+40]
    [0x4d, 0x8b, 0x44, 0x24, 48], // mov r8, [r12+48]
    [0x4d, 0x8b, 0x4c, 0x24, 56], // mov r9, [r12+56]
    [0x0f, 0x05], // syscall
    [0x48, 0x85, 0xc0], // test rax, rax
  );
  const onward = [0x49, 0x83, 0xc4, ENTRY_BYTES]; // add r12, ENTRY_BYTES
  const failed = rows(
    [0x48, 0x89, 0x04, 0x25, ...number(ERRNO)], // mov [ERRNO], rax
    [0x4d, 0x8b, 0x64, 0x24, 8], // mov r12, [r12+8]
  );
  const jump = 2;
  const body = rows(
    call,
    [0x78, onward.length + jump], // js failed
    onward,
    [0xeb, 0x100 - (call.length + jump + onward.length + jump)], // jmp call
    failed,
    [0xeb, 0x100 - (call.length + jump + onward.length + jump + failed.length + jump)], // jmp call
  );
  return Buffer.from([...begin, ...body]);
}

const rows = (...instructions: readonly number[][]): number[] => instructions.flat();

/** x19 points to the entry, x20 to the result of the last failure. */
function codeForArm64(): Buffer {
  const [entry, errno] = [19, 20];
  const move = (register: number, value: number, half: 0 | 1) => 0xd280_0000 | (half << 21) | (value << 5) | register;
  const keep = (register: number, value: number) => 0xf280_0000 | (value << 5) | register;
  const load = (register: number, offset: number) => 0xf940_0000 | ((offset / 8) << 10) | (entry << 5) | register;
  const jump = (instructions: number) => 0x1400_0000 | (instructions & 0x3ff_ffff);
  const call = 0xd400_0001;
  const begin = [
    move(0, PLAN_FD, 0),
    move(1, BASE >>> 16, 1),
    move(2, PLAN_BYTES >>> 16, 1),
    move(8, numberOf('read', 'arm64'), 0),
    call,
    move(entry, BASE >>> 16, 1),
    move(errno, ERRNO >>> 16, 1),
    keep(errno, ERRNO & 0xffff),
  ];
  const body = [
    load(8, 0),
    ...[0, 1, 2, 3, 4, 5].map((register) => load(register, 16 + 8 * register)),
    call,
    0xb7f8_0000 | (3 << 5), // tbnz x0, #63, failed
    0x9100_0000 | (ENTRY_BYTES << 10) | (entry << 5) | entry, // add x19, x19, #ENTRY_BYTES
    jump(-10),
    0xf900_0000 | (errno << 5), // str x0, [x20]
    load(entry, 8),
    jump(-13),
  ];
  return Buffer.from(Uint32Array.from([...begin, ...body], (word) => word >>> 0).buffer);
}
