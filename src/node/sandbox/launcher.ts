// Runs containers in namespaces of their own (Linux, root): network and host name for each Pod, files and processes for each container.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import type {
  ContainerRecord,
  ContainerStart,
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
import { lackNotice, openCgroups } from './cgroups-open.ts';
import { makeDevices } from './devices.ts';
import { Entry } from './entry.ts';
import type { Inside } from './exec.ts';
import { MemoryFolders } from './memory-folders.ts';
import { hostsText, resolverText } from './pod-files.ts';
import { Removals } from './removals.ts';
import { rootOf, startProblem } from './root-file-system.ts';
import type { PodFiles } from './root-file-system.ts';
import type { SandboxRecord } from './running.ts';
import { rightsOf, runningFrom } from './running.ts';
import type { Steps } from './script.ts';
import { containerScript, GUARDED_PATHS, mountTables } from './script.ts';
import { beginInside, STARTER_FD } from './starter.ts';
import { tool } from './tools.ts';

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

const NO_FILTERS =
  'this kernel takes no filter of system calls (seccomp): containers are refused nothing beyond what their rights forbid';

/** A Pod's place, as it is noted on disk. */
interface SandboxPlace extends Sandbox {
  readonly place: Place;
  readonly hostname: string;
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
  const cgroups = openCgroups(`ebb-${seed}`, { warn: (message, fields) => options.warn(message, fields) });
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
  readonly isIsolated = true;
  readonly notices: readonly string[];
  readonly #options: SandboxLauncherOptions;
  readonly listeners: Router;
  readonly exit: Router | undefined;
  readonly #bridge: Bridge;
  readonly #cgroups: Cgroups;
  readonly #memory: MemoryFolders;
  readonly #entry: Entry;
  readonly #removals = new Removals();
  readonly #kernelPaths = new Set(GUARDED_PATHS.filter((path) => existsSync(path)));

  constructor(options: SandboxLauncherOptions, { bridge, router, exit, cgroups, entry }: Parts) {
    this.#options = options;
    this.#bridge = bridge;
    this.listeners = router;
    this.exit = exit;
    this.#cgroups = cgroups;
    this.#entry = entry;
    this.#memory = new MemoryFolders(join(options.folder, 'memory'));
    this.notices = [...(cgroups.lack ? [lackNotice(cgroups.lack)] : []), ...(entry.hasFilters ? [] : [NO_FILTERS])];
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
    const folder = this.#containerFolder(container.id);
    const parts = container.rootfs === 'host' ? [''] : ['upper', 'work'];
    await Promise.all(parts.map((name) => mkdir(join(folder, name), { recursive: true, mode: 0o755 })));
    const entrance = { ...rightsOf(container), env: [...new Map(container.env)], workingDir: container.workingDir };
    const plan = await this.#entry.plan({
      ...entrance,
      root: '.',
      command: container.command,
      // The script has moved the process into its group by then.
      ownCgroups: true,
      starter: STARTER_FD,
    });
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
    const { holder } = place.place;
    const { pid, exited } = await beginInside({ holder, script, logFile: container.logFile });
    const inside: Inside = { ...entrance, pid };
    const record: SandboxRecord = { id: container.id, pid, started: startOf(pid) ?? '', inside };
    const ended = exited.then(({ code, signal }) => {
      const oomKilled = group?.wasKilledForMemory() ?? false;
      this.#tidy(group, dirname(script));
      return exitOf(code, signal, oomKilled);
    });
    return { ...this.#running(record, ended), usage: () => group?.usage() };
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

  async adopt(_sandbox: Sandbox, record: ContainerRecord): Promise<RunningContainer | undefined> {
    if (startOf(record.pid) !== record.started) return undefined;
    const group = this.#cgroups.find(groupName(record.id));
    const folder = this.#containerFolder(record.id);
    const ended = endOf(record.pid, record.started, this.#options.clock).then((exit) => {
      const oomKilled = group?.wasKilledForMemory() ?? false;
      this.#tidy(group, folder);
      return { ...exit, oomKilled };
    });
    return { ...this.#running(record as SandboxRecord, ended), usage: () => group?.usage() };
  }

  #running(record: SandboxRecord, ended: RunningContainer['exited']): RunningContainer {
    const running = runningFrom(record, ended, { entry: this.#entry, clock: this.#options.clock });
    const writes = join(this.#containerFolder(record.id), 'upper');
    // Not made where what it writes is in memory.
    return existsSync(writes) ? { ...running, writes } : running;
  }

  folderInMemory(podUid: string, name: string, bytes: number | undefined): Promise<string> {
    return this.#memory.mount(podUid, name, bytes);
  }

  async discard(sandbox: Sandbox): Promise<void> {
    this.#bridge.release((sandbox as SandboxPlace).place);
    await this.#memory.release(sandbox.podUid);
    await this.#removals.remove(this.#podFolder(sandbox));
  }

  async close(): Promise<void> {
    this.listeners.close();
    this.exit?.close();
    await this.#bridge.close();
    this.#cgroups.sweep();
    await this.#removals.settled();
  }

  /**
   * Nobody waits for the folder: no later run has the same one. What stays of it, were the platform killed meanwhile, goes with the Pod's.
   * The group may hold on for a moment; what is left is removed with the next container of that name or at the next start.
   */
  #tidy(group: Group | undefined, folder: string): void {
    this.#removals
      .remove(folder)
      .catch((error: unknown) =>
        this.#options.warn('what a container wrote could not be removed', { folder, error: messageOf(error) }),
      );
    if (group && !group.remove()) this.#options.clock.after(TIDY_MS, () => group.remove());
  }

  #podFolder({ podUid }: Pick<Sandbox, 'podUid'>): string {
    return join(this.#options.folder, 'pods', podUid);
  }

  /** Of one run of a container, by its id. */
  #containerFolder(id: string): string {
    const [podUid = '', ...name] = id.split('/');
    return join(this.#podFolder({ podUid }), name.join('-'));
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
