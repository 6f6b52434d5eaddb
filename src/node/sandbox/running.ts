// A container that runs in its own namespaces: what is noted of it on disk, and how it is signalled and entered from that alone.

import type { Clock } from '#base/mod.ts';
import type { ContainerRecord, ContainerRights, ContainerUser, RunningContainer } from '../launcher.ts';
import { signalOne, startOf } from '../processes.ts';
import { USUAL_CAPABILITIES } from './capabilities.ts';
import { converseInside } from './conversation.ts';
import type { Rights } from './entering.ts';
import type { Entry } from './entry.ts';
import type { Inside } from './exec.ts';
import { execInside } from './exec.ts';

export interface SandboxRecord extends ContainerRecord {
  /** What an earlier version noted lacks rights. */
  readonly inside: Omit<Inside, keyof Rights> & Partial<ContainerRights> & { readonly user: ContainerUser };
}

const USUAL_RIGHTS: ContainerRights = {
  capabilities: USUAL_CAPABILITIES,
  noNewPrivileges: true,
  seccomp: 'RuntimeDefault',
};

interface Asked {
  readonly user?: ContainerUser | undefined;
  readonly rights?: Partial<ContainerRights> | undefined;
}

/** Root with the usual rights where nothing else is asked for. */
export function rightsOf({ user, rights }: Asked): Rights {
  const { uid = 0, gid = 0, groups = [] } = user ?? {};
  const { capabilities, noNewPrivileges, seccomp } = { ...USUAL_RIGHTS, ...rights };
  return { capabilities, noNewPrivileges, seccomp, user: { uid, gid, groups } };
}

export function runningFrom(
  record: SandboxRecord,
  exited: RunningContainer['exited'],
  { entry, clock }: { readonly entry: Entry; readonly clock: Clock },
): RunningContainer {
  const { pid, started } = record;
  const inside: Inside = { ...record.inside, ...rightsOf({ ...record.inside, rights: record.inside }) };
  return {
    pid,
    record,
    exited,
    signal(name) {
      if (startOf(pid) === started) signalOne(pid, name);
    },
    exec: (command, timeoutMs) => execInside(inside, entry, command, timeoutMs, clock),
    converse: (command, asked) => converseInside(inside, entry, command, asked),
  };
}
