// The /dev of every container: the devices that each must have, and nothing more.

import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './tools.ts';

const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
const LINKS: Readonly<Record<string, string>> = {
  fd: '/proc/self/fd',
  stdin: '/proc/self/fd/0',
  stdout: '/proc/self/fd/1',
  stderr: '/proc/self/fd/2',
  ptmx: 'pts/ptmx',
  core: '/proc/kcore',
};

/** Makes it anew. Throws in words where this machine gives no devices there. */
export async function makeDevices(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  await run('cp', ['--archive', ...DEVICES.map((name) => `/dev/${name}`), folder]);
  for (const name of ['pts', 'shm', 'mqueue']) mkdirSync(join(folder, name), { mode: 0o755 });
  for (const [name, target] of Object.entries(LINKS)) symlinkSync(target, join(folder, name));
  writeFileSync(join(folder, 'termination-log'), '', { mode: 0o666 });
  const made = new Set(readdirSync(folder));
  const missing = DEVICES.filter((name) => !made.has(name));
  if (missing.length > 0) throw new Error(`the devices ${missing.join(', ')} could not be made in ${folder}`);
}
