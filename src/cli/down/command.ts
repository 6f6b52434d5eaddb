// ebb down: asks the platform that holds a data folder to drain and stop.

import { Command } from 'commander';
import { dataDirOf } from '../data-dir.ts';
import { Failure } from '../failure.ts';
import type { CliPorts } from '../ports.ts';

const PATIENCE_MS = 60_000;
const LOOK_MS = 50;
/** Waiting that is over by then needs no words. */
const SILENT_MS = 1000;

export function downCommand(ports: CliPorts): Command {
  return new Command('down')
    .summary('stop the platform')
    .description(
      'Stops the platform of a data folder: it drains, stops its functions, and keeps its state for the next start.',
    )
    .option('--data <dir>', 'data folder (default: $EBB_HOME, else ~/.ebb)')
    .addHelpText('after', '\nExamples:\n  ebb down\n  ebb down --data ./state')
    .action((flags: { data?: string }) => down(dataDirOf(flags.data, ports.env), ports));
}

async function down(dataDir: string, ports: CliPorts): Promise<void> {
  const pid = ports.holder(dataDir);
  if (pid === undefined) {
    throw new Failure(
      `No platform runs on ${dataDir}. If it runs on another folder, name that with --data or EBB_HOME.`,
    );
  }
  ports.end(pid);
  const began = ports.now();
  const deadline = began + PATIENCE_MS;
  let told = '';
  while (ports.holder(dataDir) === pid) {
    if (ports.signal.aborted) throw new Failure('Cancelled; the platform goes on to drain and stop.', 130);
    if (ports.now() > deadline) {
      throw new Failure(
        `The platform (process ${pid}) still stops after ${PATIENCE_MS / 1000} s. Wait and look again with 'ebb down', or end it with 'kill -9 ${pid}'.`,
      );
    }
    const stopping = ports.stopping(dataDir, pid);
    const words = stopping && ports.now() - began >= SILENT_MS ? waitedFor(stopping) : '';
    if (words && words !== told) ports.err(`ebb: ${words}\n`);
    told = words;
    await ports.pause(LOOK_MS);
  }
  ports.out(`Stopped the platform of ${dataDir}.\n`);
}

const PODS_TOLD = 3;

/** What a platform that stops waits for, in words; empty where for nothing. */
export function waitedFor({ pods, until }: { readonly pods: readonly string[]; readonly until: number }): string {
  if (pods.length === 0) return '';
  const more = pods.length > PODS_TOLD ? ` and ${pods.length - PODS_TOLD} more` : '';
  const named = `${pods.slice(0, PODS_TOLD).join(', ')}${more}`;
  return `waiting for ${pods.length === 1 ? 'Pod' : 'Pods'} ${named} to end; what still runs at ${timeOf(until)} is killed`;
}

/** `15:04:05`, as clocks here show it. */
function timeOf(ms: number): string {
  const at = new Date(ms);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
