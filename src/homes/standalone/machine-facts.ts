// What there is to know of this machine and a data folder before a platform starts on it. Nothing is changed.

import { lookup } from 'node:dns/promises';
import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { freemem, release, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';
import { messageOf } from '#base/mod.ts';
import type { MachineFacts, PortFact } from '#explain/mod.ts';
import { cgroupsHere, sandboxProblem } from '#node/mod.ts';
import { holderOf, nearestFolder } from '#storage/mod.ts';
import { holderOfPort, isFree } from './busy-ports.ts';

/** Programs by which functions are run from a folder. */
const LANGUAGES = ['python3', 'go'];

export interface FactsWanted {
  readonly dataDir: string;
  readonly host: string;
  readonly ports: readonly Omit<PortFact, 'taken'>[];
  /** This program's own file. */
  readonly program: string;
  readonly now: number;
}

export async function machineFacts({ dataDir, host, ports, program, now }: FactsWanted): Promise<MachineFacts> {
  return {
    system: { platform: process.platform, release: release(), arch: process.arch, root: process.getuid?.() === 0 },
    sandboxProblem: sandboxProblem(),
    cgroups: cgroupsHere(),
    memory: { totalBytes: totalmem(), availableBytes: availableMemory() },
    openFiles: openFiles(),
    inotify: inotify(),
    folder: folderFacts(dataDir),
    ports: await Promise.all(ports.map((port) => portFact(port, host))),
    clock: { now, notBefore: (await stat(program)).mtimeMs },
    resolvesLocalhost: await resolvesLocalhost(),
    languages: Object.fromEntries(LANGUAGES.map((name) => [name, isOnPath(name)])),
  };
}

/** What can be had without swapping; of a container's own limit where that is less. */
function availableMemory(): number {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(textOf('/proc/meminfo') ?? '')?.[1];
  const ofMachine = available ? Number(available) * 1024 : freemem();
  return Math.min(ofMachine, process.availableMemory());
}

function openFiles(): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(textOf('/proc/self/limits') ?? '')?.[1];
  return soft === undefined ? undefined : Number(soft);
}

function inotify(): MachineFacts['inotify'] {
  const watches = Number(textOf('/proc/sys/fs/inotify/max_user_watches'));
  const instances = Number(textOf('/proc/sys/fs/inotify/max_user_instances'));
  return watches > 0 && instances > 0 ? { watches, instances } : undefined;
}

function folderFacts(path: string): MachineFacts['folder'] {
  const there = nearestFolder(path);
  const space = statfsSync(there);
  return {
    path,
    problem: canWrite(there),
    freeBytes: space.bavail * space.bsize,
    totalBytes: space.blocks * space.bsize,
    freeInodes: space.ffree,
    fileSystem: fileSystemOf(there),
    holders: holdersOf(path),
  };
}

/** The processes of the platform on a folder: control and data. */
function holdersOf(dataDir: string): number[] {
  if (!existsSync(dataDir)) return [];
  const control = holderOf(dataDir);
  if (control === undefined) return [];
  const record = textOf(join(dataDir, 'run', 'gateway.json'));
  return record === undefined ? [control] : [control, (JSON.parse(record) as { pid: number }).pid];
}

/** Of the mount that is nearest above. */
function fileSystemOf(path: string): string | undefined {
  const mounts = (textOf('/proc/self/mounts') ?? '').split('\n').flatMap((line) => {
    const [, at = '', type = ''] = line.split(' ');
    return at === '/' || path === at || path.startsWith(`${at}/`) ? [{ at, type }] : [];
  });
  return mounts.sort((a, b) => b.at.length - a.at.length)[0]?.type;
}

async function portFact(port: Omit<PortFact, 'taken'>, host: string): Promise<PortFact> {
  if (port.port === 0 || (await isFree(port.port, host))) return port;
  const holder = holderOfPort(port.port);
  return { ...port, taken: holder ? { by: holder.name, pid: holder.pid } : {} };
}

async function resolvesLocalhost(): Promise<boolean> {
  try {
    const { address } = await lookup('hello.default.localhost');
    return address === '127.0.0.1' || address === '::1';
  } catch {
    return false;
  }
}

function isOnPath(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => folder && existsSync(join(folder, name)));
}

/** Why a folder cannot be written; undefined where it can. */
function canWrite(path: string): string | undefined {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
