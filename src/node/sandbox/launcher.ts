// Runs containers in namespaces of their own (Linux, root): network and host name for each Pod, files and processes for each container.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Clock } from '#base/mod.ts';
import type {
  ContainerRecord,
  ContainerRights,
  ContainerStart,
  ContainerUser,
  Launcher,
  RunningContainer,
  Sandbox,
  SandboxRequest,
} from '../launcher.ts';
import { endOf, exitOf, startOf } from '../processes.ts';
import type { Place } from './bridge.ts';
import { Bridge } from './bridge.ts';
import { Router } from './router.ts';
import type { Cgroups, Group } from './cgroups.ts';
import { openCgroups } from './cgroups.ts';
import { USUAL_CAPABILITIES } from './capabilities.ts';
import { converseInside } from './conversation.ts';
import type { Rights } from './entering.ts';
import { failureIn, READY } from './entering.ts';
import { Entry } from './entry.ts';
import type { Inside } from './exec.ts';
import { execInside } from './exec.ts';
import { MemoryFolders } from './memory-folders.ts';
import { hostsText, resolverText } from './pod-files.ts';
import { rootOf, startProblem } from './root-file-system.ts';
import type { PodFiles } from './root-file-system.ts';
import type { Steps } from './script.ts';
import { containerScript, GUARDED_PATHS, mountTables } from './script.ts';
import { run, TOOL_ENV, tool } from './tools.ts';

export interface SandboxLauncherOptions {
  readonly clock: Clock;
  /** For the launcher's own use; tells platforms on one machine apart. */
  readonly folder: string;
  /** Folders of this machine that containers on the machine's own root do not see. */
  readonly hidden: readonly string[];
  /** Addresses of name servers; those of the machine where empty. */
  readonly nameServers: readonly string[];
  /** `cluster.local`. */
  readonly clusterDomain: string;
  /** The network of the addresses of Services; `10.96.0.0/16` unless told. */
  readonly serviceNetwork?: string;
  /** Whether there is a place where what Pods send to the outside arrives; else it comes to this machine, which passes nothing on. */
  readonly hasExit?: boolean;
  warn(message: string, fields: Record<string, unknown>): void;
}

/** The launcher with what the home needs to know of its network. */
export interface SandboxLauncher extends Launcher {
  readonly name: 'sandbox';
  /** This machine's address in the Pods' network. */
  readonly gateway: string;
  /** Opens listeners at addresses of Services, and at its own. */
  readonly listeners: Pick<Router, 'address' | 'tcp' | 'udp'>;
  /** Opens listeners where every address is local: at `0.0.0.0`, for whomever they are meant. */
  readonly exit?: Pick<Router, 'address' | 'tcp' | 'udp'> | undefined;
  /** Takes away what stands ready; Pods that run go on. */
  close(): Promise<void>;
}

const NO_LIMITS = 'this machine has no control groups to write to: limits of processor and memory are not kept';
const NO_FILTERS =
  'this kernel takes no filter of system calls (seccomp): containers are refused nothing beyond what their rights forbid';

/** A Pod's place, as it is noted on disk. */
interface SandboxPlace extends Sandbox {
  readonly place: Place;
  readonly hostname: string;
}

interface SandboxRecord extends ContainerRecord {
  /** What an earlier version noted lacks rights. */
  readonly inside: Omit<Inside, keyof Rights> & Partial<ContainerRights> & { readonly user: ContainerUser };
}

const USUAL_SERVICE_NETWORK = '10.96.0.0/16';

