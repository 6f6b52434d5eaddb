// Runs a command inside a container that runs: in its namespaces, below its root, with its rights, counted to its limits.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Clock } from '#base/mod.ts';
import { signalGroup } from '../processes.ts';
import type { Rights } from './entering.ts';
import type { Entry, Plan } from './entry.ts';
import { PLAN_FD } from './entry-program.ts';
import { quote } from './script.ts';
import { TOOL_ENV, tool } from './tools.ts';

/** How to come into a container. */
export interface Inside extends Rights {
  /** Its first process, as this machine counts. */
  readonly pid: number;
  readonly env: readonly (readonly [string, string])[];
  readonly workingDir: string;
  readonly cgroups: readonly string[];
}

/**
 * Lines of a shell that become a command inside, and the plan that they read: to be removed when the command has ended. What it
 * is run with stays outside of the container's root until the last step.
 */
export async function linesInto(
  inside: Inside,
  entry: Entry,
  command: readonly string[],
): Promise<{ readonly script: string; readonly plan: Plan }> {
  const { pid, cgroups } = inside;
  const plan = await entry.plan({ ...inside, root: `/proc/${pid}/root`, command });
  const joinGroups = cgroups.map((folder) => `echo 0 > ${quote(join(folder, 'cgroup.procs'))}`);
  const enter = [
    tool('nsenter'),
    '--target',
    String(pid),
    '--mount',
    '--pid',
    '--net',
    '--uts',
    '--ipc',
    ...(entry.hasCgroupNamespaces ? ['--cgroup'] : []),
    '--root=/',
    '--wd=/',
    '--',
    quote(entry.program),
  ];
  return { script: [...joinGroups, `exec ${enter.join(' ')} ${PLAN_FD}< ${quote(plan.file)}`].join('\n'), plan };
}

/** Its exit code; rejects where it takes longer than `timeoutMs`. */
export async function execInside(
  inside: Inside,
  entry: Entry,
  command: readonly string[],
  timeoutMs: number,
  clock: Clock,
): Promise<number> {
  const { script, plan } = await linesInto(inside, entry, command);
  const ended = new Promise<number>((resolve, reject) => {
    const child = spawn(tool('sh'), ['-c', script], { env: TOOL_ENV, stdio: 'ignore', detached: true });
    const timer = clock.after(timeoutMs, () => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      reject(new Error(`command timed out after ${timeoutMs} ms`));
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      timer.cancel();
      resolve(code ?? (signal ? 137 : 1));
    });
  });
  return ended.finally(() => void plan.remove());
}
