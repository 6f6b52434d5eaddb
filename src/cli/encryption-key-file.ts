// Where the keys lie that secrets are sealed with: --encryption-key-file, else $EBB_ENCRYPTION_KEY_FILE, else systemd's credential.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ENCRYPTION_KEY_FLAG = '--encryption-key-file <file>';
export const ENCRYPTION_KEY_HELP =
  'holds the keys that secrets are sealed with (default: $EBB_ENCRYPTION_KEY_FILE, else a key in the data folder)';

/** The name of the credential in a systemd unit. */
export const CREDENTIAL = 'ebb-encryption-key';

/** Undefined where none is named: then the data folder has one of its own. */
export function encryptionKeyFile(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const told = flag ?? env.EBB_ENCRYPTION_KEY_FILE;
  if (told) return resolve(told);
  const credential = env.CREDENTIALS_DIRECTORY && join(env.CREDENTIALS_DIRECTORY, CREDENTIAL);
  return credential && existsSync(credential) ? credential : undefined;
}
