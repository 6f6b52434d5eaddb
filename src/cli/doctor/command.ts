// ebb doctor: what this machine lacks, what each lack switches off, and the next step.

import { Command } from 'commander';
import type { State, Verdict } from '#explain/mod.ts';
import { examine, worstOf } from '#explain/mod.ts';
import { painted } from '../colour.ts';
import { dataDirOf } from '../data-dir.ts';
import { Failure } from '../failure.ts';
import { formatOf, rendered } from '../output.ts';
import type { CliPorts } from '../ports.ts';
import { USUAL_PORTS } from '../usual-ports.ts';

const HELP = `
ok        nothing to mend
limited   the platform runs, but something is switched off; the line below says what, and the next step
failed    the platform will not start, or not do its work; the exit code is 1

Examples:
  ebb doctor
  ebb doctor --data /var/lib/ebb
  ebb doctor -o json | jq '.checks[] | select(.state != "ok")'`;

export function doctorCommand(ports: CliPorts): Command {
  return new Command('doctor')
    .summary('what this machine lacks for Ebb, and what to do about it')
    .description(
      'Looks at the kernel, the limits, the disk, the clock and the ports. Changes nothing, needs no platform.',
    )
    .option('--host <address>', 'address whose ports are tried', '127.0.0.1')
    .option('-o, --output <format>', 'json or yaml')
    .option('--data <dir>', 'data folder (default: $EBB_HOME, else ~/.ebb)')
    .addHelpText('after', HELP)
    .action((flags: { host: string; output?: string; data?: string }) => doctor(flags, ports));
}

async function doctor(flags: { host: string; output?: string; data?: string }, ports: CliPorts): Promise<void> {
  const format = formatOf(flags.output);
  const dataDir = dataDirOf(flags.data, ports.env);
  const checks = examine(await ports.machine(dataDir, flags.host, USUAL_PORTS));
  const verdict = worstOf(checks);
  if (format === 'json' || format === 'yaml') ports.out(rendered({ verdict, checks }, format));
  else ports.out(shown(checks, ports));
  if (verdict === 'failed')
    throw new Failure('The platform will not start, or not do its work; see what failed above.');
}

const WORDS: Readonly<Record<State, string>> = { ok: 'ok', limited: 'limited', failed: 'failed' };
const COLOURS = { ok: 'green', limited: 'yellow', failed: 'red' } as const;

function shown(checks: readonly Verdict[], ports: CliPorts): string {
  const width = Math.max(...checks.map(({ check }) => check.length));
  const indent = ' '.repeat(width + 12);
  const lines = checks.flatMap(({ check, state, found, means, next }) => {
    const coloured = painted(WORDS[state].padEnd(7), COLOURS[state], ports);
    return [
      `${coloured}  ${check.padEnd(width)}   ${found}`,
      ...(means ? [`${indent}so: ${means}`] : []),
      ...(next ? [`${indent}next: ${next}`] : []),
    ];
  });
  return `${lines.join('\n')}\n`;
}
