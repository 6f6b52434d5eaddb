// Whether limits can be kept on this machine, and where not, why and what helps. Nothing is changed.

import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '#base/mod.ts';
import { processesIn, wordsIn } from './cgroups-files.ts';

/** Limits that are not kept. */
export interface Lack {
  /** `memory and processor`. */
  readonly lost: string;
  readonly why: string;
  /** What to do about it. */
  readonly next: string;
}

export interface CgroupsHere {
  readonly version: 1 | 2 | 'none';
  /** Absent where all limits are kept. */
  readonly lack?: Lack | undefined;
}

export const CGROUP_ROOT = '/sys/fs/cgroup';
/**
 * The most important first: a kernel that refuses `memory`, for there are processes beside the groups, would take the others
 * and make groups of them that no process can enter.
 */
export const UNIFIED_CONTROLLERS: readonly string[] = ['memory', 'cpu', 'pids'];

/** Those whose lack is told, and what they limit. */
const LIMITED: Readonly<Record<string, string>> = { memory: 'memory', cpu: 'processor' };

export function cgroupsHere(root = CGROUP_ROOT): CgroupsHere {
  try {
    return judge(root);
  } catch (error) {
    // A file that the kernel does not let us read.
    return { version: 'none', lack: refusedLack(root, error) };
  }
}

function judge(root: string): CgroupsHere {
  const refusal = refusalOf(root);
  if (existsSync(join(root, 'cgroup.controllers')))
    return judgeUnified(root, {
      refusal,
      offered: wordsIn(join(root, 'cgroup.controllers')),
      enabled: wordsIn(join(root, 'cgroup.subtree_control')),
      // Only the topmost group of all has no type.
      isTop: !existsSync(join(root, 'cgroup.type')),
      hasProcesses: processesIn(root).length > 0,
    });
  const mounted = Object.keys(LIMITED).filter((name) => existsSync(join(root, name, 'cgroup.procs')));
  return judgeSplit(root, { mounted, refusal: refusalOf(join(root, 'memory')) });
}

export interface UnifiedFacts {
  /** The error with which writing is refused. */
  readonly refusal: unknown;
  /** Controllers, and which of them groups below have already. */
  readonly offered: readonly string[];
  readonly enabled: readonly string[];
  readonly isTop: boolean;
  readonly hasProcesses: boolean;
}

/** Version 2. Pure. */
export function judgeUnified(
  root: string,
  { refusal, offered, enabled, isTop, hasProcesses }: UnifiedFacts,
): CgroupsHere {
  const missing = UNIFIED_CONTROLLERS.filter((name) => offered.includes(name) && !enabled.includes(name));
  const busy = missing.length > 0 && hasProcesses && !isTop;
  const next = isTop
    ? 'start the kernel with cgroup_enable=memory, or without cgroup_disable=, and with no controller in version 1'
    : 'enable them in cgroup.subtree_control of the group above';
  const lack = lackOf(offered, (lost) => ({ why: `${root} has no controller of ${lost}`, next }));
  if (lack?.lost === lostOf(Object.keys(LIMITED))) return { version: 'none', lack };
  if (refusal !== undefined) return { version: 'none', lack: refusedLack(root, refusal) };
  return busy ? { version: 'none', lack: busyLack(root) } : { version: 2, lack };
}

export interface SplitFacts {
  /** Controllers that have a hierarchy. */
  readonly mounted: readonly string[];
  /** The error with which writing to that of memory is refused. */
  readonly refusal: unknown;
}

/** Version 1, or nothing. Pure. */
export function judgeSplit(root: string, { mounted, refusal }: SplitFacts): CgroupsHere {
  const why = (lost: string) => `no control groups of ${lost} are mounted below ${root}`;
  const next = `mount them, as by: mount -t cgroup2 cgroup2 ${root}`;
  if (!mounted.includes('memory')) return { version: 'none', lack: lackOf([], (lost) => ({ why: why(lost), next })) };
  if (refusal !== undefined) return { version: 'none', lack: refusedLack(root, refusal) };
  return { version: 1, lack: lackOf(mounted, (lost) => ({ why: why(lost), next: `mount ${root}/cpu` })) };
}

/** What is lost without controllers that are not there; undefined where nothing is. */
function lackOf(there: readonly string[], words: (lost: string) => Omit<Lack, 'lost'>): Lack | undefined {
  const lost = lostOf(Object.keys(LIMITED).filter((name) => !there.includes(name)));
  return lost === '' ? undefined : { lost, ...words(lost) };
}

/** What is lost where the kernel refuses to be written to. */
export function refusedLack(root: string, error: unknown, missing = Object.keys(LIMITED)): Lack {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'EBUSY') return busyLack(root);
  return { lost: lostOf(missing), why: messageOf(error), next: nextAfter(code, root) };
}

const AS_ROOT = "run 'ebb up' as root, in a container with --privileged";

/** What helps against an error; where that is not known, no more is promised than that one may look. */
function nextAfter(code: string, root: string): string {
  if (code === 'EACCES' || code === 'EPERM') return AS_ROOT;
  if (code === 'EROFS') return `mount ${root} writable; run a container with --privileged`;
  return `find out why the kernel refuses that (its log, dmesg, may tell), and start 'ebb up' again`;
}

function busyLack(root: string): Lack {
  const procs = `${root}/cgroup.procs`;
  return {
    lost: lostOf(Object.keys(LIMITED)),
    why: `there are processes in ${root} itself, and a group with processes of its own gives none below it limits`,
    next: `move them before the start: mkdir -p ${root}/init; for p in $(cat ${procs}); do echo $p > ${root}/init/cgroup.procs; done`,
  };
}

function lostOf(controllers: readonly string[]): string {
  return controllers.flatMap((name) => LIMITED[name] ?? []).join(' and ');
}

function refusalOf(folder: string): unknown {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return error;
  }
}
