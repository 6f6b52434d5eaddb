// A child process as somebody to talk with, whichever launcher started it.

import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import type { Conversation } from './launcher.ts';
import { exitOf, signalGroup } from './processes.ts';

export interface Asked {
  readonly stdin: boolean;
  readonly tty: boolean;
}

/** Starts a command in a group of its own. `hasTerminal`: its outputs are one already. */
export function converse(
  [program = '', ...args]: readonly string[],
  options: Pick<SpawnOptions, 'cwd' | 'env'>,
  { stdin }: Pick<Asked, 'stdin'>,
  hasTerminal: boolean,
): Conversation & { readonly child: ChildProcess } {
  const child = spawn(program, args, {
    ...options,
    stdio: [stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(exitOf(code, signal, false).code));
  });
  // Whoever does not wait for it is not to fail by it; nor by a command that reads no more.
  exited.catch(() => undefined);
  child.stdin?.on('error', () => undefined);
  return {
    child,
    stdin: child.stdin ?? undefined,
    stdout: child.stdout ?? Readable.from([]),
    stderr: hasTerminal ? undefined : (child.stderr ?? undefined),
    exited,
    resize: () => {},
    kill: () => child.pid !== undefined && signalGroup(child.pid, 'SIGKILL'),
  };
}
