// ebb backup and ebb restore: the state of a platform in one file.

import { Command } from 'commander';
import { join, resolve } from 'node:path';
import { dataDirOf, endpointsOf } from '../data-dir.ts';
import { ENCRYPTION_KEY_FLAG, encryptionKeyFile } from '../encryption-key-file.ts';
import type { CliPorts } from '../ports.ts';

export function backupCommand(ports: CliPorts): Command {
  return new Command('backup')
    .summary('copy all objects of a running platform into a file')
    .description(
      'Writes a consistent copy of every object into FILE while the platform goes on. Images are not in it. Secrets are sealed in it.',
    )
    .argument('<file>', 'a file that does not exist yet')
    .option('--data <dir>', "the platform's data folder")
    .addHelpText('after', '\nExamples:\n  ebb backup monday.db')
    .action(async (file: string, flags: { data?: string }) => {
      const dataDir = dataDirOf(flags.data, ports.env);
      endpointsOf(dataDir);
      await ports.backup(dataDir, resolve(file));
      ports.out(`Wrote ${resolve(file)}.\n`);
      const keys = encryptionKeyFile(undefined, ports.env) ?? join(dataDir, 'keys', 'secrets.key');
      ports.err(
        `ebb: its secrets are sealed; keep a copy of the key apart from it: ${keys}, or the file 'ebb up' was given\n`,
      );
    });
}

const RESTORE_HELP = `
A backup of another machine needs that machine's key: its DIR/keys/secrets.key, or the file it named instead.

Examples:
  ebb down && ebb restore monday.db && ebb up
  ebb restore monday.db --encryption-key-file secrets.key && ebb up --encryption-key-file secrets.key`;

export function restoreCommand(ports: CliPorts): Command {
  return new Command('restore')
    .summary('put the objects of a backup back')
    .description(
      'Replaces the objects of a stopped platform by those of FILE. What was there before is kept beside it as objects.db.before-restore.',
    )
    .argument('<file>', 'a file that ebb backup wrote')
    .option('--data <dir>', "the platform's data folder")
    .option(ENCRYPTION_KEY_FLAG, 'holds the keys that the secrets of the backup are sealed with')
    .addHelpText('after', RESTORE_HELP)
    .action(async (file: string, flags: { data?: string; encryptionKeyFile?: string }) => {
      const dataDir = dataDirOf(flags.data, ports.env);
      await ports.restore(dataDir, resolve(file), encryptionKeyFile(flags.encryptionKeyFile, ports.env));
      ports.out(`Restored ${dataDir} from ${resolve(file)}. Start it with 'ebb up'.\n`);
    });
}
