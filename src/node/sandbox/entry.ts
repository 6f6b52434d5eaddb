// The entry program on this machine: written down once, and given a plan for each program that is to be brought into a container.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Entrance } from './entering.ts';
import { entrancePlan, trialPlan } from './entering.ts';
import { entryProgram, PLAN_FD } from './entry-program.ts';
import type { Machine } from './system-calls.ts';

/** A file that the program reads once. */
export interface Plan {
  readonly file: string;
  remove(): Promise<void>;
}

export class Entry {
  /** The path of the program. */
  readonly program: string;
  /** Whether this kernel has namespaces of control groups, which commands beside a container have to enter. */
  readonly hasCgroupNamespaces = existsSync('/proc/self/ns/cgroup');
  readonly #folder: string;
  readonly #machine: Machine;
  #hasFilters = true;
  #plans = 0;

  private constructor(folder: string, machine: Machine) {
    this.program = join(folder, 'enter');
    this.#folder = join(folder, 'plans');
    this.#machine = machine;
  }

  /** Writes the program down and tries it. Throws in words where it cannot be run from there. */
  static install(folder: string): Entry {
    const entry = new Entry(folder, machineHere());
    rmSync(entry.program, { force: true });
    writeFileSync(entry.program, entryProgram(entry.#machine), { mode: 0o700 });
    rmSync(entry.#folder, { recursive: true, force: true });
    mkdirSync(entry.#folder, { mode: 0o700 });
    const problem = entry.#try(false);
    if (problem !== undefined)
      throw new Error(
        `programs cannot be run from ${entry.program}, by which containers are entered (${problem}); the data folder must be on a file system that allows programs (not mounted noexec)`,
      );
    entry.#hasFilters = entry.#try(true) === undefined;
    return entry;
  }

  /** Whether this kernel takes filters of system calls; where it does not, containers run without. */
  get hasFilters(): boolean {
    return this.#hasFilters;
  }

  async plan(entrance: Entrance): Promise<Plan> {
    this.#plans += 1;
    const file = join(this.#folder, `${this.#plans}`);
    const seccomp = this.#hasFilters ? entrance.seccomp : 'Unconfined';
    await writeFile(file, entrancePlan({ ...entrance, seccomp }, this.#machine), { mode: 0o600 });
    return { file, remove: () => rm(file, { force: true }) };
  }

  /** What the trial says that fails. */
  #try(withFilter: boolean): string | undefined {
    const file = join(this.#folder, 'trial');
    writeFileSync(file, trialPlan(TRIAL_CODE, withFilter, this.#machine));
    const script = `exec ${PLAN_FD}< "$1"; exec "$0"`;
    const { status, stderr } = spawnSync('/bin/sh', ['-c', script, this.program, file], { encoding: 'utf8' });
    rmSync(file);
    return status === TRIAL_CODE ? undefined : stderr.trim() || `it ended with ${status}`;
  }
}

const TRIAL_CODE = 42;

function machineHere(): Machine {
  if (process.arch === 'x64' || process.arch === 'arm64') return process.arch;
  throw new Error(`containers can be entered on x64 and arm64, and this is ${process.arch}`);
}
