// The process that evaluates expressions, in its home: Node with its permission model, which leaves it no file to write, no program to
// start, no address to connect to, and nothing of this process's environment.

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HelperListener, StartHelper } from './evaluators.ts';
import type { Reply } from './question.ts';

/** Of its JavaScript objects. What needs more ends the process, and with it the evaluation. */
const MEMORY_MB = 96;

/** Starts processes of the program; in place of the one beside this file, where the platform is a bundle. */
export function helperProcesses(program?: URL): StartHelper {
  const file = fileURLToPath(program ?? new URL('./jsonata-process.ts', import.meta.url));
  const args = [...readable(file).map((folder) => `--allow-fs-read=${folder}`), ...FLAGS, file];
  return ({ answered, ended }: HelperListener) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], env: {} });
    // It must not keep a platform from ending.
    child.unref();
    child.channel?.unref();
    child.on('message', (reply) => answered(reply as Reply));
    child.once('error', (error) =>
      ended(`the process that evaluates expressions could not be started: ${error.message}`),
    );
    child.once('exit', (code, signal) => ended(whyOf(code, signal)));
    return {
      // What cannot be sent is told by its end.
      ask: (question) => void child.send(question, () => undefined),
      kill: () => void child.kill('SIGKILL'),
    };
  };
}

/** Node aborts where its objects have no room left. */
function whyOf(code: number | null, signal: string | null): string {
  if (signal === 'SIGABRT' || code === 134)
    return `the evaluation needed more than the ${MEMORY_MB} MB of memory that it may take`;
  return `the process that evaluates expressions ended by ${signal ?? `code ${code}`}`;
}

const FLAGS = [
  '--permission',
  '--disable-proto=delete',
  '--disallow-code-generation-from-strings',
  `--max-old-space-size=${MEMORY_MB}`,
];

/** A bundle has all in its own folder; the source has the library where it is installed. */
function readable(file: string): string[] {
  const own = join(dirname(file), '/');
  if (!file.endsWith('.ts')) return [own];
  return [own, join(dirname(createRequire(file).resolve('jsonata')), '/')];
}
