// ebb secrets: the keys that the platform's secrets are sealed with on disk.

import { Command } from 'commander';
import { dataDirOf } from '../data-dir.ts';
import { ENCRYPTION_KEY_FLAG, ENCRYPTION_KEY_HELP, encryptionKeyFile } from '../encryption-key-file.ts';
import { Failure } from '../failure.ts';
import type { CliPorts } from '../ports.ts';

const HELP = `
Secrets are sealed on disk (AES-256-GCM). The key is in DIR/keys/secrets.key, so that a backup or a copied store alone
tells nothing; to keep it away from the folder, name a file of your own, in which the first key seals and all of them open:

  (umask 077; head -c 32 /dev/urandom | base64 > /etc/ebb/secrets.key)
  ebb up --encryption-key-file /etc/ebb/secrets.key      what is there already is sealed anew with it

Examples:
  ebb down && ebb secrets rotate-key && ebb up           a new key; older backups can still be restored
  ebb secrets rotate-key --forget-old                    and the older keys are gone, with the secrets of older backups`;

interface Flags {
  data?: string;
  encryptionKeyFile?: string;
  forgetOld: boolean;
}

export function secretsCommand(ports: CliPorts): Command {
  const secrets = new Command('secrets')
    .summary('the keys that secrets are sealed with on disk')
    .description("The keys that the platform's Secrets are sealed with on disk. The Secrets themselves: kubectl.")
    .addHelpText('after', HELP);
  secrets
    .command('rotate-key')
    .description('Seals all Secrets of a stopped platform anew, with a new key.')
    .option('--forget-old', 'remove the older keys from the file', false)
    .option('--data <dir>', "the platform's data folder")
    .option(ENCRYPTION_KEY_FLAG, ENCRYPTION_KEY_HELP)
    .addHelpText('after', HELP)
    .action((flags: Flags) => rotate(flags, ports));
  return secrets;
}

async function rotate(flags: Flags, ports: CliPorts): Promise<void> {
  const dataDir = dataDirOf(flags.data, ports.env);
  const holder = ports.holder(dataDir);
  if (holder !== undefined) {
    throw new Failure(
      `The platform of ${dataDir} runs (process ${holder}); its key cannot change under it. Stop it with 'ebb down' first.`,
    );
  }
  const keyFile = encryptionKeyFile(flags.encryptionKeyFile, ports.env);
  const { file, id } = await ports.rotateKey(dataDir, keyFile, flags.forgetOld);
  ports.out(`All secrets are sealed with the new key ${id}, the first in ${file}.\n`);
  const before = flags.forgetOld ? 'can no longer be opened' : 'can be restored as long as the older keys stay in it';
  ports.err(`ebb: secrets in backups made before ${before}\n`);
}
