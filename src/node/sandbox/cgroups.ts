// Limits of containers by control groups, in version 2 and in version 1, and whether one of them ran out of memory.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerUsage } from '../launcher.ts';

export interface Limits {
  /** Bytes. */
  readonly memory?: number | undefined;
  /** Cores. */
  readonly cpu?: number | undefined;
  readonly cpuRequest?: number | undefined;
}

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

const ROOT = '/sys/fs/cgroup';
const PERIOD_US = 100_000;
const V1_CONTROLLERS = ['cpu', 'cpuacct', 'memory', 'pids', 'cpuset', 'blkio', 'freezer', 'devices'];

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

export interface Cgroups {
  readonly version: 1 | 2 | 'none';
  group(name: string, limits: Limits): Group | undefined;
  /** The group of that name that is there already. */
  find(name: string): Group | undefined;
  /** Removes every group that no process is in. */
  sweep(): void;
}

/** Groups of this platform, all below one named `parent`. */
export function openCgroups(parent: string): Cgroups {
  if (existsSync(join(ROOT, 'cgroup.controllers'))) return new UnifiedCgroups(join(ROOT, parent));
  const controllers = V1_CONTROLLERS.filter((name) => existsSync(join(ROOT, name, 'cgroup.procs')));
  return controllers.includes('memory')
    ? new SplitCgroups(parent, controllers)
    : { version: 'none', group: () => undefined, find: () => undefined, sweep() {} };
}

class UnifiedCgroups implements Cgroups {
  readonly version = 2;
  readonly #folder: string;
  readonly #wanted: string;

  constructor(folder: string) {
    this.#folder = folder;
    const offered = readFileSync(join(ROOT, 'cgroup.controllers'), 'utf8').trim().split(' ');
    const wanted = ['cpu', 'memory', 'pids']
      .filter((name) => offered.includes(name))
      .map((name) => `+${name}`)
      .join(' ');
    writeFileSync(join(ROOT, 'cgroup.subtree_control'), wanted);
    this.#wanted = wanted;
  }

  group(name: string, limits: Limits): Group {
    const folder = join(this.#folder, name);
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(join(this.#folder, 'cgroup.subtree_control'), this.#wanted);
    mkdirSync(folder, { recursive: true });
    writeSettings(folder, settingsV2(limits));
    return this.find(name);
  }

  find(name: string): Group {
    const folder = join(this.#folder, name);
    return {
      folders: [folder],
      views: [{ name: '', folder }],
      wasKilledForMemory: () => countIn(join(folder, 'memory.events'), 'oom_kill') > 0,
      usage: () =>
        usageOf(join(folder, 'memory.current'), {
          cpuSeconds: countIn(join(folder, 'cpu.stat'), 'usage_usec') / 1e6,
          idleBytes: countIn(join(folder, 'memory.stat'), 'inactive_file'),
        }),
      processes: () => processesIn(folder),
      remove: () => removeFolder(folder),
    };
  }

  sweep(): void {
    removeFolder(this.#folder);
  }
}

class SplitCgroups implements Cgroups {
  readonly version = 1;
  readonly #parent: string;
  readonly #controllers: readonly string[];

  constructor(parent: string, controllers: readonly string[]) {
    this.#parent = parent;
    this.#controllers = controllers;
  }

  group(name: string, limits: Limits): Group {
    const settings = settingsV1(limits);
    for (const controller of this.#controllers) {
      const folder = join(ROOT, controller, this.#parent, name);
      mkdirSync(folder, { recursive: true });
      if (controller === 'cpuset') inheritCpuset(join(ROOT, controller), [this.#parent, name]);
      writeSettings(folder, settings[controller] ?? {});
    }
    return this.find(name);
  }

  find(name: string): Group {
    const views = this.#controllers.map((controller) => ({
      name: controller,
      folder: join(ROOT, controller, this.#parent, name),
    }));
    const memory = join(ROOT, 'memory', this.#parent, name);
    return {
      folders: views.map(({ folder }) => folder),
      views,
      wasKilledForMemory: () => countIn(join(memory, 'memory.oom_control'), 'oom_kill') > 0,
      usage: () =>
        usageOf(join(memory, 'memory.usage_in_bytes'), {
          cpuSeconds: numberIn(join(ROOT, 'cpuacct', this.#parent, name, 'cpuacct.usage')) / 1e9,
          idleBytes: countIn(join(memory, 'memory.stat'), 'total_inactive_file'),
        }),
      processes: () => processesIn(memory),
      remove: () => views.map(({ folder }) => removeFolder(folder)).every(Boolean),
    };
  }

  sweep(): void {
    for (const controller of this.#controllers) removeFolder(join(ROOT, controller, this.#parent));
  }
}

/** A new cpuset takes no process before it is told its processors and memory nodes. */
function inheritCpuset(root: string, path: readonly string[]): void {
  for (let depth = 1; depth <= path.length; depth++) {
    const folder = join(root, ...path.slice(0, depth));
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (readFileSync(join(folder, file), 'utf8').trim()) continue;
      writeFileSync(join(folder, file), readFileSync(join(folder, '..', file), 'utf8'));
    }
  }
}

/** A kernel without one of the files goes without that limit. */
function writeSettings(folder: string, settings: Readonly<Record<string, string>>): void {
  for (const [file, value] of Object.entries(settings))
    if (existsSync(join(folder, file))) writeFileSync(join(folder, file), value);
}

function countIn(file: string, word: string): number {
  if (!existsSync(file)) return 0;
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${word} `));
  return Number(line?.slice(word.length + 1) ?? 0);
}

function numberIn(file: string): number {
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
}

/** Files that were not read for a while could go at once, so they do not count as held. */
function usageOf(
  memoryFile: string,
  { cpuSeconds, idleBytes }: { cpuSeconds: number; idleBytes: number },
): ContainerUsage | undefined {
  if (!existsSync(memoryFile)) return undefined;
  return { cpuSeconds, memoryBytes: Math.max(0, numberIn(memoryFile) - idleBytes) };
}

function processesIn(folder: string): number[] {
  if (!existsSync(folder)) return [];
  return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
}

/** Innermost first; false where one still has processes and stays. */
function removeFolder(folder: string): boolean {
  if (!existsSync(folder)) return true;
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeFolder(join(folder, entry.name));
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    return false;
  }
}
