// Limits of a container as the kernel wants them, in version 2 and in version 1 of control groups.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '#base/mod.ts';
import type { GroupFiles } from './cgroups-files.ts';

export interface Limits {
  /** Bytes. */
  readonly memory?: number | undefined;
  /** Cores. */
  readonly cpu?: number | undefined;
  readonly cpuRequest?: number | undefined;
}

const PERIOD_US = 100_000;

/** How limits are written, in the file's own units. Pure. */
export function settingsV2({ memory, cpu, cpuRequest }: Limits): Record<string, string> {
  return {
    ...(memory === undefined
      ? {}
      : // Who runs out of memory ends as a whole, as kubelet has it: half a container helps nobody.
        { 'memory.max': String(Math.floor(memory)), 'memory.swap.max': '0', 'memory.oom.group': '1' }),
    ...(cpu === undefined ? {} : { 'cpu.max': `${Math.max(1000, Math.round(cpu * PERIOD_US))} ${PERIOD_US}` }),
    'cpu.weight': String(weightOf(sharesOf(cpuRequest))),
  };
}

/** The same for version 1, by controller. Pure. */
export function settingsV1({ memory, cpu, cpuRequest }: Limits): Record<string, Record<string, string>> {
  const bytes = String(Math.floor(memory ?? 0));
  return {
    memory: memory === undefined ? {} : { 'memory.limit_in_bytes': bytes, 'memory.memsw.limit_in_bytes': bytes },
    cpu: {
      'cpu.shares': String(sharesOf(cpuRequest)),
      ...(cpu === undefined
        ? {}
        : {
            'cpu.cfs_period_us': String(PERIOD_US),
            'cpu.cfs_quota_us': String(Math.max(1000, Math.round(cpu * PERIOD_US))),
          }),
    },
  };
}

/** A core is worth 1024 shares; the kernel takes no fewer than two. */
function sharesOf(cpuRequest = 0): number {
  return Math.max(2, Math.floor(cpuRequest * 1024));
}

/** Shares (2 to 262144) as weight (1 to 10000), as container runtimes convert them. */
function weightOf(shares: number): number {
  return Math.floor(1 + ((Math.min(shares, 262_144) - 2) * 9999) / 262_142);
}

/** Without these files a limit is not kept; others only make it better. */
const NEEDED = new Set(['memory.max', 'cpu.max', 'memory.limit_in_bytes', 'cpu.cfs_quota_us']);

/** Writes limits; one that cannot be set stops nothing, and is told. */
export function writeSettings(
  folder: string,
  settings: Readonly<Record<string, string>>,
  { files, tell }: { readonly files: GroupFiles; tell(what: string, why: string): void },
): void {
  for (const [name, value] of Object.entries(settings)) {
    const file = join(folder, name);
    if (!existsSync(file)) {
      if (NEEDED.has(name)) tell(name, 'this kernel has no such file');
      continue;
    }
    try {
      files.write(file, value);
    } catch (error) {
      tell(name, messageOf(error));
    }
  }
}