/** Opens the launcher; `sandboxProblem` says beforehand whether this machine allows it. */
export async function sandboxLauncher(options: SandboxLauncherOptions): Promise<SandboxLauncher> {
  const seed = createHash('sha256').update(options.folder).digest('hex').slice(0, 8);
  await mkdir(join(options.folder, 'root'), { recursive: true, mode: 0o700 });
  const entry = Entry.install(options.folder);
  await makeDevices(join(options.folder, 'dev'));
  const bridge = await Bridge.open({
    seed: options.folder,
    routed: options.serviceNetwork ?? USUAL_SERVICE_NETWORK,
    hasExit: options.hasExit ?? false,
    readyFile: join(options.folder, 'ready.json'),
    warn: (message, fields) => options.warn(message, fields),
  });
  const { folder, clock } = options;
  const router = await Router.open(bridge, () => bridge.makeRouter(), join(folder, 'router.json'), clock);
  const exit = options.hasExit
    ? await Router.open(bridge, () => bridge.makeExit(), join(folder, 'exit.json'), clock)
    : undefined;
  const cgroups = openCgroups(`ebb-${seed}`);
  cgroups.sweep();
  return new Sandboxes(options, { bridge, router, exit, cgroups, entry });
}

interface Parts {
  readonly bridge: Bridge;
  readonly router: Router;
  readonly exit: Router | undefined;
  readonly cgroups: Cgroups;
  readonly entry: Entry;
}

class Sandboxes implements SandboxLauncher {
  readonly name = 'sandbox';
  readonly notices: readonly string[];
  readonly #options: SandboxLauncherOptions;
  readonly listeners: Router;
  readonly exit: Router | undefined;
  readonly #bridge: Bridge;
  readonly #cgroups: Cgroups;
  readonly #memory: MemoryFolders;
  readonly #entry: Entry;
  readonly #kernelPaths = new Set(GUARDED_PATHS.filter((path) => existsSync(path)));

  constructor(options: SandboxLauncherOptions, { bridge, router, exit, cgroups, entry }: Parts) {
    this.#options = options;
    this.#bridge = bridge;
    this.listeners = router;
    this.exit = exit;
    this.#cgroups = cgroups;
    this.#entry = entry;
    this.#memory = new MemoryFolders(join(options.folder, 'memory'));
    this.notices = [...(cgroups.version === 'none' ? [NO_LIMITS] : []), ...(entry.hasFilters ? [] : [NO_FILTERS])];
  }

  get gateway(): string {
    return this.#bridge.gateway;
  }

  async prepare(request: SandboxRequest): Promise<SandboxPlace> {
    const { podUid, hostname } = request;
    const place = await this.#bridge.take();
    const sandbox: SandboxPlace = { podUid, address: place.address, hostPorts: {}, place, hostname };
    await this.#writePodFiles(sandbox, request);
    return sandbox;
  }

