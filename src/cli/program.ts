// The command line as a whole: its commands, its help, and what an end means to the caller.

import { Command, CommanderError } from 'commander';
import { join } from 'node:path';
import { ApiError } from '#machinery/mod.ts';
import { backupCommand, restoreCommand } from './backup/command.ts';
import { completionCommand } from './completion/command.ts';
import { deployCommand } from './deploy/command.ts';
import { doctorCommand } from './doctor/command.ts';
import { downCommand } from './down/command.ts';
import { eventsCommand } from './events/command.ts';
import { exportCommand } from './export/command.ts';
import { Failure } from './failure.ts';
import { getCommand } from './get/command.ts';
import { imageCommand } from './image/command.ts';
import { invokeCommand } from './invoke/command.ts';
import { logsCommand } from './logs/command.ts';
import type { CliPorts } from './ports.ts';
import { profileCommand } from './profile/command.ts';
import { serviceCommand } from './service/command.ts';
import { statusCommand } from './status/command.ts';
import { pruneCommand } from './prune/command.ts';
import { secretsCommand } from './secrets/command.ts';
import { upCommand } from './up/command.ts';
import { userCommand } from './user/command.ts';
import { whyCommand } from './why/command.ts';

const help = (kubeconfig: string) => `
A first round:
  ebb up                     start the platform (leave it running)
  ebb deploy ./my-function   in another terminal: deploy a folder
  ebb invoke my-function     send it a request
  ebb logs my-function -f    see what it prints
  ebb why my-function        when something is not as it should be

kubectl, kn and func work too: export KUBECONFIG=${kubeconfig}
'ebb COMMAND --help' tells more about a command.`;

const COMMANDS = [
  upCommand,
  downCommand,
  statusCommand,
  serviceCommand,
  deployCommand,
  invokeCommand,
  exportCommand,
  pruneCommand,
  getCommand,
  logsCommand,
  whyCommand,
  eventsCommand,
  imageCommand,
  backupCommand,
  restoreCommand,
  profileCommand,
  userCommand,
  secretsCommand,
  doctorCommand,
  completionCommand,
];

/** Runs one command line (without the program's own name) and gives its exit code. */
export async function runCommandLine(args: readonly string[], version: string, ports: CliPorts): Promise<number> {
  const program = new Command('ebb')
    .description('Serverless functions and services that scale to zero: Knative on one machine.')
    .version(version, '-v, --version', 'print the version')
    .addHelpText('after', help(ports.env.EBB_HOME ? join(ports.env.EBB_HOME, 'kubeconfig') : '~/.ebb/kubeconfig'))
    .configureHelp({ subcommandTerm: (command) => command.name() });
  for (const make of COMMANDS) program.addCommand(make(ports));
  for (const command of [program, ...program.commands, ...program.commands.flatMap((inner) => inner.commands)]) {
    command
      .exitOverride()
      .configureOutput({ writeOut: (text) => ports.out(text), writeErr: (text) => ports.err(text) })
      .showHelpAfterError("'ebb --help' and 'ebb COMMAND --help' tell more.");
  }
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    return codeOf(error, ports);
  }
}

function codeOf(error: unknown, ports: CliPorts): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Failure) {
    ports.err(`ebb: ${error.message}\n`);
    return error.code;
  }
  if (error instanceof ApiError) {
    ports.err(`ebb: the API refused: ${error.message}\n`);
    return error.code === 404 ? 3 : 1;
  }
  if (ports.signal.aborted) return 130;
  ports.err(`ebb: ${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
}
