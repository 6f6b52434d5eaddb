// Which launcher runs Pods here: the sandbox where the machine allows it, unless told otherwise.

import { join } from 'node:path';
import type { Clock } from '#base/mod.ts';
import { NAME_SERVER_ADDRESS } from '#network/mod.ts';
import type { Launcher, SandboxLauncher } from '#node/mod.ts';
import { processLauncher, sandboxLauncher, sandboxProblem } from '#node/mod.ts';
import type { Logger } from '#telemetry/mod.ts';

export interface ChosenLauncher {
  readonly launcher: Launcher;
  /** Opens listeners at addresses that Pods reach; absent where Pods share this machine's network. */
  readonly listeners?: SandboxLauncher['listeners'];
  /** Opens listeners where what Pods send to the outside arrives; absent where it does not. */
  readonly exit?: SandboxLauncher['exit'];
  readonly notices: readonly string[];
  close(): Promise<void>;
}

export interface LauncherWishes {
  readonly wanted: 'auto' | 'sandbox' | 'process';
  readonly dataDir: string;
  /** With the keys by which secrets are sealed; what runs does not see it, nor the data folder. */
  readonly keyFile: string | undefined;
  /** Whether Pods get out into the world. */
  readonly hasExit: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Throws Error where the sandbox is asked for and cannot be had. */
export async function chooseLauncher({
  wanted,
  dataDir,
  keyFile,
  hasExit,
  clock,
  log,
}: LauncherWishes): Promise<ChosenLauncher> {
  const problem = wanted === 'process' ? undefined : sandboxProblem();
  if (wanted === 'sandbox' && problem)
    throw new Error(`the sandbox launcher cannot be had here: ${problem}. Use --launcher process.`);
  if (wanted === 'process' || problem) return onProcesses(clock, problem);
  const sandbox = await sandboxLauncher({
    clock,
    folder: join(dataDir, 'sandbox'),
    hidden: [dataDir, ...(keyFile === undefined ? [] : [keyFile])],
    hasExit,
    nameServers: [NAME_SERVER_ADDRESS],
    clusterDomain: 'cluster.local',
    warn: (message, fields) => log.warn(message, fields),
  });
  const { listeners, exit, notices } = sandbox;
  return { launcher: sandbox, listeners, exit, notices, close: () => sandbox.close() };
}

function onProcesses(clock: Clock, problem: string | undefined): ChosenLauncher {
  const launcher = processLauncher(clock);
  const why = problem ? [`no sandbox here: ${problem}`] : [];
  return { launcher, notices: [...why, ...launcher.notices], close: async () => {} };
}
