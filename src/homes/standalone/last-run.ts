// How the last run on a data folder ended: in order, by a crash, or with the machine.

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface LastRun {
  /** The machine went down under it: files that were not synced may be there without their content. */
  readonly lostPower: boolean;
  /** Containers of it may still run. */
  readonly leftRunning: boolean;
}

const noteFile = (dataDir: string) => join(dataDir, 'run', 'boot');

/** Looks how the last run ended and notes that one runs again. `bootId` tells one start of the machine from another. */
export async function beginRun(dataDir: string, bootId: string): Promise<LastRun> {
  const before = await textOf(noteFile(dataDir));
  await mkdir(dirname(noteFile(dataDir)), { recursive: true, mode: 0o700 });
  await writeFile(noteFile(dataDir), bootId, { mode: 0o600 });
  const lostPower = before !== undefined && before !== bootId;
  return { lostPower, leftRunning: !lostPower && (await hasRecords(join(dataDir, 'node', 'running'))) };
}

/** Notes that the run ended in order. */
export async function endRun(dataDir: string): Promise<void> {
  await rm(noteFile(dataDir), { force: true });
}

/** Changes with each start of the machine; empty where the system does not tell. */
export async function bootIdOf(): Promise<string> {
  return ((await textOf('/proc/sys/kernel/random/boot_id')) ?? '').trim();
}

async function hasRecords(folder: string): Promise<boolean> {
  return (await unlessMissing(readdir(folder)))?.some((name) => name.endsWith('.json')) ?? false;
}

function textOf(file: string): Promise<string | undefined> {
  return unlessMissing(readFile(file, 'utf8'));
}

async function unlessMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
