// A headless Chromium with a folder of its own, spoken to over a pipe.

import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { DevTools } from './devtools.ts';

/** Its command: Debian's name, unless another is told. */
export const CHROMIUM = process.env.CHROMIUM ?? 'chromium';

export interface Chromium {
  readonly devtools: DevTools;
  /** The last of what it wrote on its own account. */
  said(): string;
  /** Ends it, and removes its folder. */
  close(): Promise<void>;
}

export interface Settings {
  /** Where its folder is made, and its log lies. */
  readonly work: string;
  /** Which host leads where, as `--host-resolver-rules` has it. */
  readonly hosts: string;
  /** When it is ended, whatever it does. */
  readonly deadline: AbortSignal;
}

const LAST_WORDS = 2000;

const FLAGS = [
  '--headless',
  '--remote-debugging-pipe',
  '--no-first-run',
  '--no-default-browser-check',
  '--no-proxy-server',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-extensions',
  // One visit is one try.
  '--disable-auto-reload',
  // It asks nobody but the gateway ...
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // ... and it is the gateway that is to send http to https.
  '--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,MediaRouter,OptimizationHints',
];

/** Whom it trusts stands in the NSS database of its home, `$HOME/.pki/nssdb`. */
export function startChromium({ work, hosts, deadline }: Settings): Chromium {
  const folder = mkdtempSync(join(work, 'chromium-'));
  const own = [`--user-data-dir=${folder}`, `--host-resolver-rules=${hosts}`];
  // Its sandbox does not take root.
  if (process.getuid?.() === 0) own.push('--no-sandbox');
  const logFile = join(work, 'chromium.log');
  const log = openSync(logFile, 'w');
  const child = spawn(CHROMIUM, [...FLAGS, ...own, 'about:blank'], {
    stdio: ['ignore', log, log, 'pipe', 'pipe'],
    signal: deadline,
    killSignal: 'SIGKILL',
  });
  closeSync(log);
  // One that could not be started, or was ended, shows at its pipe.
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.on('error', () => child.pid === undefined && resolve());
  });
  const devtools = new DevTools(child.stdio[4] as Readable, child.stdio[3] as Writable);
  return {
    devtools,
    said: () => readFileSync(logFile, 'utf8').slice(-LAST_WORDS),
    async close() {
      await devtools.call('Browser.close').catch(() => {});
      await ended;
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
