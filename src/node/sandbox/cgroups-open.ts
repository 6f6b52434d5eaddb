// Opens the control groups that this machine has, or says why there are none.

import type { GroupFiles } from './cgroups-files.ts';
import { KERNEL_FILES } from './cgroups-files.ts';
import type { Lack } from './cgroups-here.ts';
import { CGROUP_ROOT, cgroupsHere, refusedLack } from './cgroups-here.ts';
import { SplitCgroups } from './cgroups-split.ts';
import { UnifiedCgroups } from './cgroups-unified.ts';
import type { Cgroups } from './cgroups.ts';

export interface CgroupOptions {
  warn(message: string, fields: Record<string, unknown>): void;
  /** Where groups are mounted, and how they are written; the kernel's own unless told. */
  readonly root?: string;
  readonly files?: GroupFiles;
}

/** Groups of this platform, all below one named `parent`. Those without processes are removed. Never throws: without limits it says why. */
export function openCgroups(
  parent: string,
  { warn, root = CGROUP_ROOT, files = KERNEL_FILES }: CgroupOptions,
): Cgroups {
  const { version, lack } = cgroupsHere(root);
  const told = new Set<string>();
  const tell = (what: string, why: string) => {
    if (!told.has(what)) warn('a limit of containers cannot be set, and is not kept', { what, why });
    told.add(what);
  };
  try {
    if (version === 2) return new UnifiedCgroups(parent, { root, files, tell }, lack);
    if (version === 1) return new SplitCgroups(parent, { root, files, tell }, lack);
  } catch (error) {
    return without(refusedLack(root, error));
  }
  return without(lack);
}

function without(lack: Lack | undefined): Cgroups {
  return { version: 'none', lack, group: () => undefined, find: () => undefined, sweep() {} };
}

/** A lack of limits as a sentence for who starts the platform. */
export function lackNotice({ lost, why, next }: Lack): string {
  return `limits of ${lost} are not kept: ${why}; to have them, ${next}`;
}
