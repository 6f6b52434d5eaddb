// The systemd unit of a platform. Pure.

export interface UnitOptions {
  /** The words by which this program is run. */
  readonly program: readonly string[];
  readonly dataDir: string;
  /** More flags of `ebb up`. */
  readonly flags: readonly string[];
  readonly scope: 'system' | 'user';
  /** Where programs that functions need are looked for. */
  readonly path: string;
  /** Handed over as a credential, so that only systemd needs to read it. */
  readonly encryptionKeyFile?: string | undefined;
}

export function unitText({ program, dataDir, flags, scope, path, encryptionKeyFile }: UnitOptions): string {
  const command = [...program, 'up', '--data', dataDir, '--no-example', '--log-format', 'json', ...flags];
  const credential = encryptionKeyFile ? [`LoadCredential=ebb-encryption-key:${specifiers(encryptionKeyFile)}`] : [];
  return `${[
    '[Unit]',
    `Description=Ebb, serverless functions and services (${specifiers(dataDir)})`,
    'Wants=network-online.target',
    'After=network-online.target',
    'StartLimitIntervalSec=300',
    'StartLimitBurst=5',
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=${command.map(word).join(' ')}`,
    'Restart=on-failure',
    'RestartSec=2',
    '# What is warm goes on answering while the platform is started again, and is taken over.',
    'KillMode=process',
    'TimeoutStopSec=120',
    'LimitNOFILE=1048576',
    'TasksMax=infinity',
    'UMask=0077',
    `Environment=${word(`PATH=${path}`)}`,
    ...credential,
    '',
    '[Install]',
    `WantedBy=${scope === 'system' ? 'multi-user.target' : 'default.target'}`,
  ].join('\n')}\n`;
}

/** One word of a command line as systemd reads it (systemd.service, "Command lines"; systemd.unit, "Specifiers"). */
function word(text: string): string {
  const escaped = specifiers(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

function specifiers(text: string): string {
  return text.replaceAll('%', '%%');
}
