// The command line, with all that it reaches.

import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { CliPorts } from '#cli/mod.ts';
import { endpointsOf, runCommandLine } from '#cli/mod.ts';
import {
  backupOf,
  connectTo,
  holderOfData,
  imagesOf,
  machineFacts,
  pruneOf,
  restoreTo,
  rotateKey,
  detach,
  editText,
  execute,
  startStandalone,
  statusOf,
  stoppingOf,
  userKubeconfigOf,
} from '#homes/mod.ts';

/** Programs of their own, which lie beside the bundle. */
const besideBundle = (here: URL) => ({
  workerUrl: new URL('./database-worker.js', here),
  transformProgram: new URL('./transform/jsonata-process.js', here),
});

const DETACH = new Set(['-d', '--detach']);

/** Does what the words of the command line say, and ends the process. `program` is this program's own file. */
export async function runCommand(program: string, words: readonly string[]): Promise<void> {
  const here = pathToFileURL(program);
  const { version } = JSON.parse(readFileSync(new URL('../package.json', here), 'utf8')) as { version: string };
  /** The words by which this program is run. */
  const run = [process.execPath, '--disable-warning=ExperimentalWarning', program];
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => interrupted.abort(new Error('interrupted')));
  const ports: CliPorts = {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isTerminal: process.stdout.isTTY,
    env: process.env,
    signal: interrupted.signal,
    now: () => Date.now(),
    pause: (ms) => delay(ms, undefined, { signal: interrupted.signal }).catch(() => {}),
    start: (options) =>
      startStandalone({
        ...options,
        program,
        version,
        ...(program.endsWith('.js') ? besideBundle(here) : {}),
      }),
    connect: async (dataDir) => {
      // Where no platform runs this says so, and how to start one.
      if (words[0] !== 'up') endpointsOf(dataDir);
      return connectTo(dataDir);
    },
    images: async (dataDir) => imagesOf(dataDir),
    backup: backupOf,
    restore: restoreTo,
    rotateKey,
    machine: (dataDir, host, wanted) => machineFacts({ dataDir, host, ports: wanted, program, now: Date.now() }),
    status: statusOf,
    stopping: stoppingOf,
    prune: pruneOf,
    userKubeconfig: userKubeconfigOf,
    detach: (dataDir) =>
      detach([...run, ...words.filter((word) => !DETACH.has(word)), '--log-format', 'file'], dataDir),
    program: run,
    isRoot: process.getuid?.() === 0,
    execute,
    edit: editText,
    holder: holderOfData,
    end: (pid) => void process.kill(pid, 'SIGTERM'),
  };
  process.exitCode = await runCommandLine(words, version, ports);
  // Connections that are kept alive must not keep a command that is done.
  process.exit();
}
