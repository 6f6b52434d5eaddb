// The node agent: runs the Pods that are bound to this machine, and tells the API how they and the machine are.

import { mkdir, readdir, rm } from 'node:fs/promises';
import { availableParallelism, hostname, release, totalmem } from 'node:os';
import { join, relative } from 'node:path';
import type { Clock, Timer } from '#base/mod.ts';
import { messageOf, rfc3339, rfc3339Micro, watchJumps } from '#base/mod.ts';
import {
  ConfigMap,
  Lease,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  QUEUE_CONTAINER,
  Secret,
  ServiceAccount,
} from '#kinds/mod.ts';
import { ApiError, badRequest, notFound } from '#machinery/mod.ts';
import type {
  Client,
  ExecOptions,
  ExecStreams,
  Informers,
  LogOptions,
  PodStreams,
  ResourceMetrics,
} from '#objects/mod.ts';
import { EndedPods } from './ended-pods.ts';
import { HALT_GRACE_MS } from './grace.ts';
import type { Launcher, RunningContainer } from './launcher.ts';
import type { LocalVolumes } from './local-volumes.ts';
import { logFile, openLog, podsFolder, readLog, requestLogFile } from './logs.ts';
import type { ImagePuller, PodPorts, ReadyImage } from './pod-ports.ts';
import { PodWorker } from './pod-worker.ts';
import { killOne, startOf, writersInto } from './processes.ts';
import { attachedTo, portStream, streamsOf } from './pod-streams.ts';
import { PodRecords } from './record.ts';
import { UsageSampler } from './usage.ts';

/** What an agent needs beside the API. */
export interface AgentOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly launcher: Launcher;
  readonly images: ImagePuller;
  readonly nodeName: string;
  readonly hostIP: string;
  /** Holds `pods/`, and `running/` with the record of what runs. */
  readonly folder: string;
  /** Storage of claims. */
  readonly localVolumes: LocalVolumes;
  readonly environment: readonly (readonly [string, string])[];
  drain: PodPorts['drain'];
  /** Signs a token for a ServiceAccount that lives as long as its Pod. */
  sign(pod: Pod, account: ServiceAccount, audience: string | undefined, seconds: number): string;
  event: PodPorts['event'];
  warn: PodPorts['warn'];
}

export interface NodeAgent {
  readonly streams: PodStreams;
  /** What Pods and the machine use. */
  readonly usage: ResourceMetrics;
  /**
   * Stops looking after Pods. What runs goes on, unless `andPods`: then every container is stopped, within 10 seconds. `tell`
   * hears which Pods (`NAMESPACE/NAME`) are still waited for, and until when (milliseconds since 1970) at the latest.
   */
  stop(andPods: boolean, tell?: (pods: readonly string[], until: number) => void): Promise<void>;
}

const HEARTBEAT_MS = 10_000;
const LEASE_SECONDS = 40;
const REFRESH_MS = 1000;
const PODS = 1000;

/** Starts at once; the Node is there and ready when it resolves. */
export async function startAgent(options: AgentOptions): Promise<NodeAgent> {
  await mkdir(podsFolder(options.folder), { recursive: true, mode: 0o755 });
  const agent = new Agent(options, await EndedPods.open(join(options.folder, 'ended'), options.clock));
  await agent.begin();
  return agent;
}

class Agent implements NodeAgent {
  readonly #options: AgentOptions;
  readonly #ports: Omit<PodPorts, 'volumes'>;
  readonly #records: PodRecords;
  readonly #ended: EndedPods;
  readonly #workers = new Map<string, PodWorker>();
  readonly usage: UsageSampler;
  readonly #stops: (() => void)[] = [];
  #heartbeat: Timer | undefined;
  #refresh: Timer | undefined;
  /** Namespaces in which a config map or secret has changed since the last refresh. */
  readonly #stale = new Set<string>();
  #stopped = false;