  async start(sandbox: Sandbox, container: ContainerStart): Promise<RunningContainer> {
    const problem = startProblem(container);
    if (problem) throw new Error(problem);
    const place = sandbox as SandboxPlace;
    const group = this.#cgroups.group(groupName(container.id), {
      memory: container.memoryLimit,
      cpu: container.cpuLimit,
      cpuRequest: container.cpuRequest,
    });
    const folder = join(this.#podFolder(sandbox), container.id.split('/').slice(1).join('-'));
    await Promise.all(['upper', 'work'].map((name) => mkdir(join(folder, name), { recursive: true, mode: 0o755 })));
    const entrance = { ...rightsOf(container), env: [...new Map(container.env)], workingDir: container.workingDir };
    const plan = await this.#entry.plan({ ...entrance, root: '.', command: container.command, starter: STARTER_FD });
    const steps = this.#steps(place, container, group, folder, plan.file);
    const script = join(folder, 'start.sh');
    const tables = mountTables(steps);
    await Promise.all([
      writeFile(script, containerScript(steps, tool), { mode: 0o600 }),
      writeFile(steps.tables.root, tables.root),
      writeFile(steps.tables.inside, tables.inside),
    ]);
    try {
      return await this.#spawn(place, container, { ...entrance, cgroups: steps.cgroups }, script, group);
    } catch (error) {
      group?.remove();
      throw error;
    } finally {
      await Promise.all([rm(script, { force: true }), plan.remove()]);
    }
  }

  async #spawn(
    place: SandboxPlace,
    container: ContainerStart,
    entrance: Omit<Inside, 'pid'>,
    script: string,
    group: Group | undefined,
  ): Promise<RunningContainer> {
    const log = openSync(container.logFile, 'a', 0o640);
    const words = [
      '--target',
      String(place.place.holder),
      '--net',
      '--uts',
      '--ipc',
      '--',
      tool('unshare'),
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      '--',
      tool('sh'),
      script,
    ];
    const child = spawn(tool('nsenter'), words, {
      env: TOOL_ENV,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', log, log],
      detached: true,
    });
    closeSync(log);
    const exited = exitOfUnshare(child);
    const pid = await startedFrom(child.stdio[STARTER_FD] as Readable, exited);
    const inside: Inside = { ...entrance, pid };
    const record: SandboxRecord = { id: container.id, pid, started: startOf(pid) ?? '', inside };
    const ended = exited.then(({ code, signal }) => {
      const oomKilled = group?.wasKilledForMemory() ?? false;
      this.#tidy(group, dirname(script));
      return exitOf(code, signal, oomKilled);
    });
    return { ...running(record, ended, this.#entry, this.#options.clock), usage: () => group?.usage() };
  }

  #steps(
    place: SandboxPlace,
    container: ContainerStart,
    group: Group | undefined,
    folder: string,
    plan: string,
  ): Steps {
    const isHost = container.rootfs === 'host';
    return {
      root: join(this.#options.folder, 'root'),
      tables: { root: join(folder, 'root.fstab'), inside: join(folder, 'inside.fstab') },
      ...rootOf(container, this.#podFiles(place), this.#options.hidden),
      writes: isHost ? 'memory' : { upper: join(folder, 'upper'), work: join(folder, 'work') },
      readOnlyRoot: container.readOnlyRoot,
      hostname: place.hostname,
      cgroups: group?.folders ?? [],
      cgroupViews: group?.views ?? [],
      detached: this.#memory.shared,
      devices: join(this.#options.folder, 'dev'),
      kernelPaths: this.#kernelPaths,
      entry: { program: this.#entry.program, plan },
    };
  }

  async adopt(sandbox: Sandbox, record: ContainerRecord): Promise<RunningContainer | undefined> {
    if (startOf(record.pid) !== record.started) return undefined;
    const group = this.#cgroups.find(groupName(record.id));
    const folder = join(this.#podFolder(sandbox), record.id.split('/').slice(1).join('-'));
    const ended = endOf(record.pid, record.started, this.#options.clock).then((exit) => {
      const oomKilled = group?.wasKilledForMemory() ?? false;
      this.#tidy(group, folder);
      return { ...exit, oomKilled };
    });
    const found = running(record as SandboxRecord, ended, this.#entry, this.#options.clock);
    return { ...found, usage: () => group?.usage() };
  }

  folderInMemory(podUid: string, name: string, bytes: number | undefined): Promise<string> {
    return this.#memory.mount(podUid, name, bytes);
  }

  async discard(sandbox: Sandbox): Promise<void> {
    this.#bridge.release((sandbox as SandboxPlace).place);
    await this.#memory.release(sandbox.podUid);
    await rm(this.#podFolder(sandbox), { recursive: true, force: true, maxRetries: 5 });
  }

  async close(): Promise<void> {
    this.listeners.close();
    this.exit?.close();
    await this.#bridge.close();
    this.#cgroups.sweep();
  }

  /** The group may hold on for a moment; what is left is removed with the next container of that name or at the next start. */
  #tidy(group: Group | undefined, folder: string): void {
    rmSync(folder, { recursive: true, force: true });
    if (group && !group.remove()) this.#options.clock.after(TIDY_MS, () => group.remove());
  }

  #podFolder({ podUid }: Sandbox): string {
    return join(this.#options.folder, 'pods', podUid);
  }

  #podFiles(sandbox: Sandbox): PodFiles {
    const at = (name: string) => join(this.#podFolder(sandbox), name);
    return { '/etc/hosts': at('hosts'), '/etc/hostname': at('hostname'), '/etc/resolv.conf': at('resolv.conf') };
  }

  async #writePodFiles(sandbox: SandboxPlace, request: SandboxRequest): Promise<void> {
    await mkdir(this.#podFolder(sandbox), { recursive: true, mode: 0o755 });
    const files = this.#podFiles(sandbox);
    const resolver = this.#options;
    await Promise.all([
      writeFile(files['/etc/hosts'], hostsText(request, sandbox.address, resolver.clusterDomain)),
      writeFile(files['/etc/hostname'], `${sandbox.hostname}\n`),
      writeFile(files['/etc/resolv.conf'], resolverText(request, resolver)),
    ]);
  }
}

/** How long a group of control groups is given to lose its last process. */
const TIDY_MS = 100;

function groupName(id: string): string {
  return id.replaceAll('/', '_');
}

/** Where a container's starter hears how it goes. */
const STARTER_FD = 3;

const USUAL_RIGHTS: ContainerRights = {
  capabilities: USUAL_CAPABILITIES,
  noNewPrivileges: true,
  seccomp: 'RuntimeDefault',
};

interface Asked {
  readonly user?: ContainerUser | undefined;
  readonly rights?: Partial<ContainerRights> | undefined;
}

function rightsOf({ user, rights }: Asked): Rights {
  const { uid = 0, gid = 0, groups = [] } = user ?? {};
  const { capabilities, noNewPrivileges, seccomp } = { ...USUAL_RIGHTS, ...rights };
  return { capabilities, noNewPrivileges, seccomp, user: { uid, gid, groups } };
}

function running(
  record: SandboxRecord,
  exited: RunningContainer['exited'],
  entry: Entry,
  clock: Clock,
): RunningContainer {
  const { pid, started } = record;
  const inside: Inside = { ...record.inside, ...rightsOf({ ...record.inside, rights: record.inside }) };
  return {
    pid,
    record,
    exited,
    signal(name) {
      if (startOf(pid) === started) process.kill(pid, name);
    },
    exec: (command, timeoutMs) => execInside(inside, entry, command, timeoutMs, clock),
    converse: (command, asked) => converseInside(inside, entry, command, asked),
  };
}

interface RawExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** `unshare` ends as the program did, but for a program that was killed: then it fails with these words of its own. */
const KILLED = /sigprocmask/;

function exitOfUnshare(child: ChildProcess): Promise<RawExit> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve(code === 1 && KILLED.test(said) ? { code: null, signal: 'SIGKILL' } : { code, signal }),
    );
  });
}

/** What is told on the starter's channel: the program's process once all but the program itself is done, or why there will be none. */
async function startedFrom(channel: Readable, exited: Promise<unknown>): Promise<number> {
  let heard = Buffer.alloc(0);
  // The process that waits for the program keeps the channel open, so what is said counts and not its end.
  for await (const chunk of channel) {
    heard = Buffer.concat([heard, chunk as Buffer]);
    const said = heard.toString('latin1');
    const pid = /^pid (\d+)$/m.exec(said)?.[1];
    if (pid !== undefined && said.endsWith(READY)) return Number(pid);
    if (failureIn(heard) !== undefined || (pid === undefined && said.endsWith('\n'))) break;
  }
  await exited;
  const why = failureIn(heard) ?? heard.toString().trim();
  throw new Error(`unable to start container process: ${why || 'its namespaces could not be made'}`);
}

const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
const LINKS: Readonly<Record<string, string>> = {
  fd: '/proc/self/fd',
  stdin: '/proc/self/fd/0',
  stdout: '/proc/self/fd/1',
  stderr: '/proc/self/fd/2',
  ptmx: 'pts/ptmx',
  core: '/proc/kcore',
};

/** The /dev of every container: the devices that each must have and nothing more. */
async function makeDevices(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  await run('cp', ['--archive', ...DEVICES.map((name) => `/dev/${name}`), folder]);
  for (const name of ['pts', 'shm', 'mqueue']) mkdirSync(join(folder, name), { mode: 0o755 });
  for (const [name, target] of Object.entries(LINKS)) symlinkSync(target, join(folder, name));
  writeFileSync(join(folder, 'termination-log'), '', { mode: 0o666 });
  const made = new Set(readdirSync(folder));
  const missing = DEVICES.filter((name) => !made.has(basename(name)));
  if (missing.length > 0) throw new Error(`the devices ${missing.join(', ')} could not be made in ${folder}`);
}
