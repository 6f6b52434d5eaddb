// The filter of system calls that containers run under (seccomp(2)): what container engines refuse by default. Pure.

import type { Machine } from './system-calls.ts';
import { LIMITED, REFUSED } from './system-calls.ts';

/** One instruction of classic BPF: what to do, how many to skip where it holds and where not, and a number. */
type Instruction = readonly [code: number, jt: number, jf: number, k: number];

const LOAD = 0x20;
const IF_EQUAL = 0x15;
const IF_AT_LEAST = 0x35;
const IF_ANY_BIT = 0x45;
const RETURN = 0x06;

// struct seccomp_data: nr, arch, instruction_pointer, args[6]; of an argument its lower half.
const CALL_NUMBER = 0;
const ARCHITECTURE = 4;
const argument = (index: number) => 16 + 8 * index;

const ARCHITECTURES: Readonly<Record<Machine, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 };
/** Numbers from here on are those of x32 programs, which would pass by the list. */
const X32 = 0x40000000;
/** CLONE_NEW*: namespaces of one's own. */
const NEW_NAMESPACES = 0x7e020000;
const AF_VSOCK = 40;
/** Linux, Linux on 32 bits, and the two with uname26; and the question which it is. */
const PERSONALITIES = [0x0, 0x0008, 0x20000, 0x20008, 0xffffffff];
const EPERM = 1;
const ENOSYS = 38;

const ALLOW: Instruction = [RETURN, 0, 0, 0x7fff0000];
const refuse = (errno: number): Instruction => [RETURN, 0, 0, 0x00050000 | errno];
const load = (offset: number): Instruction => [LOAD, 0, 0, offset];
/** The next instruction is only for calls of this number. */
const whenCall = (number: number, skip: number): Instruction => [IF_EQUAL, 0, skip, number];

/** The filter as the kernel takes it: eight bytes an instruction. `capabilities` that a container has open the calls that go with them. */
export function seccompFilter(machine: Machine, capabilities: ReadonlySet<string>): Uint8Array {
  const at = machine === 'x64' ? 0 : 1;
  const refused = Object.values(REFUSED).flatMap((entry) => {
    const [number, capability] = [entry[at], entry[2]];
    const isOpen = capability !== undefined && capabilities.has(capability);
    return number === undefined || isOpen ? [] : [whenCall(number, 1), refuse(EPERM)];
  });
  const namespaces = capabilities.has('sys_admin') ? [] : namespaceRules(at);
  const program: Instruction[] = [
    load(ARCHITECTURE),
    [IF_EQUAL, 1, 0, ARCHITECTURES[machine]],
    refuse(EPERM),
    load(CALL_NUMBER),
    ...(machine === 'x64' ? [[IF_AT_LEAST, 0, 1, X32] as const, refuse(ENOSYS)] : []),
    ...refused,
    ...namespaces,
    whenCall(LIMITED.socket[at], 4),
    load(argument(0)),
    [IF_EQUAL, 0, 1, AF_VSOCK],
    refuse(EPERM),
    ALLOW,
    whenCall(LIMITED.personality[at], PERSONALITIES.length * 2 + 2),
    load(argument(0)),
    ...PERSONALITIES.flatMap((one): Instruction[] => [[IF_EQUAL, 0, 1, one], ALLOW]),
    refuse(EPERM),
    ALLOW,
  ];
  return bytesOf(program);
}

/** Programs of the C library try clone3 first and fall back to clone, whose flags a filter can see. */
function namespaceRules(at: 0 | 1): Instruction[] {
  return [
    whenCall(LIMITED.clone3[at], 1),
    refuse(ENOSYS),
    whenCall(LIMITED.clone[at], 4),
    load(argument(0)),
    [IF_ANY_BIT, 0, 1, NEW_NAMESPACES],
    refuse(EPERM),
    ALLOW,
  ];
}

function bytesOf(program: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, [code, jt, jf, k]] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jt, index * 8 + 2);
    bytes.writeUInt8(jf, index * 8 + 3);
    bytes.writeUInt32LE(k, index * 8 + 4);
  }
  return bytes;
}
