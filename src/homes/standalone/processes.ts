// Other programs, and this one in a session of its own.

import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shift } from '#storage/mod.ts';

/** Runs a command line that outlives this process; what it prints goes to DIR/logs/platform.out, begun anew each time. */
export function detach(
  [program = '', ...args]: readonly string[],
  dataDir: string,
): { readonly pid: number; readonly output: string; hasEnded(): boolean } {
  const output = join(dataDir, 'logs', 'platform.out');
  mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
  shift(output, 1);
  const file = openSync(output, 'a', 0o600);
  const child = spawn(program, args, { detached: true, stdio: ['ignore', file, file] });
  closeSync(file);
  child.unref();
  if (child.pid === undefined) throw new Error(`${program} cannot be run`);
  return { pid: child.pid, output, hasEnded: () => child.exitCode !== null || child.signalCode !== null };
}

/** Runs a program of the system to its end. Code 127 where it is not there, as a shell has it. */
export function execute(program: string, args: readonly string[]): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.once('error', (error) => resolve({ code: 127, said: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, said }));
  });
}

/** Has a person change a text in their editor: $VISUAL, else $EDITOR, else vi. */
export async function editText(text: string, name: string): Promise<string> {
  const editor = process.env['VISUAL'] ?? process.env['EDITOR'] ?? 'vi';
  const folder = mkdtempSync(join(tmpdir(), 'ebb-edit-'));
  const file = join(folder, name);
  try {
    writeFileSync(file, text, { mode: 0o600 });
    await edited(editor, file);
    return readFileSync(file, 'utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An editor may come with flags, as `code --wait`, so that a shell takes it apart. */
function edited(editor: string, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`the editor (${editor}) ended with code ${code}; name another with EDITOR`));
    });
  });
}
