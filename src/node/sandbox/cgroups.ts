// Groups that limit containers, tell what they use, and whether one of them ran out of memory: in version 2 and in version 1.
//
// They lie at the top, not below that of the unit that started the platform: containers outlive it, and systemd could not
// start a unit again whose own group hands controllers on.

import type { ContainerUsage } from '../launcher.ts';
import type { GroupFiles } from './cgroups-files.ts';
import type { CgroupsHere } from './cgroups-here.ts';
import type { Limits } from './cgroups-limits.ts';

/** The groups of one container: one folder in version 2, one for each controller in version 1. */
export interface Group {
  /** Folders whose `cgroup.procs` takes the container's processes. */
  readonly folders: readonly string[];
  /** What a container sees below /sys/fs/cgroup: name (empty for the whole) and folder. */
  readonly views: readonly { readonly name: string; readonly folder: string }[];
  wasKilledForMemory(): boolean;
  /** What its processes have used; undefined where the kernel does not tell. */
  usage(): ContainerUsage | undefined;
  processes(): number[];
  /** Removes the group; its processes have ended. False where one is still about to. */
  remove(): boolean;
}

export interface Cgroups extends CgroupsHere {
  /** Undefined where it cannot be made. */
  group(name: string, limits: Limits): Group | undefined;
  /** The group of that name that is there already. */
  find(name: string): Group | undefined;
  /** Removes every group that no process is in. */
  sweep(): void;
}

/** What groups are made with. */
export interface Means {
  readonly root: string;
  readonly files: GroupFiles;
  /** Told why something of a container's limits cannot be had; each thing once. */
  tell(what: string, why: string): void;
}
