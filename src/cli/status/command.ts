// ebb status: whether a platform runs on a data folder, since when, and what it takes.

import { Command } from 'commander';
import { dataDirOf } from '../data-dir.ts';
import { waitedFor } from '../down/command.ts';
import { absent, Failure } from '../failure.ts';
import { bytes, duration, formatOf, rendered } from '../output.ts';
import type { CliPorts, PlatformStatus } from '../ports.ts';

const HELP = `
The exit code is 0 where it runs, 1 where it is starting or stopping, 3 where none runs.

Examples:
  ebb status
  ebb status --data ./state -o json`;

export function statusCommand(ports: CliPorts): Command {
  return new Command('status')
    .summary('whether the platform runs, since when, where, and with what memory')
    .description('Tells who runs on a data folder, since when, its version, addresses and memory.')
    .option('-o, --output <format>', 'json or yaml')
    .option('--data <dir>', 'data folder (default: $EBB_HOME, else ~/.ebb)')
    .addHelpText('after', HELP)
    .action((flags: { output?: string; data?: string }) => status(flags, ports));
}

async function status(flags: { output?: string; data?: string }, ports: CliPorts): Promise<void> {
  const format = formatOf(flags.output);
  const dataDir = dataDirOf(flags.data, ports.env);
  const holder = ports.holder(dataDir);
  if (holder === undefined) {
    throw absent(
      `No platform runs on ${dataDir}. Start one with 'ebb up', or name its folder with --data or EBB_HOME.`,
    );
  }
  const stopping = ports.stopping(dataDir, holder);
  if (stopping)
    throw new Failure(
      `The platform of ${dataDir} (process ${holder}) stops: ${waitedFor(stopping) || 'its Pods have ended'}.`,
    );
  const found = await ports.status(dataDir);
  if (!found)
    throw new Failure(`The platform of ${dataDir} (process ${holder}) is just starting or stopping. Ask again.`);
  ports.out(format === 'json' || format === 'yaml' ? rendered(found, format) : shown(found, ports.now()));
}

function shown(
  { dataDir, version, node, since, launcher, endpoints, processes, disk }: PlatformStatus,
  now: number,
): string {
  const rows: [string, string][] = [
    ['running', `for ${duration(now - Date.parse(since))}, since ${since}`],
    ['version', `${version} on Node ${node}`],
    ['data', dataDir],
    ['launcher', launcher],
    ...processes.map(({ name, pid, memoryBytes }): [string, string] => [
      name,
      `process ${pid}${memoryBytes === undefined ? '' : `, ${bytes(memoryBytes)}`}`,
    ]),
    ['disk', diskText(disk)],
    ['gateway', `${endpoints.gateway}, ${endpoints.gatewayTls}`],
    ['console', endpoints.console],
    ['registry', endpoints.registry],
    ['API', endpoints.api],
  ];
  return rows.map(([name, value]) => `${name.padEnd(9)}  ${value}\n`).join('');
}

function diskText({ free, floor, used, budget }: PlatformStatus['disk']): string {
  const taken = used === undefined || budget === undefined ? '' : `, ${bytes(used)} of ${bytes(budget)} taken`;
  return `${bytes(free)} free, writes are refused below ${bytes(floor)}${taken}`;
}
