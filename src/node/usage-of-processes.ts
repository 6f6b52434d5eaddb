// What groups of plain processes use, by the system's table of processes (Linux): one look serves all that ask just then.

import { readdirSync, readFileSync } from 'node:fs';
import type { Clock } from '#base/mod.ts';
import type { ContainerUsage } from './launcher.ts';

/** Ticks a second in which the system counts the time of processes, whatever its own clock does. */
const TICKS = 100;
const KIBI = 1024;
/** As long as one look counts for. */
const FRESH_MS = 1000;

export class ProcessUsage {
  readonly #clock: Clock;
  #atMs = -Infinity;
  #sessions = new Map<number, ContainerUsage>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Of a process that began a session of its own, with all that it started; undefined where the system does not tell. */
  of(session: number): ContainerUsage | undefined {
    const now = this.#clock.monotonic();
    if (now - this.#atMs >= FRESH_MS) {
      this.#sessions = usageBySession();
      this.#atMs = now;
    }
    return this.#sessions.get(session);
  }
}

function usageBySession(): Map<number, ContainerUsage> {
  const found = new Map<number, ContainerUsage>();
  if (process.platform !== 'linux') return found;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const one = usageOf(pid);
    if (!one) continue;
    const { cpuSeconds, memoryBytes } = found.get(one.session) ?? { cpuSeconds: 0, memoryBytes: 0 };
    found.set(one.session, {
      cpuSeconds: cpuSeconds + one.cpuSeconds,
      memoryBytes: memoryBytes + one.memoryBytes,
    });
  }
  return found;
}

/** One process, with the time of its children that have ended; undefined where it has ended itself. */
function usageOf(pid: string): (ContainerUsage & { readonly session: number }) | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return parseStat(stat, readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** From /proc/PID/stat and /proc/PID/status. A name may hold spaces and brackets, so fields are counted from its end. */
export function parseStat(stat: string, status: string): ContainerUsage & { readonly session: number } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? '0';
  return { session: Number(fields[3]), cpuSeconds: ticks / TICKS, memoryBytes: Number(resident) * KIBI };
}
