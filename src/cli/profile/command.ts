// ebb profile: what a process of the platform spends its time on, or holds in its memory, in a file.

import { Command } from 'commander';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { dataDirOf, endpointsOf } from '../data-dir.ts';
import { Failure, usage } from '../failure.ts';
import type { CliPorts } from '../ports.ts';

interface Flags {
  seconds: number;
  heap: boolean;
  process: string;
  data?: string;
}

export function profileCommand(ports: CliPorts): Command {
  return new Command('profile')
    .summary('write what the platform spends its time or memory on')
    .description(
      'Takes a profile of a process of a running platform: its CPU time, or with --heap everything in its memory (secrets too). It must be allowed by runtime-profiling in the ConfigMap config-observability.',
    )
    .argument('[file]', 'a file that does not exist yet (default: ebb-PROCESS.cpuprofile or .heapsnapshot)')
    .option('--seconds <n>', 'how long CPU time is watched', secondsOf, 30)
    .option('--heap', 'memory instead of CPU time', false)
    .option('--process <name>', 'control (API and controllers) or gateway (requests)', processOf, 'control')
    .option('--data <dir>', "the platform's data folder")
    .addHelpText(
      'after',
      "\nChrome's developer tools and VS Code open both kinds.\n\nExamples:\n  ebb profile --seconds 10 --process gateway\n  ebb profile --heap now.heapsnapshot",
    )
    .action((file: string | undefined, flags: Flags) => profile(file, flags, ports));
}

async function profile(
  file: string | undefined,
  { seconds, heap, process, data }: Flags,
  ports: CliPorts,
): Promise<void> {
  const { console } = endpointsOf(dataDirOf(data, ports.env));
  const path = resolve(file ?? `ebb-${process}.${heap ? 'heapsnapshot' : 'cpuprofile'}`);
  const query = `process=${process}${heap ? '' : `&seconds=${seconds}`}`;
  const url = new URL(`/debug/pprof/${heap ? 'heap' : 'profile'}?${query}`, console);
  if (!heap && ports.isTerminal) ports.err(`ebb: watching for ${seconds} s\n`);
  const response = await fetch(url, { signal: ports.signal });
  if (!response.ok || !response.body) throw new Failure((await response.text()).trim());
  await writeNew(path, response.body as ReadableStream<Uint8Array>, ports.signal);
  ports.out(`Wrote ${path}.\n`);
}

/** A file that breaks off is not left behind; one that was there before is not touched. */
async function writeNew(path: string, body: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<void> {
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  try {
    await pipeline(Readable.fromWeb(body), file, { signal });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new Failure(`${path} is there already. Remove it, or name another file.`);
    await rm(path, { force: true });
    throw error;
  }
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && seconds <= 300) return seconds;
  throw usage(`--seconds must be more than 0 and at most 300, but is ${JSON.stringify(text)}`);
}

function processOf(text: string): string {
  if (text === 'control' || text === 'gateway') return text;
  throw usage(`--process must be control or gateway, but is ${JSON.stringify(text)}`);
}
