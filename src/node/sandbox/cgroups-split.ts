// Control groups of version 1: a tree for each controller.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '#base/mod.ts';
import type { GroupFiles } from './cgroups-files.ts';
import { countIn, numberIn, processesIn, removeGroups, usageOf } from './cgroups-files.ts';
import type { Limits } from './cgroups-limits.ts';
import { settingsV1, writeSettings } from './cgroups-limits.ts';
import type { Lack } from './cgroups-here.ts';
import type { Cgroups, Group, Means } from './cgroups.ts';

const CONTROLLERS = ['cpu', 'cpuacct', 'memory', 'pids', 'cpuset', 'blkio', 'freezer', 'devices'];

export class SplitCgroups implements Cgroups {
  readonly version = 1;
  readonly lack: Lack | undefined;
  readonly #parent: string;
  readonly #means: Means;
  readonly #controllers: readonly string[];

  /** Throws where limits of memory cannot be kept. */
  constructor(parent: string, means: Means, lack: Lack | undefined) {
    this.#parent = parent;
    this.#means = means;
    this.#controllers = CONTROLLERS.filter((name) => existsSync(join(means.root, name, 'cgroup.procs')));
    this.lack = lack;
    this.sweep();
    means.files.makeFolder(join(means.root, 'memory', parent));
  }

  group(name: string, limits: Limits): Group {
    const settings = settingsV1(limits);
    // One that does not come about is left out: a process that cannot enter it would not start.
    const made = this.#controllers.filter((controller) => this.#make(controller, name));
    for (const controller of made)
      writeSettings(this.#folder(controller, name), settings[controller] ?? {}, this.#means);
    return this.#group(name, made);
  }

  #make(controller: string, name: string): boolean {
    const { root, files, tell } = this.#means;
    const folder = this.#folder(controller, name);
    try {
      files.makeFolder(folder);
      if (controller === 'cpuset') inheritCpuset(join(root, controller), [this.#parent, name], files);
      return true;
    } catch (error) {
      tell(`the group of ${controller}`, messageOf(error));
      this.#takeBack(folder);
      return false;
    }
  }

  /** A group that was made and is of no use: nobody removes it later. */
  #takeBack(folder: string): void {
    try {
      removeGroups(folder, this.#means.files);
    } catch {
      // It was told already what is wrong here, and the container starts without.
    }
  }

  find(name: string): Group {
    return this.#group(name, this.#controllers);
  }

  #group(name: string, controllers: readonly string[]): Group {
    const views = controllers.map((controller) => ({ name: controller, folder: this.#folder(controller, name) }));
    const memory = this.#folder('memory', name);
    return {
      folders: views.map(({ folder }) => folder),
      views,
      wasKilledForMemory: () => countIn(join(memory, 'memory.oom_control'), 'oom_kill') > 0,
      usage: () =>
        usageOf(join(memory, 'memory.usage_in_bytes'), {
          cpuSeconds: numberIn(join(this.#folder('cpuacct', name), 'cpuacct.usage')) / 1e9,
          idleBytes: countIn(join(memory, 'memory.stat'), 'total_inactive_file'),
        }),
      processes: () => processesIn(memory),
      remove: () => views.map(({ folder }) => removeGroups(folder, this.#means.files)).every(Boolean),
    };
  }

  #folder(controller: string, ...names: readonly string[]): string {
    return join(this.#means.root, controller, this.#parent, ...names);
  }

  sweep(): void {
    for (const controller of this.#controllers) removeGroups(this.#folder(controller), this.#means.files);
  }
}

/** A new cpuset takes no process before it is told its processors and memory nodes. */
function inheritCpuset(root: string, path: readonly string[], files: GroupFiles): void {
  for (let depth = 1; depth <= path.length; depth++) {
    const folder = join(root, ...path.slice(0, depth));
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (readFileSync(join(folder, file), 'utf8').trim()) continue;
      files.write(join(folder, file), readFileSync(join(folder, '..', file), 'utf8'));
    }
  }
}