  constructor(options: AgentOptions, ended: EndedPods) {
    this.#options = options;
    this.#ended = ended;
    const { client, clock, launcher, images, nodeName, hostIP, environment, folder, informers } = options;
    this.#records = new PodRecords(join(folder, 'running'));
    this.usage = new UsageSampler({
      clock,
      nodeName,
      pods: () => [...this.#workers.values()].map(({ running }) => running),
    });
    this.#ports = {
      client,
      clock,
      launcher,
      images,
      environment,
      facts: { nodeName, hostIP, capacity: { cpu: availableParallelism(), memory: totalmem() } },
      folder: podsFolder(folder),
      drain: options.drain,
      keepEnded: (pod, from) => ended.keep(pod, from),
      note: (uid, record) => this.#records.note(uid, record),
      event: options.event,
      warn: options.warn,
    };
    for (const kind of [Pod, ConfigMap, Secret, ServiceAccount, PersistentVolumeClaim, PersistentVolume])
      informers.of(kind);
  }

  async begin(): Promise<void> {
    this.#options.launcher.onMoved?.((uid, hostPorts) => this.#workers.get(uid)?.move(hostPorts));
    this.#killStrays();
    await this.#beat();
    const { informers } = this.#options;
    this.#stops.push(
      informers.of(Pod).onChange(({ before, after }) => this.#see(before, after)),
      informers
        .of(ConfigMap)
        .onChange(({ before, after }) => this.#refreshSoon((after ?? before)?.metadata.namespace ?? '')),
      informers
        .of(Secret)
        .onChange(({ before, after }) => this.#refreshSoon((after ?? before)?.metadata.namespace ?? '')),
    );
    this.#stops.push(this.usage.begin());
    // Tokens are valid by the wall clock.
    this.#stops.push(watchJumps(this.#options.clock, () => this.#refreshAll()));
    this.#reap();
    await this.#sweep();
  }

  #see(before: Pod | undefined, after: Pod | undefined): void {
    if (this.#stopped) return;
    const uid = (after ?? before)?.metadata.uid ?? '';
    const worker = this.#workers.get(uid);
    if (worker) return after ? worker.update(after) : worker.vanish();
    if (!after) return this.#clear(uid);
    if (after.spec.nodeName !== this.#options.nodeName) return;
    if (after.status?.phase === 'Succeeded' || after.status?.phase === 'Failed') return this.#forgetEnded(after);
    const made = new PodWorker(after, this.#portsFor(after));
    this.#workers.set(uid, made);
    void made.gone.then(() => this.#workers.delete(uid));
    if (after.metadata.deletionTimestamp && !this.#records.all().has(uid)) return made.update(after);
    void made.begin(this.#records.all().get(uid)).then(() => {
      if (after.metadata.deletionTimestamp) made.update(after);
    });
  }

  /** A Pod that has ended needs only to be let go of. */
  #forgetEnded(pod: Pod): void {
    if (!pod.metadata.deletionTimestamp) return;
    const { namespace = '', name, uid } = pod.metadata;
    this.#options.client
      .delete(Pod, namespace, name, { gracePeriodSeconds: 0, ...(uid ? { uid } : {}) })
      .catch((error: unknown) => {
        if (!(error instanceof ApiError))
          this.#options.warn('an ended Pod could not be removed', { pod: name, error: messageOf(error) });
      });
  }

  /** Folders of Pods that went while no platform looked after them. */
  async #sweep(): Promise<void> {
    const pods = new Set(
      this.#options.informers
        .of(Pod)
        .list()
        .map(({ metadata }) => metadata.uid),
    );
    for (const uid of await readdir(this.#ports.folder)) if (!pods.has(uid)) this.#clear(uid);
  }

  /** Takes away what is left of a Pod that is gone. */
  #clear(uid: string): void {
    if (!uid) return;
    rm(join(this.#ports.folder, uid), { recursive: true, force: true, maxRetries: 5 }).catch((error: unknown) =>
      this.#options.warn('the folder of a Pod could not be removed', { uid, error: messageOf(error) }),
    );
  }

  /** References of a Pod lead into its own namespace. */
  #portsFor(pod: Pod): PodPorts {
    const { namespace = '' } = pod.metadata;
    const { informers } = this.#options;
    const { images, launcher, localVolumes } = this.#options;
    return {
      ...this.#ports,
      volumes: {
        configMap: (name) => informers.of(ConfigMap).get(namespace, name),
        secret: (name) => informers.of(Secret).get(namespace, name),
        claim: (name) => informers.of(PersistentVolumeClaim).get(namespace, name),
        volume: (name) => informers.of(PersistentVolume).get('', name),
        token: (of, audience, seconds) => this.#token(of, audience, seconds),
        local: localVolumes,
        image: async (of, reference) => contentOf(await images.bring(reference, of)),
        memory: async (uid, name, bytes) => launcher.folderInMemory?.(uid, name, bytes),
      },
    };
  }

  async #token(pod: Pod, audience: string | undefined, seconds: number): Promise<string> {
    const { namespace = '' } = pod.metadata;
    const name = pod.spec.serviceAccountName ?? 'default';
    const account = await this.#options.client.get(ServiceAccount, namespace, name);
    if (!account) throw new Error(`service account ${namespace}/${name} does not exist`);
    return this.#options.sign(pod, account, audience, seconds);
  }

  /** What was started so shortly before an earlier platform was killed that it was not noted, and cannot be taken over. */
  #killStrays(): void {
    const folder = this.#ports.folder;
    const noted = [...this.#records.all()].flatMap(([uid, { containers }]) =>
      Object.entries(containers).flatMap(([name, { record, run }]) =>
        startOf(record.pid) === record.started ? [relative(folder, logFile(folder, uid, name, run))] : [],
      ),
    );
    const known = new Set(noted);
    for (const { pid, file } of writersInto(folder)) if (!known.has(file)) killOne(pid);
  }

  /** Containers whose Pods went while no platform looked after them. */
  #reap(): void {
    const pods = new Set(
      this.#options.informers
        .of(Pod)
        .list()
        .map(({ metadata }) => metadata.uid),
    );
    for (const [uid, { sandbox, containers }] of this.#records.all()) {
      if (pods.has(uid)) continue;
      void this.#kill(
        uid,
        sandbox,
        Object.values(containers).map(({ record }) => record),
      );
    }
  }

