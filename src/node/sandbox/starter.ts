// Begins a container's first process in namespaces of its own, hears from its starter whether that went well, and how it ends.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { failureIn, READY } from './entering.ts';
import { TOOL_ENV, tool } from './tools.ts';

/** Where a container's starter is heard. */
export const STARTER_FD = 3;

export interface Beginning {
  /** The process that keeps the Pod's namespaces. */
  readonly holder: number;
  /** What is done before the program, within the container's own namespaces. */
  readonly script: string;
  readonly logFile: string;
}

export interface RawExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** The program's process, and how it ends. Throws as container runtimes tell a program that cannot be started. */
export async function beginInside({
  holder,
  script,
  logFile,
}: Beginning): Promise<{ pid: number; exited: Promise<RawExit> }> {
  const log = openSync(logFile, 'a', 0o640);
  const child = begin(wordsInto(holder, script), log);
  const exited = exitOfUnshare(child);
  return { pid: await startedFrom(child.stdio[STARTER_FD] as Readable, exited), exited };
}

function begin(words: readonly string[], log: number): ChildProcess {
  try {
    return spawn(tool('nsenter'), words, {
      env: TOOL_ENV,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', log, log],
      detached: true,
    });
  } finally {
    closeSync(log);
  }
}

/** Into the Pod's network, name and memory shared between processes; from there into mounts and processes of its own. */
function wordsInto(holder: number, script: string): string[] {
  const pod = ['--target', String(holder), '--net', '--uts', '--ipc', '--'];
  const own = ['--mount', '--pid', '--fork', '--kill-child', '--'];
  return [...pod, tool('unshare'), ...own, tool('sh'), script];
}

/** `unshare` ends as the program did, but for a program that was killed: then it fails with these words of its own. */
const KILLED = /sigprocmask/;

/** How the program ended, from how `unshare` did. */
export function unshareExit(code: number | null, signal: string | null, said: string): RawExit {
  return code === 1 && KILLED.test(said) ? { code: null, signal: 'SIGKILL' } : { code, signal };
}

function exitOfUnshare(child: ChildProcess): Promise<RawExit> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(unshareExit(code, signal, said)));
  });
}

/** What the starter has said so far comes to: the program's process once all but the program itself is done, `none` where there will be none. */
export function starterVerdict(heard: Buffer): number | 'none' | 'not yet' {
  const said = heard.toString('latin1');
  const pid = /^pid (\d+)$/m.exec(said)?.[1];
  if (pid !== undefined && said.endsWith(READY)) return Number(pid);
  const isNoPid = pid === undefined && said.endsWith('\n');
  return isNoPid || failureIn(heard) !== undefined ? 'none' : 'not yet';
}

/** Why there is no program, in words. */
export function starterFailure(heard: Buffer): string {
  const why = failureIn(heard) ?? heard.toString().trim();
  return `unable to start container process: ${why || 'its namespaces could not be made'}`;
}

/** The program's process, as its starter tells it. Throws where there will be none, as `exited` does where not even the starter began. */
export async function startedFrom(channel: Readable, exited: Promise<unknown>): Promise<number> {
  exited.catch(() => {}); // Heard below, but the channel ends later than a starter fails that could not be forked.
  let heard = Buffer.alloc(0);
  // The process that waits for the program keeps the channel open, so what is said counts and not its end.
  for await (const chunk of channel) {
    heard = Buffer.concat([heard, chunk as Buffer]);
    const verdict = starterVerdict(heard);
    if (verdict === 'none') break;
    if (verdict !== 'not yet') return verdict;
  }
  await exited;
  throw new Error(starterFailure(heard));
}
