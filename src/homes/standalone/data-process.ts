// The data process: found where an earlier control process left it, else started in a session of its own.

import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '#base/mod.ts';
import { backoffMs, messageOf, sleep, systemClock, systemRandom } from '#base/mod.ts';
import type { EngineName, GatewayAddress, GatewayPorts, LinkedControl } from '#gateway/mod.ts';
import { connectControl, runDataProcess } from '#gateway/mod.ts';
import { podsFolder } from '#node/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import type { DiskBounds } from '#storage/mod.ts';
import { RotatingFile, shift } from '#storage/mod.ts';
import { openDataEvents } from './events/data-events.ts';
import { serveDataAdmin } from './data-admin.ts';
import { processTelemetry } from './process-telemetry.ts';
import { requestLogFiles } from './request-logs.ts';
import { logFile } from './platform-log.ts';
import { strayGateways } from './stray-gateways.ts';
import { tidyHeap } from './tidy-heap.ts';

/** How the data process is told what to be. */
export interface DataSettings {
  readonly dataDir: string;
  /** Where each of its listeners listens. */
  readonly hosts: { readonly http: string; readonly https: string; readonly internal: string };
  readonly ports: Required<GatewayPorts>;
  readonly engine: EngineName;
  /** What of the disk events may not take. */
  readonly disk: DiskBounds;
  /** Of the program, for whoever reads its metrics. */
  readonly version: string;
}

export interface DataLink {
  readonly control: LinkedControl;
  readonly address: GatewayAddress;
  readonly pid: number;
  /** The platform stops: the data process begins no delivery and no invocation more. */
  rest(): Promise<void>;
  /** Ends the data process: it drains. */
  stop(): Promise<void>;
}

const socketPath = (dataDir: string) => join(dataDir, 'run', 'gateway.sock');
const recordPath = (dataDir: string) => join(dataDir, 'run', 'gateway.json');

interface DataRecord {
  readonly pid: number;
  /** When the process began, as the system counts, so that a pid given anew is not mistaken. */
  readonly started: string;
  readonly settings: DataSettings;
  readonly build: string;
}

/** The data process that an earlier run of the same build left behind, if it still serves. */
export async function findDataProcess(dataDir: string, build: string): Promise<DataRecord | undefined> {
  const record = recordIn(await readFile(recordPath(dataDir), 'utf8').catch(() => ''));
  if (!record || (await startOf(record.pid)) !== record.started) return endStrays(dataDir);
  if (record.build === build) return record;
  process.kill(record.pid, 'SIGTERM');
  await ended(record.pid);
  return undefined;
}

/** Undefined where there is none, or the machine lost its power before it was written. */
function recordIn(text: string): DataRecord | undefined {
  try {
    return JSON.parse(text) as DataRecord;
  } catch {
    return undefined;
  }
}

/** One that was never noted would keep the socket to itself. It knows no routes yet, so it need not drain. */
async function endStrays(dataDir: string): Promise<undefined> {
  for (const pid of strayGateways(dataDir)) {
    process.kill(pid, 'SIGKILL');
    await ended(pid);
  }
}

/**
 * Starts the data process, or takes over `found`, which goes on with what it knows until `allTold`; one that is new hears
 * by it that what it knows is all there is. `program` is this program's own file.
 */
export async function startDataProcess(
  found: DataRecord | undefined,
  settings: DataSettings,
  program: string,
  build: string,
  clock: Clock,
  log: Logger,
  allTold: Promise<void>,
): Promise<DataLink> {
  const pid = found?.pid ?? (await launch(settings, program, build));
  const keeper = new Keeper(pid, clock, log);
  const control = connectControl(socketPath(settings.dataDir), { clock, log, allTold });
  const address = await unlessGone(control.address(), pid, settings.dataDir);
  const again = { ...settings, ports: portsOf(address, settings.ports) };
  keeper.keep(control, () => launch(again, program, build));
  return {
    control,
    address,
    get pid() {
      return keeper.pid;
    },
    async rest() {
      const late = Promise.withResolvers<void>();
      const timer = clock.after(REST_MS, late.resolve);
      await Promise.race([control.rest(), late.promise]).finally(() => timer.cancel());
    },
    async stop() {
      const pid = await keeper.letGo();
      if (await startOf(pid)) process.kill(pid, 'SIGTERM');
      // From here on nothing is to be told to it.
      await control.close();
      await ended(pid);
      await rm(recordPath(settings.dataDir), { force: true });
    },
  };
}

/** A data process that hangs does not keep the platform from stopping. */
const REST_MS = 2000;

/** What the process itself says where it cannot log: the last words of a crash. */
const processOutput = (dataDir: string) => join(dataDir, 'logs', 'gateway.out');

/** Those that it has, so that one in its place has the same. */
function portsOf(address: GatewayAddress, asked: DataSettings['ports']): DataSettings['ports'] {
  const names = Object.keys(asked) as (keyof DataSettings['ports'])[];
  return Object.fromEntries(names.map((name) => [name, address[name]?.port ?? asked[name]])) as DataSettings['ports'];
}

/** Between two starts of a data process that does not live. */
const REVIVAL = { firstMs: 50, maxMs: 10_000, factor: 3 };

/** Starts a data process anew where one ends unasked. The link tells it everything once it is there. */
class Keeper {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #over = new AbortController();
  #pid: number;
  #reviving: Promise<void> | undefined;

  constructor(pid: number, clock: Clock, log: Logger) {
    this.#pid = pid;
    this.#clock = clock;
    this.#log = log;
  }

