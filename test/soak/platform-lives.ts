// One data folder over many lives of a platform: starts it, kills its processes, and finds what is left of it.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Endpoints } from '../harness/platform.ts';
import { strayGateways } from '../../src/homes/standalone/stray-gateways.ts';
import { ebbCommand, until } from '../harness/platform.ts';

const PORTS = ['api', 'gateway', 'gateway-tls', 'console', 'registry'].flatMap((name) => [`--port-${name}`, '0']);
/** A start may take long where the machine has much else to do. */
const READY_MS = 180_000;

/** From one start of the control process to its end. */
export class Life {
  readonly dataDir: string;
  readonly beganAt = performance.now();
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #stale: string | undefined;
  #printed = '';

  constructor(dataDir: string, ebb = ebbCommand) {
    this.dataDir = dataDir;
    this.#stale = identityOf(this.#endpointsFile);
    const args = ['up', '--data', dataDir, ...PORTS, '--no-example', '--launcher', 'process'];
    this.#child = spawn(ebb, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#printed += text));
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()));
  }

  get #endpointsFile(): string {
    return join(this.dataDir, 'endpoints.json');
  }

  get output(): string {
    return this.#printed;
  }

  get controlPid(): number {
    return this.#child.pid ?? 0;
  }

  get dataPid(): number {
    return (JSON.parse(readFileSync(join(this.dataDir, 'run/gateway.json'), 'utf8')) as { pid: number }).pid;
  }

  /** Milliseconds since the start. */
  get ageMs(): number {
    return performance.now() - this.beganAt;
  }

  /** Resolves with the age at which the endpoints of an earlier life were gone. */
  async staleGone(): Promise<number> {
    await this.#when(
      () => this.#stale === undefined || identityOf(this.#endpointsFile) !== this.#stale,
      'did not take the old endpoints.json away',
    );
    return this.ageMs;
  }

  /** Resolves when this life's own endpoints are there. */
  async ready(): Promise<Endpoints> {
    await this.staleGone();
    await this.#when(() => identityOf(this.#endpointsFile) !== undefined, 'was not ready in time');
    return JSON.parse(readFileSync(this.#endpointsFile, 'utf8')) as Endpoints;
  }

  async killControl(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Also one that its control process has not noted yet. Nothing happens where there is none. */
  async killData(): Promise<void> {
    const pids = strayGateways(this.dataDir);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until(
      () => !pids.some(isAlive),
      READY_MS,
      () => 'the killed data process goes on',
    );
  }

  /** All at once, with what is only just being started. */
  async killAll(): Promise<void> {
    await this.killControl();
    await until(
      () => {
        const left = processesOf(this.dataDir);
        for (const { pid } of left) process.kill(pid, 'SIGKILL');
        return left.length === 0;
      },
      READY_MS,
      () => 'a killed process goes on',
    );
  }

  /** Ctrl-C. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGINT');
    await this.#exited;
  }

  #when(holds: () => boolean, what: string): Promise<void> {
    const hasEnded = () => this.#child.exitCode !== null || this.#child.signalCode !== null;
    return until(holds, READY_MS, () => `the platform ${what}:\n${this.#printed}`, hasEnded);
  }
}

/** Tells a file from one of the same name that was written later. */
function identityOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  return found && `${found.ino} ${found.mtimeMs}`;
}

export function isAlive(pid: number): boolean {
  const stat = safely(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return stat !== undefined && stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
}

export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

/** Processes that name the folder in their command, or write into it. */
export function processesOf(dataDir: string): Leftover[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.flatMap((pid) => {
    const command = safely(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.replaceAll('\0', ' ') ?? '';
    const output = safely(() => readlinkSync(`/proc/${pid}/fd/1`)) ?? '';
    const belongs = isAlive(Number(pid)) && (command.includes(dataDir) || output.startsWith(dataDir));
    return belongs ? [{ pid: Number(pid), command }] : [];
  });
}

function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
