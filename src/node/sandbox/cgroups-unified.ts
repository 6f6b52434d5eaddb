// Control groups of version 2: one tree, in which a group hands the controllers that it has to those below it.

import { join } from 'node:path';
import { messageOf } from '#base/mod.ts';
import { countIn, processesIn, removeGroups, usageOf, wordsIn } from './cgroups-files.ts';
import type { Limits } from './cgroups-limits.ts';
import { settingsV2, writeSettings } from './cgroups-limits.ts';
import { refusedLack, UNIFIED_CONTROLLERS } from './cgroups-here.ts';
import type { Lack } from './cgroups-here.ts';
import type { Cgroups, Group, Means } from './cgroups.ts';

export class UnifiedCgroups implements Cgroups {
  readonly version = 2;
  readonly lack: Lack | undefined;
  readonly #means: Means;
  readonly #folder: string;
  /** Controllers that groups of containers have. */
  readonly #kept: readonly string[];

  /** Throws where no limit at all can be kept. */
  constructor(parent: string, means: Means, lack: Lack | undefined) {
    const { root, files } = means;
    this.#means = means;
    this.#folder = join(root, parent);
    this.sweep();
    files.makeFolder(this.#folder);
    // At once: systemd takes controllers away that no group below hands on.
    const refused = this.#enable();
    this.#kept = this.#enabled(this.#folder);
    const missing = [...refused.keys()].filter((name) => !this.#kept.includes(name));
    const [first] = missing;
    if (first !== undefined && !this.#kept.some((name) => name === 'memory' || name === 'cpu')) {
      this.sweep();
      throw refused.get(first);
    }
    this.lack = first === undefined || first === 'pids' ? lack : refusedLack(root, refused.get(first), missing);
  }

  /** Hands controllers on, to this platform's group and to those of containers; gives those that are refused, and why. */
  #enable(): Map<string, unknown> {
    const refused = new Map<string, unknown>();
    for (const folder of [this.#means.root, this.#folder]) {
      const offered = wordsIn(join(folder, 'cgroup.controllers'));
      const enabled = this.#enabled(folder);
      for (const name of UNIFIED_CONTROLLERS.filter((one) => offered.includes(one) && !enabled.includes(one))) {
        try {
          this.#means.files.write(join(folder, 'cgroup.subtree_control'), `+${name}`);
        } catch (error) {
          refused.set(name, error);
          if ((error as NodeJS.ErrnoException).code === 'EBUSY') return refused;
        }
      }
    }
    return refused;
  }

  #enabled(folder: string): string[] {
    return wordsIn(join(folder, 'cgroup.subtree_control'));
  }

  group(name: string, limits: Limits): Group | undefined {
    const folder = join(this.#folder, name);
    const { files, tell } = this.#means;
    try {
      files.makeFolder(this.#folder);
      const enabled = this.#enabled(this.#folder);
      if (!this.#kept.every((one) => enabled.includes(one))) this.#enable();
      files.makeFolder(folder);
    } catch (error) {
      tell('the group', messageOf(error));
      return undefined;
    }
    const settings = Object.entries(settingsV2(limits)).filter(([file]) =>
      this.#kept.includes(file.slice(0, file.indexOf('.'))),
    );
    writeSettings(folder, Object.fromEntries(settings), this.#means);
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
      remove: () => removeGroups(folder, this.#means.files),
    };
  }

  sweep(): void {
    removeGroups(this.#folder, this.#means.files);
  }
}
