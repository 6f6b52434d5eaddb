// A command inside a container with its streams in our hands, with a terminal or without.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import type { Asked } from '../conversation.ts';
import { converse } from '../conversation.ts';
import type { Conversation } from '../launcher.ts';
import type { Entry } from './entry.ts';
import type { Inside } from './exec.ts';
import { linesInto } from './exec.ts';
import { quote } from './script.ts';
import { TOOL_ENV, tool } from './tools.ts';

export async function converseInside(
  inside: Inside,
  entry: Entry,
  command: readonly string[],
  { stdin, tty }: Asked,
): Promise<Conversation> {
  // Programs that draw ask what terminal they have.
  const env = tty ? [...inside.env.filter(([name]) => name !== 'TERM'), ['TERM', 'xterm'] as const] : inside.env;
  const { script, plan } = await linesInto({ ...inside, env }, entry, command);
  const words = tty ? terminalWords(script) : [tool('sh'), '-c', script];
  const { child, ...conversation } = converse(words, { env: TOOL_ENV }, { stdin }, tty);
  conversation.exited.finally(() => void plan.remove()).catch(() => undefined);
  return { ...conversation, resize: (columns, rows) => resizeTerminal(child, columns, rows) };
}

/** `script` gives a command a terminal of its own and ends as the command does. */
function terminalWords(script: string): string[] {
  return [tool('script'), '--quiet', '--return', '--flush', '--command', `exec sh -c ${quote(script)}`, '/dev/null'];
}

/** The terminal is that of the first process below `script`; setting its size tells the programs in it. */
function resizeTerminal({ pid }: ChildProcess, columns: number, rows: number): void {
  const [below] = childrenOf(pid ?? 0);
  const terminal = below === undefined ? undefined : terminalOf(below);
  if (terminal === undefined) return;
  spawn(tool('stty'), ['-F', terminal, 'cols', String(columns), 'rows', String(rows)], {
    env: TOOL_ENV,
    stdio: 'ignore',
  }).on('error', () => undefined);
}

function childrenOf(pid: number): string[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  return existsSync(file) ? readFileSync(file, 'utf8').split(' ').filter(Boolean) : [];
}

function terminalOf(pid: string): string | undefined {
  try {
    const path = readlinkSync(`/proc/${pid}/fd/0`);
    return path.startsWith('/dev/') ? path : undefined;
  } catch {
    return undefined;
  }
}
