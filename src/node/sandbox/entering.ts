// How a program is brought into its container: its root, its rights, its user, then the program itself. Pure.

import { getSystemErrorMap } from 'node:util';
import { HIGHEST_CAPABILITY, maskOf } from './capabilities.ts';
import type { Call, Telling } from './entry-plan.ts';
import { planBytes, text, texts } from './entry-plan.ts';
import { PLAN_FD } from './entry-program.ts';
import { seccompFilter } from './seccomp.ts';
import type { Machine } from './system-calls.ts';

/** What a program may do and as whom it runs. */
export interface Rights {
  readonly user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  /** Of root; nobody else gains any of them. */
  readonly capabilities: readonly string[];
  /** Programs that would change the user, or have capabilities of their own, give none. */
  readonly noNewPrivileges: boolean;
  readonly seccomp: 'RuntimeDefault' | 'Unconfined';
}

export interface Entrance extends Rights {
  /** The container's root, seen from where the entry program begins. */
  readonly root: string;
  readonly workingDir: string;
  readonly env: readonly (readonly [string, string])[];
  readonly command: readonly string[];
  /** Whether the group of the process becomes the top of those that it sees; else its namespace stays as it is. */
  readonly ownCgroups?: boolean;
  /** Where the starter hears that all went well, or what did not; absent where nobody waits for it. */
  readonly starter?: number;
}

// unshare(2), prctl(2), capset(2) and seccomp(2).
const CLONE_NEWCGROUP = 0x02000000;
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const CAPABILITY_VERSION = 0x20080522;
const SECCOMP_SET_MODE_FILTER = 1;
const FILTER_INSTRUCTION_BYTES = 8;
const STDERR = 2;
/** As shells and container runtimes tell a command that cannot be run. */
const CANNOT_RUN = 127;

/** What the starter hears when nothing but the program itself is left to do. */
export const READY = 'ready\n';

export function entrancePlan(entrance: Entrance, machine: Machine): Uint8Array {
  const { starter } = entrance;
  const aloud: Telling = { descriptor: STDERR, exitCode: CANNOT_RUN, to: 'person' };
  const told: Telling = starter === undefined ? aloud : { ...aloud, descriptor: starter, to: 'program' };
  return planBytes(
    [
      [told, [...placed(entrance), ...limited(entrance, machine), ...readyFor(starter)]],
      [aloud, [...programCalls(entrance), END]],
    ],
    machine,
  );
}

/** Never reached: the last try of the program tells its failure. */
const END: Call = { call: 'exit_group', with: [CANNOT_RUN], otherwise: 'next' };

function placed({ root, workingDir, ownCgroups }: Entrance): Call[] {
  return [
    ...(ownCgroups ? [OWN_CGROUPS] : []),
    { call: 'close', with: [PLAN_FD], otherwise: 'next' },
    { call: 'umask', with: [0o022], otherwise: 'next' },
    { call: 'chroot', with: [text(root)], otherwise: 'the root of the container cannot be entered' },
    { call: 'chdir', with: [text('/')], otherwise: 'the root of the container cannot be entered' },
    {
      call: 'chdir',
      with: [text(workingDir)],
      otherwise: `chdir to cwd (${JSON.stringify(workingDir)}) set in config.json failed`,
    },
  ];
}

/**
 * Runtimes look for their limits at the path that /proc/self/cgroup names, so it has to be one that the container sees.
 * A kernel without these namespaces goes on.
 */
const OWN_CGROUPS: Call = { call: 'unshare', with: [CLONE_NEWCGROUP], otherwise: 'next' };

/** The filter comes first where it takes rights to set it, and last where it need not let these calls through. */
function limited(rights: Entrance, machine: Machine): Call[] {
  const filter = filterCalls(rights, machine);
  return rights.noNewPrivileges
    ? [...rightsCalls(rights), NO_NEW_PRIVILEGES, ...filter]
    : [...filter, ...rightsCalls(rights)];
}

const NO_NEW_PRIVILEGES: Call = {
  call: 'prctl',
  with: [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0],
  otherwise: 'the kernel does not forbid new privileges',
};