  async #kill(
    uid: string,
    sandbox: Parameters<Launcher['adopt']>[0],
    records: readonly Parameters<Launcher['adopt']>[1][],
  ): Promise<void> {
    for (const record of records) {
      const running = await this.#options.launcher.adopt(sandbox, record);
      running?.signal('SIGKILL');
      await running?.exited;
    }
    await this.#options.launcher.discard(sandbox);
    this.#records.note(uid, undefined);
  }

  #refreshAll(): void {
    for (const { namespace } of this.#workers.values()) this.#refreshSoon(namespace);
  }

  #refreshSoon(namespace: string): void {
    this.#stale.add(namespace);
    this.#refresh ??= this.#options.clock.after(REFRESH_MS, () => {
      this.#refresh = undefined;
      const namespaces = new Set(this.#stale);
      this.#stale.clear();
      for (const worker of this.#workers.values())
        if (namespaces.has(worker.namespace))
          worker
            .refresh()
            .catch((error: unknown) =>
              this.#options.warn('volumes could not be brought up to date', { error: messageOf(error) }),
            );
    });
  }

  async #beat(): Promise<void> {
    try {
      await this.#reportNode();
      await this.#renewLease();
    } catch (error) {
      this.#options.warn('the heartbeat of the node failed', { error: messageOf(error) });
    }
    if (!this.#stopped) this.#heartbeat = this.#options.clock.after(HEARTBEAT_MS, () => void this.#beat());
  }

  async #reportNode(): Promise<void> {
    const { client, nodeName } = this.#options;
    const there = await client.get(Node, '', nodeName);
    const node =
      there ??
      (await client.create(Node, {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: nodeName, labels: nodeLabels(nodeName) },
        spec: {},
      }));
    const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
    if (ready?.status === 'True') return;
    await client.updateStatus(Node, { ...node, status: this.#nodeStatus() });
  }

  #nodeStatus(): Node['status'] {
    const { clock, hostIP, nodeName, launcher } = this.#options;
    const now = rfc3339(clock.now());
    const capacity = {
      cpu: String(availableParallelism()),
      memory: `${Math.floor(totalmem() / 1024)}Ki`,
      pods: String(PODS),
      'ephemeral-storage': '100Gi',
    };
    return {
      capacity,
      allocatable: capacity,
      addresses: [
        { type: 'InternalIP', address: hostIP },
        { type: 'Hostname', address: nodeName },
      ],
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'the node agent is ready',
          lastHeartbeatTime: now,
          lastTransitionTime: now,
        },
      ],
      nodeInfo: {
        kernelVersion: release(),
        osImage: process.platform,
        operatingSystem: process.platform,
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
        containerRuntimeVersion: `ebb-${launcher.name}://1`,
        kubeletVersion: 'v1.34.0+ebb',
        kubeProxyVersion: '',
        machineID: '',
        systemUUID: '',
        bootID: '',
      },
    };
  }

  async #renewLease(): Promise<void> {
    const { client, nodeName, clock } = this.#options;
    const spec = {
      holderIdentity: nodeName,
      leaseDurationSeconds: LEASE_SECONDS,
      renewTime: rfc3339Micro(clock.now()),
    };
    const there = await client.get(Lease, 'kube-node-lease', nodeName);
    if (there) await client.update(Lease, { ...there, spec: { ...there.spec, ...spec } });
    else
      await client.create(Lease, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: nodeName, namespace: 'kube-node-lease' },
        spec,
      });
  }

  readonly streams: PodStreams = {
    logs: (pod, options, signal) => this.#logs(pod, options, signal),
    ended: async (namespace) => this.#ended.list(namespace),
    exec: (pod, options, signal) => this.#exec(pod, options, signal),
    portForward: async ({ metadata }, port, signal) => {
      const worker = this.#workers.get(metadata.uid ?? '');
      if (!worker) throw new Error(`pod ${metadata.name} does not run here`);
      return portStream(worker.addressOf(port), signal);
    },
    attach: async (pod, options, signal) =>
      attachedTo(this.#running(pod, options.container), () =>
        this.#logs(pod, { ...options, follow: true, tailLines: 0 }, signal),
      ),
  };

  async #exec(pod: Pod, options: ExecOptions, signal: AbortSignal): Promise<ExecStreams> {
    const { running } = this.#running(pod, options.container);
    if (!running.converse)
      throw new ApiError(501, 'NotImplemented', 'commands cannot be run in containers of this kind');
    const conversation = await running.converse(options.command, options).catch((error: unknown) => {
      throw badRequest(`unable to start the command: ${messageOf(error)}`);
    });
    return streamsOf(conversation, options, signal);
  }

  /** The present run of a container. Throws as kubelet does where there is none. */
  #running(pod: Pod, container = ''): { readonly running: RunningContainer } {
    const runs = this.#workers.get(pod.metadata.uid ?? '')?.find(container);
    const running = runs?.running;
    if (!running) throw badRequest(`container not found (${JSON.stringify(container)})`);
    return { running };
  }

  #logs(pod: Pod, options: LogOptions, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const { metadata, spec } = pod;
    const names = [...(spec.initContainers ?? []), ...spec.containers].map(({ name }) => name);
    const name =
      options.container ??
      (names.length === 1 ? names[0] : metadata.annotations?.['kubectl.kubernetes.io/default-container']);
    if (!name)
      throw badRequest(
        `a container name must be specified for pod ${metadata.name}, choose one of: [${names.join(' ')}]`,
      );
    if (name === QUEUE_CONTAINER && !names.includes(name)) return this.#requestLog(pod, options, signal);
    if (!names.includes(name)) throw badRequest(`container ${name} is not valid for pod ${metadata.name}`);
    const { uid = '' } = metadata;
    if (this.#ended.has(uid)) return this.#ended.logs(uid, name, { ...options, sinceMs: this.#since(options) }, signal);
    const worker = this.#workers.get(uid);
    if (!worker && !pod.status?.containerStatuses) throw notFound({ group: '', plural: 'pods' }, metadata.name);
    const runs = worker?.find(name);
    const last = runs?.run ?? pod.status?.containerStatuses?.find((status) => status.name === name)?.restartCount ?? 0;
    const status = runs?.status() ?? pod.status?.containerStatuses?.find((one) => one.name === name);
    if (!options.previous && status?.state?.waiting && last === 0)
      throw badRequest(
        `container ${JSON.stringify(name)} in pod ${JSON.stringify(metadata.name)} is waiting to start: ${status.state.waiting.reason ?? 'ContainerCreating'}`,
      );
    const run = options.previous ? last - 1 : status?.state?.waiting ? last - 1 : last;
    if (run < 0)
      throw badRequest(
        `previous terminated container ${JSON.stringify(name)} in pod ${JSON.stringify(metadata.name)} not found`,
      );
    const file = logFile(this.#ports.folder, uid, name, run);
    const sinceMs = this.#since(options);
    const times = worker?.logOf(name, run);
    const ended = run === last && runs ? runs.ended : Promise.resolve();
    return readLog(
      file,
      { ...options, follow: Boolean(options.follow) && run === last && runs !== undefined, ended, sinceMs, times },
      signal,
    );
  }

  #since({ sinceSeconds, sinceTime }: LogOptions): number | undefined {
    if (sinceTime) return Date.parse(sinceTime);
    return sinceSeconds === undefined ? undefined : this.#options.clock.now() - sinceSeconds * 1000;
  }

  /** What the gateway noted of the Pod's requests. The times of its lines are those of the file. */
  async *#requestLog({ metadata }: Pod, options: LogOptions, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const { folder } = this.#ports;
    const uid = metadata.uid ?? '';
    const worker = this.#workers.get(uid);
    if (worker && options.follow) await openLog(folder, uid, QUEUE_CONTAINER, 0);
    const ended = worker?.gone ?? Promise.resolve();
    const follow = Boolean(options.follow) && worker !== undefined;
    yield* readLog(requestLogFile(folder, uid), { ...options, follow, ended, sinceMs: this.#since(options) }, signal);
  }

  async stop(andPods: boolean, tell: (pods: readonly string[], until: number) => void = () => {}): Promise<void> {
    this.#stopped = true;
    this.#heartbeat?.cancel();
    this.#refresh?.cancel();
    for (const stop of this.#stops) stop();
    if (andPods) await this.#haltAll(tell);
    else for (const worker of this.#workers.values()) worker.leave();
  }

  async #haltAll(tell: (pods: readonly string[], until: number) => void): Promise<void> {
    const left = new Set(this.#workers.values());
    const until = this.#options.clock.now() + HALT_GRACE_MS;
    const say = () => tell([...left].map(({ key }) => key).sort(), until);
    say();
    await Promise.all(
      [...left].map(async (worker) => {
        await worker.halt();
        left.delete(worker);
        say();
      }),
    );
  }
}

/** What a volume of an image shows: its root, or, for one that lies over the machine's own, what it brings. */
function contentOf({ rootfs, overlay }: ReadyImage): string {
  return overlay ?? rootfs;
}

function nodeLabels(name: string): Record<string, string> {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  return {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': process.platform,
    'kubernetes.io/arch': architecture,
    'node-role.kubernetes.io/control-plane': '',
  };
}

/** This machine's name as a Node's: lower case, no dots at its ends. */
export function nodeNameOf(name = hostname()): string {
  return (
    name
      .toLowerCase()
      .replaceAll(/[^a-z0-9.-]/g, '-')
      .replaceAll(/^[-.]+|[-.]+$/g, '') || 'localhost'
  );
}
