// The kernel's files of control groups: how they are read, and a port by which they are written.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerUsage } from '../launcher.ts';

/** What the kernel may refuse; each throws the system's own error then. */
export interface GroupFiles {
  write(file: string, text: string): void;
  /** With those above it; one that is there stays as it is. */
  makeFolder(folder: string): void;
  removeFolder(folder: string): void;
}

export const KERNEL_FILES: GroupFiles = {
  write: (file, text) => writeFileSync(file, text),
  makeFolder: (folder) => void mkdirSync(folder, { recursive: true }),
  removeFolder: (folder) => rmdirSync(folder),
};

/** The words of a file; none where it is not there. */
export function wordsIn(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split(/\s+/).filter(Boolean) : [];
}

export function countIn(file: string, word: string): number {
  if (!existsSync(file)) return 0;
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${word} `));
  return Number(line?.slice(word.length + 1) ?? 0);
}

export function numberIn(file: string): number {
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
}

/** Files that were not read for a while could go at once, so they do not count as held. */
export function usageOf(
  memoryFile: string,
  { cpuSeconds, idleBytes }: { cpuSeconds: number; idleBytes: number },
): ContainerUsage | undefined {
  if (!existsSync(memoryFile)) return undefined;
  return { cpuSeconds, memoryBytes: Math.max(0, numberIn(memoryFile) - idleBytes) };
}

export function processesIn(folder: string): number[] {
  return wordsIn(join(folder, 'cgroup.procs')).map(Number);
}

/** Innermost first; false where one still has processes and stays. */
export function removeGroups(folder: string, files: GroupFiles): boolean {
  if (!existsSync(folder)) return true;
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroups(join(folder, entry.name), files);
  try {
    files.removeFolder(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EBUSY' && code !== 'ENOENT') throw error;
    return code === 'ENOENT';
  }
}