  get pid(): number {
    return this.#pid;
  }

  keep(control: LinkedControl, start: () => Promise<number>): void {
    control.onConnection((connected) => {
      if (connected || this.#over.signal.aborted) return;
      this.#reviving ??= this.#revive(control, start).finally(() => (this.#reviving = undefined));
    });
  }

  /** It may end now. Gives the process that is there. */
  async letGo(): Promise<number> {
    this.#over.abort(new Error('the platform stops'));
    await this.#reviving;
    return this.#pid;
  }

  async #revive(control: LinkedControl, start: () => Promise<number>): Promise<void> {
    try {
      for (let starts = 0; !control.connected; ) {
        if (!(await startOf(this.#pid))) {
          starts++;
          this.#log.error('the gateway’s process ended unasked and is started anew', { pid: this.#pid, starts });
          this.#pid = await start();
          await sleep(this.#clock, backoffMs(REVIVAL, starts), this.#over.signal);
        } else await sleep(this.#clock, LOOK_MS, this.#over.signal);
      }
    } catch (error) {
      if (!this.#over.signal.aborted)
        this.#log.error('the gateway’s process could not be started anew', { error: messageOf(error) });
    }
  }
}

/**
 * What Node is told for the data process. Its young generation grows to a quarter of what it would by itself: under a flood of
 * events that is some 40 MB less, for about a hundredth of the CPU.
 */
export const DATA_PROCESS_FLAGS = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=8'] as const;

async function launch(settings: DataSettings, program: string, build: string): Promise<number> {
  const out = processOutput(settings.dataDir);
  mkdirSync(dirname(out), { recursive: true, mode: 0o700 });
  shift(out, 1);
  const log = openSync(out, 'a', 0o600);
  const args = [...DATA_PROCESS_FLAGS, program, 'data', settings.dataDir, JSON.stringify(settings)];
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.unref();
  const pid = child.pid;
  if (pid === undefined)
    throw new Error(`the gateway's process could not be started: ${process.execPath} is not to be run`);
  const record: DataRecord = { pid, started: (await startOf(pid)) ?? '', settings, build };
  await writeFile(`${recordPath(settings.dataDir)}.new`, JSON.stringify(record), { mode: 0o600 });
  await rename(`${recordPath(settings.dataDir)}.new`, recordPath(settings.dataDir));
  return pid;
}

/** What the process is waited for; rejects where it ends first. */
async function unlessGone<T>(wanted: Promise<T>, pid: number, dataDir: string): Promise<T> {
  const waiting = new AbortController();
  const gone = async (): Promise<never> => {
    await ended(pid, waiting.signal);
    throw new Error(
      `the gateway's process ended before it was ready; ${processOutput(dataDir)} and ${logFile(dataDir, 'gateway')} say why`,
    );
  };
  try {
    return await Promise.race([wanted, gone()]);
  } finally {
    waiting.abort();
  }
}

const LOOK_MS = 20;

/** Looks until the process has ended, or nobody wants to know any more. */
async function ended(pid: number, signal?: AbortSignal): Promise<void> {
  const isWanted = () => signal === undefined || !signal.aborted;
  while (isWanted() && (await startOf(pid))) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

/** A token for a process's start; undefined where there is none, or only its remains. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return isAlive(pid) ? '' : undefined;
  }
}

/** Where the system has no /proc. */
function isAlive(pid: number): boolean {
  if (process.platform === 'linux') return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** How long deliveries under way are waited for; what does not end is delivered again after the next start. */
const DELIVERY_GRACE_MS = 5000;

/** What the data process does, from its start to SIGTERM. */
export async function runData(settings: DataSettings): Promise<void> {
  const { dataDir, hosts, ports } = settings;
  const telemetry = processTelemetry({
    service: 'ebb-gateway',
    version: settings.version,
    clock: systemClock,
    random: systemRandom,
    log: { file: new RotatingFile(logFile(dataDir, 'gateway')) },
    out: new RotatingFile(logFile(dataDir, 'gateway-spans')),
  });
  const log = telemetry.log.named('activator');
  const admin = await serveDataAdmin(dataAdminPath(dataDir), telemetry);
  const events = await openDataEvents({
    dataDir,
    disk: settings.disk,
    log: telemetry.log.named('events'),
    metrics: telemetry.metrics,
  });
  const gateway = await runDataProcess({
    ports,
    host: hosts.http,
    httpsHost: hosts.https,
    internalHost: hosts.internal,
    engine: settings.engine,
    socketPath: socketPath(dataDir),
    log,
    metrics: telemetry.metrics,
    tracer: telemetry.tracer,
    requestLog: requestLogFiles(podsFolder(join(dataDir, 'node')), log),
    ingest: events.ingest,
    async: events.async,
    onTold: () => events.told(),
    onRest: () => events.rest(),
  });
  await events.begin(gateway);
  const stopTidying = tidyHeap(systemClock);
  process.once('SIGTERM', () => {
    stopTidying();
    // What is being delivered goes through the gateway, so that closes after it.
    events
      .close(DELIVERY_GRACE_MS)
      .then(() => gateway.close())
      .then(() => telemetry.close())
      .then(() => admin.close())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log.error('the gateway did not close in order', { error: messageOf(error) });
          process.exit(1);
        },
      );
  });
  // Ctrl-C in a terminal is for the control process, which then tells this one.
  process.on('SIGINT', () => {});
}

export const dataAdminPath = (dataDir: string): string => join(dataDir, 'run', 'gateway-admin.sock');
