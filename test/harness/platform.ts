// Starts a standalone Ebb of its own for tests from the outside: a data folder of its own, free ports, stopped at the end.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
export const ebbCommand = join(repository, 'bin/ebb');

/** As DIR/endpoints.json has it. */
export interface Endpoints {
  readonly api: string;
  readonly gateway: string;
  readonly gatewayTls: string;
  readonly console: string;
  readonly registry: string;
  readonly example?: string;
}

export interface Platform {
  readonly dataDir: string;
  readonly kubeconfig: string;
  readonly endpoints: Endpoints;
  readonly process: ChildProcess;
  /** Everything it printed so far. */
  output(): string;
  /** Ctrl-C, and waits until it has stopped; the data folder stays. */
  stop(): Promise<void>;
  /** Stops it and removes its data folder. */
  discard(): Promise<void>;
}

const FREE_PORTS = ['api', 'gateway', 'gateway-tls', 'console', 'registry'].flatMap((name) => [`--port-${name}`, '0']);

/** Starts `ebb up`. Throws with its output where it is not ready within `timeoutMs`, once it has stopped again. */
export async function startPlatform(
  options: {
    dataDir?: string;
    args?: readonly string[];
    timeoutMs?: number;
    env?: Readonly<Record<string, string>>;
  } = {},
): Promise<Platform> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'ebb-test-'));
  const child = spawn(ebbCommand, ['up', '--data', dataDir, ...FREE_PORTS, ...(options.args ?? ['--no-example'])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
    await exited;
  };
  const file = join(dataDir, 'endpoints.json');
  try {
    await until(
      () => existsSync(file),
      options.timeoutMs ?? 60_000,
      () => {
        if (child.exitCode !== null) return `it ended with code ${child.exitCode}:\n${printed}`;
        return `it was not ready in time:\n${printed}`;
      },
      () => child.exitCode !== null,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    dataDir,
    kubeconfig: join(dataDir, 'kubeconfig'),
    endpoints: JSON.parse(readFileSync(file, 'utf8')) as Endpoints,
    process: child,
    output: () => printed,
    stop,
    discard: async () => {
      await stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Polls every 20 ms until `holds`; throws what `why` says after `timeoutMs`, or once `hopeless`. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  timeoutMs: number,
  why: () => string,
  hopeless: () => boolean = () => false,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > end || hopeless()) throw new Error(why());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
