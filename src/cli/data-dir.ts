// Where a platform keeps everything: --data DIR, else $EBB_HOME, else ~/.ebb.

import { accessSync, constants, existsSync, lstatSync, mkdtempSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { Failure } from './failure.ts';
import type { Endpoints } from './ports.ts';

export interface DataDir {
  readonly path: string;
  /** A sentence where it is not the usual one though none was named. */
  readonly notice?: string;
}

/**
 * The folder for these flags and this environment. Where the home cannot be written, a folder of the user's own under the
 * temporary one. Throws Failure where that belongs to somebody else.
 */
export function dataDirFor(flag: string | undefined, env: Readonly<Record<string, string | undefined>>): DataDir {
  const told = flag ?? env.EBB_HOME;
  if (told) return { path: folderOf(resolve(told)) };
  const home = homeOf();
  const usual = home && join(home, '.ebb');
  if (usual && canWrite(home, usual)) return { path: usual };
  const path = join(tmpdir(), `ebb-${process.getuid?.() ?? 'user'}`);
  checkOwn(path);
  const why = usual ? `${usual} cannot be written` : 'there is no home folder';
  return { path, notice: `${why}; the platform's state is in ${path}. Choose another folder with --data or EBB_HOME.` };
}

export function dataDirOf(flag: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  return dataDirFor(flag, env).path;
}

/** What is below these is the kernel's own, and making a folder there can hang. */
const KERNEL_FOLDERS = /^\/(proc|sys)(\/|$)/;

/** The path, unless something else than a folder is there, or nothing can be kept there. */
function folderOf(path: string): string {
  if (KERNEL_FOLDERS.test(path))
    throw new Failure(
      `${path} is a place of the kernel's, where no platform can be kept. Name a folder on a disk with --data or EBB_HOME.`,
    );
  const [taken] = [path, dirname(path)].filter((one) => existsSync(one) && !statSync(one).isDirectory());
  if (taken === undefined) return path;
  throw new Failure(
    `${taken} is not a folder, so no platform can be kept there. Name another with --data or EBB_HOME.`,
  );
}

/** Undefined where the system knows none. */
function homeOf(): string | undefined {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}

/** Tried out where need be: some folders cannot be written though their mode allows it. */
function canWrite(home: string, folder: string): boolean {
  try {
    if (existsSync(folder)) accessSync(folder, constants.W_OK | constants.X_OK);
    else rmdirSync(mkdtempSync(join(home, '.ebb-')));
    return true;
  } catch {
    return false;
  }
}

/** In a folder that everyone may write, somebody else could have been first. */
function checkOwn(folder: string): void {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  if (!stats || process.getuid === undefined) return;
  if (stats.isDirectory() && stats.uid === process.getuid() && (stats.mode & 0o077) === 0) return;
  throw new Failure(
    `${folder} is not a folder of your own that only you may enter. Remove it, or name another with --data or EBB_HOME.`,
  );
}

/** Where the platform of this folder answers. Throws Failure where none runs. */
export function endpointsOf(dataDir: string): Endpoints {
  const file = join(dataDir, 'endpoints.json');
  if (!existsSync(file)) {
    throw new Failure(
      `No platform runs on ${dataDir}. Start one with 'ebb up', or name its folder with --data DIR or EBB_HOME.`,
    );
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Endpoints;
}
