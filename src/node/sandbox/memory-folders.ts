// Volumes in memory: each a file system of its own, so that its bound holds, all below one folder, so that containers can let go of all at once.

import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './tools.ts';

export class MemoryFolders {
  readonly #folder: string;
  /** One change of mounts at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The folder that containers detach, where there is anything in it. */
  get shared(): string | undefined {
    return existsSync(this.#folder) && isMounted(this.#folder) ? this.#folder : undefined;
  }

  /** The folder of a Pod's volume, at most so many bytes large; the one that is there already where it was made before. */
  mount(podUid: string, name: string, bytes: number | undefined): Promise<string> {
    const path = join(this.#folder, podUid, name);
    return this.#next(async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o711 });
      if (!isMounted(this.#folder)) await run('mount', ['--bind', '--make-private', this.#folder, this.#folder]);
      await mkdir(path, { recursive: true, mode: 0o711 });
      if (isMounted(path)) return path;
      const size = bytes === undefined ? '' : `,size=${Math.max(1, Math.floor(bytes))}`;
      await run('mount', ['-t', 'tmpfs', '-o', `nosuid,nodev,mode=0777${size}`, 'tmpfs', path]);
      return path;
    });
  }

  /** Takes a Pod's volumes away. */
  release(podUid: string): Promise<void> {
    const folder = join(this.#folder, podUid);
    return this.#next(async () => {
      if (!existsSync(folder)) return;
      for (const name of await readdir(folder)) await unmount(join(folder, name));
      await rm(folder, { recursive: true, force: true });
      if ((await readdir(this.#folder)).length > 0) return;
      await unmount(this.#folder);
      await rm(this.#folder, { recursive: true, force: true });
    });
  }

  #next<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

async function unmount(path: string): Promise<void> {
  if (isMounted(path)) await run('umount', ['--lazy', path]);
}

/** As the kernel tells this process (proc_pid_mountinfo(5): the fifth field, with octal escapes). */
function isMounted(path: string): boolean {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.some((line) => unescape(line.split(' ')[4] ?? '') === path);
}

function unescape(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}
