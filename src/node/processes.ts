// Processes of this machine as launchers need them: start tokens, exits of those that are not our children, groups.

import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import type { Clock } from '#base/mod.ts';
import type { Exit } from './launcher.ts';

/** A token for the start of a process; undefined where there is none that still runs. */
export function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return process.platform === 'linux' ? undefined : startElsewhere(pid);
  }
}

function startElsewhere(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
    return 'running';
  } catch {
    return undefined;
  }
}

const LOOK_MS = 100;

/** Resolves when a process that is not our child has ended. How it ended cannot be known: it counts as failed, for a success that was none would go unnoticed. */
export function endOf(pid: number, started: string, clock: Clock): Promise<Exit> {
  return new Promise((resolve) => {
    const look = () => {
      if (startOf(pid) === started) clock.after(LOOK_MS, look);
      else resolve({ code: 137, oomKilled: false, isUnknown: true });
    };
    look();
  });
}

/** Signals a process and all of its group; nothing happens where they are gone. */
export function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EPERM') throw error;
    }
  }
}

/** Processes whose output goes to a file somewhere below a folder, with that file's path from there. None where the system has no /proc. */
export function writersInto(folder: string): { readonly pid: number; readonly file: string }[] {
  if (process.platform !== 'linux') return [];
  const within = `${realpathSync(folder)}/`;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const file = outputOf(pid);
    return file?.startsWith(within) ? [{ pid: Number(pid), file: file.slice(within.length) }] : [];
  });
}

function outputOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/1`).replace(/ \(deleted\)$/, '');
  } catch {
    return undefined;
  }
}

/** Signals one process; nothing happens where it is gone. */
export function signalOne(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

/** How a child ended, as containers tell it. */
export function exitOf(code: number | null, signal: string | null, oomKilled: boolean): Exit {
  if (signal) return { code: 128 + (SIGNAL_NUMBERS[signal] ?? 0), signal, oomKilled };
  return { code: code ?? 0, oomKilled };
}
