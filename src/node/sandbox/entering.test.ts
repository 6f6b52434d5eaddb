import { expect, test } from 'vitest';
import type { Entrance } from './entering.ts';
import { entrancePlan } from './entering.ts';
import { BASE, ENTRY_BYTES } from './entry-program.ts';
import type { Machine } from './system-calls.ts';

const entrance: Entrance = {
  root: '.',
  workingDir: '/',
  env: [],
  command: ['/program'],
  user: { uid: 0, gid: 0, groups: [] },
  capabilities: [],
  noNewPrivileges: true,
  seccomp: 'RuntimeDefault',
};

test.each<[string, Partial<Entrance>, Machine, readonly number[]]>([
  ['a container’s program sees its own groups alone', { ownCgroups: true }, 'x64', [272, 0x0200_0000, 1]],
  ['… on the other machine', { ownCgroups: true }, 'arm64', [97, 0x0200_0000, 1]],
  ['a command beside it stays in the namespace that it was brought to', {}, 'x64', [3, 9, 1]],
])('%s: the first call, what it is given, and what comes after it where it fails', (_, more, machine, expected) => {
  const plan = Buffer.from(entrancePlan({ ...entrance, ...more }, machine));
  const word = (at: number) => Number(plan.readBigInt64LE(at));
  expect([word(0), word(16), (word(8) - BASE) / ENTRY_BYTES]).toEqual(expected);
});
