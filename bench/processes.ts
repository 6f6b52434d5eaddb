// Processes under measure: started with their cores, their CPU time read from /proc, ended by their id.

import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';

/** The proxies under measure run here, the load and the upstream there. */
export const PROXY_CORE = '0';
export const LOAD_CORE = '1';

const TICKS_PER_SECOND = 100;

/** Starts a command bound to a core. */
export function startOn(
  core: string,
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): ChildProcess {
  return spawn('taskset', ['-c', core, command, ...args], { stdio: 'ignore', ...options });
}

/** Whether a command is there to be run. */
export function has(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}

/** CPU seconds (user and system) that these processes have used, and where `below` all that descend from them. */
export function cpuSeconds(roots: readonly number[], below: boolean): number {
  const counted = below ? descendants(roots) : roots;
  return counted.reduce((sum, pid) => sum + (statOf(pid)?.ticks ?? 0), 0) / TICKS_PER_SECOND;
}

/** The roots and every process below them. */
export function descendants(roots: readonly number[]): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc'))
    if (/^\d+$/.test(name)) parents.set(Number(name), statOf(Number(name))?.parent ?? 0);
  return [...parents.keys()].filter((pid) => {
    for (let here = pid; here > 0; here = parents.get(here) ?? 0) if (roots.includes(here)) return true;
    return false;
  });
}

function statOf(pid: number): { parent: number; ticks: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined;
  }
}

/** Memory of one process, megabytes. */
export interface Memory {
  /** Pages that others map too are shared out among them. */
  readonly pss: number;
  /** What it made itself: heaps, stacks, shared memory. */
  readonly own: number;
  /** Of files that it has mapped, whoever else has them. */
  readonly files: number;
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const megabytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1024;
  const own = megabytes('Pss_Anon') + megabytes('Pss_Shmem');
  return { pss: megabytes('Pss'), own, files: megabytes('Rss') - own };
}

/** Resolves once something listens on the port. */
export async function listening(port: number, timeoutMs = 20_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await answers(port))) {
    if (Date.now() > end) throw new Error(`nothing listens on port ${port} after ${timeoutMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** A port of 127.0.0.1 that nothing listens on just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Ends a process that was started here, and waits for it. */
export function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
