// The filter, run by an interpreter of the few instructions that it is made of.

import { expect, test } from 'vitest';
import { seccompFilter } from './seccomp.ts';
import type { Machine } from './system-calls.ts';

interface Made {
  readonly machine: Machine;
  readonly architecture?: number;
  readonly number: number;
  readonly first?: number;
}

const ARCHITECTURES = { x64: 0xc000003e, arm64: 0xc00000b7 };
const [ALLOWED, EPERM, ENOSYS] = [0x7fff0000, 0x50001, 0x50026];

/** What the filter answers to a call. */
function answer({ machine, architecture = ARCHITECTURES[machine], number, first = 0 }: Made, capabilities: string[]) {
  const filter = Buffer.from(seccompFilter(machine, new Set(capabilities)));
  const data = new Map([
    [0, number],
    [4, architecture],
    [16, first],
  ]);
  let loaded = 0;
  for (let at = 0; at < filter.length / 8; at++) {
    const [code, jt, jf, k] = [
      filter.readUInt16LE(at * 8),
      filter.readUInt8(at * 8 + 2),
      filter.readUInt8(at * 8 + 3),
      filter.readUInt32LE(at * 8 + 4),
    ];
    if (code === 0x06) return k;
    if (code === 0x20) loaded = data.get(k) ?? 0;
    else if (code === 0x15) at += loaded === k ? jt : jf;
    else if (code === 0x35) at += loaded >= k ? jt : jf;
    else if (code === 0x45) at += (loaded & k) >>> 0 ? jt : jf;
    else throw new Error(`no instruction ${code}`);
  }
  throw new Error('the filter ends without an answer');
}

const x64 = (number: number, first = 0): Made => ({ machine: 'x64', number, first });
const arm64 = (number: number, first = 0): Made => ({ machine: 'arm64', number, first });
const cases: readonly [string, Made, string[], number][] = [
  ['read', x64(0), [], ALLOWED],
  ['mount', x64(165), [], EPERM],
  ['mount, with the right to', x64(165), ['sys_admin'], ALLOWED],
  ['mount on arm64', arm64(40), [], EPERM],
  ['what is mount on x64, on arm64', arm64(165), [], ALLOWED],
  ['a thread', x64(56, 0x50f00), [], ALLOWED],
  ['a process in a network of its own', x64(56, 0x40000000), [], EPERM],
  ['the same with the right to', x64(56, 0x40000000), ['sys_admin'], ALLOWED],
  ['the newer clone, whose flags cannot be seen', arm64(435), [], ENOSYS],
  ['ptrace', x64(101), [], ALLOWED],
  ['a socket of the internet', x64(41, 2), [], ALLOWED],
  ['a socket to the machine below', x64(41, 40), [], EPERM],
  ['the personality of Linux', x64(135, 0), [], ALLOWED],
  ['the question which it is', arm64(92, 0xffffffff), [], ALLOWED],
  ['a personality without random addresses', x64(135, 0x40000), [], EPERM],
  ['a call of x32', x64(0x40000000 + 165), [], ENOSYS],
  ['a call of another machine', { ...x64(0), architecture: 0x40000003 }, [], EPERM],
];
test.each(cases)('%s', (_, made, capabilities, wanted) => {
  expect(answer(made, capabilities)).toBe(wanted);
});