/** A plan that does nothing but end with a code, under the usual filter where that is asked for: to see what this machine takes. */
export function trialPlan(exitCode: number, withFilter: boolean, machine: Machine): Uint8Array {
  const filter = filterCalls({ seccomp: withFilter ? 'RuntimeDefault' : 'Unconfined', capabilities: [] }, machine);
  const end: Call = { call: 'exit_group', with: [exitCode], otherwise: 'next' };
  return planBytes([[{ descriptor: STDERR, exitCode: CANNOT_RUN, to: 'person' }, [...filter, end]]], machine);
}

function filterCalls({ seccomp, capabilities }: Pick<Rights, 'seccomp' | 'capabilities'>, machine: Machine): Call[] {
  if (seccomp === 'Unconfined') return [];
  const filter = seccompFilter(machine, new Set(capabilities));
  const program = [filter.length / FILTER_INSTRUCTION_BYTES, filter];
  return [
    {
      call: 'seccomp',
      with: [SECCOMP_SET_MODE_FILTER, 0, program],
      otherwise: 'the kernel does not take the filter of system calls (seccomp)',
    },
  ];
}

function rightsCalls({ user: { uid, gid, groups }, capabilities }: Rights): Call[] {
  const kept = maskOf(capabilities);
  const numbers = Array.from({ length: HIGHEST_CAPABILITY + 1 }, (_, number) => number);
  const dropped = numbers.filter((number) => !((kept >> BigInt(number)) & 1n));
  const why = `it cannot become user ${uid}, group ${gid}`;
  return [
    // Numbers beyond the last capability of this kernel are refused, and mean nothing.
    ...dropped.map((number): Call => ({ call: 'prctl', with: [PR_CAPBSET_DROP, number, 0, 0, 0], otherwise: 'next' })),
    { call: 'setgroups', with: [groups.length, Buffer.from(Uint32Array.from(groups).buffer)], otherwise: why },
    { call: 'setresgid', with: [gid, gid, gid], otherwise: why },
    { call: 'setresuid', with: [uid, uid, uid], otherwise: why },
    { call: 'capset', with: [CAPABILITY_HEADER, sets(uid === 0 ? kept : 0n)], otherwise: 'rights cannot be given up' },
  ];
}

const CAPABILITY_HEADER = Buffer.from(Uint32Array.of(CAPABILITY_VERSION, 0).buffer);

/** Effective and permitted, and none to hand on; the lower half of each first. */
function sets(kept: bigint): Uint8Array {
  const [low, high] = [Number(kept & 0xffff_ffffn), Number(kept >> 32n)];
  return Buffer.from(Uint32Array.of(low, low, 0, high, high, 0).buffer);
}

function readyFor(starter: number | undefined): Call[] {
  if (starter === undefined) return [];
  return [
    { call: 'write', with: [starter, Buffer.from(READY), READY.length], otherwise: 'next' },
    { call: 'close', with: [starter], otherwise: 'next' },
  ];
}

/** The folders in which a container looks for a program that is named without one. */
export const USUAL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Each place where the program may be, one after the other. */
function programCalls({ command, env, workingDir, user }: Entrance): Call[] {
  const [program = ''] = command;
  const places = placesOf(program, new Map(env).get('PATH') ?? USUAL_PATH, workingDir);
  const words = texts(command);
  const cannot = `exec ${JSON.stringify(program)}: it is not there, user ${user.uid} may not run it, or it is no program for this machine`;
  const variables = texts([...new Map(env)].map(([name, value]) => `${name}=${value}`));
  return places.map((place, index) => ({
    call: 'execve',
    with: [text(place), words, variables],
    otherwise: index < places.length - 1 ? 'next' : cannot,
  }));
}

/** Where a program that is named without a folder may be found. */
export function placesOf(program: string, path: string, workingDir: string): string[] {
  if (program.includes('/')) return [program];
  return path.split(':').map((folder) => `${folder || workingDir}/${program}`);
}

/** What a starter heard that is no `READY`, in words: a sentence, and why the call failed. */
export function failureIn(heard: Buffer): string | undefined {
  const end = heard.indexOf(0);
  if (end < 0 || heard.length < end + 9) return undefined;
  const words = heard.subarray(heard.lastIndexOf(NEWLINE, end) + 1, end).toString();
  const [name = '', meaning = ''] = getSystemErrorMap().get(Number(heard.readBigInt64LE(end + 1))) ?? [];
  return `${words}: ${meaning || name || 'for an unknown reason'}`;
}

const NEWLINE = 10;
