// ebb service: the platform as a service of systemd, that comes back after a reboot.

import { Command } from 'commander';
import { mkdirSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { dataDirOf } from '../data-dir.ts';
import { ENCRYPTION_KEY_FLAG, ENCRYPTION_KEY_HELP, encryptionKeyFile } from '../encryption-key-file.ts';
import { absent, Failure } from '../failure.ts';
import type { CliPorts } from '../ports.ts';
import { unitText } from './unit.ts';

const HELP = `
After a reboot the platform starts by itself, and with it what ran before. Flags after -- go to 'ebb up'.

Examples:
  sudo ebb service install --data /var/lib/ebb
  ebb service install --user -- --port-gateway 8000    for yourself, without root
  ebb service install --print > ebb.service            only the unit's text
  sudo ebb service uninstall                           the data folder stays`;

interface Flags {
  user: boolean;
  print: boolean;
  data?: string;
  encryptionKeyFile?: string;
  unitFolder?: string;
}

type Options = [flags: string, description: string];
const USER: Options = ['--user', "a unit of your own (systemd --user), not the machine's"];
const FOLDER: Options = ['--unit-folder <dir>', 'where units are (default: as systemd has it)'];

export function serviceCommand(ports: CliPorts): Command {
  const service = new Command('service')
    .summary('install the platform as a service of systemd')
    .description('The platform as a service of systemd: started at boot, and again where it failed.')
    .addHelpText('after', HELP);
  service
    .command('install')
    .description('Writes the unit ebb.service, enables it, and starts it.')
    .argument('[flags...]', "after --: flags of 'ebb up'")
    .option(...USER, false)
    .option('--print', 'print the unit and do nothing', false)
    .option('--data <dir>', 'data folder (default: $EBB_HOME, else ~/.ebb)')
    .option(ENCRYPTION_KEY_FLAG, ENCRYPTION_KEY_HELP)
    .option(...FOLDER)
    .addHelpText('after', HELP)
    .action((up: string[], flags: Flags) => install(up, flags, ports));
  service
    .command('uninstall')
    .description('Stops the service and removes its unit. The data folder stays.')
    .option(...USER, false)
    .option(...FOLDER)
    .addHelpText('after', HELP)
    .action((flags: Flags) => uninstall(flags, ports));
  return service;
}

async function install(up: readonly string[], flags: Flags, ports: CliPorts): Promise<void> {
  const dataDir = dataDirOf(flags.data, ports.env);
  const text = unitText({
    program: ports.program,
    dataDir,
    flags: up,
    scope: flags.user ? 'user' : 'system',
    path: ports.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    encryptionKeyFile: encryptionKeyFile(flags.encryptionKeyFile, ports.env),
  });
  if (flags.print) return ports.out(text);
  const file = unitFile(flags, ports);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode: 0o644 });
  await systemctl(flags, ports, file, ['daemon-reload']);
  await systemctl(flags, ports, file, ['enable', '--now', 'ebb.service']);
  ports.out(`Installed ${file} and started it. 'ebb status --data ${dataDir}' tells how it is.\n`);
  if (flags.user) ports.err("ebb: to have it run while you are not signed in: 'loginctl enable-linger'\n");
}

async function uninstall(flags: Flags, ports: CliPorts): Promise<void> {
  const file = unitFile(flags, ports);
  if (!existsSync(file)) {
    throw absent(`There is no unit ${file}. ${flags.user ? 'Without' : 'With'} --user it would be another one.`);
  }
  await systemctl(flags, ports, file, ['disable', '--now', 'ebb.service']);
  rmSync(file);
  await systemctl(flags, ports, file, ['daemon-reload']);
  ports.out(`Stopped the service and removed ${file}. The data folder is as it was.\n`);
}

function unitFile(flags: Flags, ports: CliPorts): string {
  if (flags.unitFolder) return join(flags.unitFolder, 'ebb.service');
  if (!flags.user && !ports.isRoot) {
    throw new Failure('A unit of the machine needs root: run it with sudo, or give --user for a unit of your own.');
  }
  const config = ports.env.XDG_CONFIG_HOME ?? join(homedir(), '.config');
  return join(flags.user ? join(config, 'systemd/user') : '/etc/systemd/system', 'ebb.service');
}

async function systemctl({ user }: Flags, ports: CliPorts, file: string, words: readonly string[]): Promise<void> {
  const args = user ? ['--user', ...words] : words;
  const { code, said } = await ports.execute('systemctl', args);
  if (code === 0) return;
  throw new Failure(
    `'systemctl ${args.join(' ')}' failed: ${said.trim() || `code ${code}`}. The unit is ${file}; where systemd does not run, 'ebb up --detach' starts the platform.`,
  );
}
