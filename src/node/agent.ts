// The node agent: gives every Pod that is bound to this machine a worker, and keeps what all of them share.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Calm, Clock } from '#base/mod.ts';
import { messageOf, watchJumps } from '#base/mod.ts';
import { ConfigMap, Pod, Secret } from '#kinds/mod.ts';
import { ApiError } from '#machinery/mod.ts';
import type { PodStreams, ResourceMetrics } from '#objects/mod.ts';
import { EndedPods } from './ended-pods.ts';
import { HALT_GRACE_MS } from './grace.ts';
import { Heartbeat } from './heartbeat.ts';
import { Leftovers } from './leftovers.ts';
import { podsFolder } from './logs.ts';
import { machineFacts } from './machine.ts';
import { nodeStreams } from './node-streams.ts';
import { onArrival } from './pod-arrival.ts';
import type { PodPorts } from './pod-ports.ts';
import { PodWorker } from './pod-worker.ts';
import { PodRecords } from './record.ts';
import { UsageSampler } from './usage.ts';
import { VolumeRefresh } from './volume-refresh.ts';
import type { SourcePorts } from './volume-sources.ts';
import { sourcesFor, WATCHED_KINDS } from './volume-sources.ts';

/** What an agent needs beside the API. */
export interface AgentOptions extends SourcePorts {
  readonly clock: Clock;
  readonly calm: Calm;
  readonly nodeName: string;
  readonly hostIP: string;
  /** Holds `pods/`, and `running/` with the record of what runs. */
  readonly folder: string;
  readonly environment: readonly (readonly [string, string])[];
  drain: PodPorts['drain'];
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

/** Starts at once; the Node is there and ready when it resolves. */
export async function startAgent(options: AgentOptions): Promise<NodeAgent> {
  await mkdir(podsFolder(options.folder), { recursive: true, mode: 0o755 });
  const agent = new Agent(options, await EndedPods.open(join(options.folder, 'ended'), options.clock));
  await agent.begin();
  return agent;
}

class Agent implements NodeAgent {
  readonly streams: PodStreams;
  readonly usage: UsageSampler;
  readonly #options: AgentOptions;
  readonly #ports: Omit<PodPorts, 'volumes'>;
  readonly #records: PodRecords;
  readonly #leftovers: Leftovers;
  readonly #heartbeat: Heartbeat;
  readonly #refresh: VolumeRefresh;
  readonly #workers = new Map<string, PodWorker>();
  readonly #stops: (() => void)[] = [];
  #stopped = false;

  constructor(options: AgentOptions, ended: EndedPods) {
    const { client, clock, launcher, nodeName, hostIP, informers, warn } = options;
    const folder = podsFolder(options.folder);
    this.#options = options;
    this.#records = new PodRecords(join(options.folder, 'running'));
    this.#ports = portsOf(options, folder, ended, this.#records);
    this.#leftovers = new Leftovers({ launcher, records: this.#records, folder, warn });
    this.#heartbeat = new Heartbeat({ client, clock, nodeName, hostIP, launcher: launcher.name, warn });
    this.#refresh = new VolumeRefresh({ clock, pods: () => this.#workers.values(), warn });
    this.streams = nodeStreams({ clock, folder, ended, worker: (uid) => this.#workers.get(uid) });
    this.usage = new UsageSampler({
      clock,
      nodeName,
      pods: () => [...this.#workers.values()].map(({ running }) => running),
    });
    for (const kind of WATCHED_KINDS) informers.of(kind);
  }

  async begin(): Promise<void> {
    const { launcher, informers, clock } = this.#options;
    launcher.onMoved?.((uid, hostPorts) => this.#workers.get(uid)?.move(hostPorts));
    this.#leftovers.killStrays();
    await this.#heartbeat.begin();
    this.#stops.push(
      informers.of(Pod).onChange(({ before, after }) => this.#see(before, after)),
      informers.of(ConfigMap).onChange(({ before, after }) => this.#refreshNear(after ?? before)),
      informers.of(Secret).onChange(({ before, after }) => this.#refreshNear(after ?? before)),
      this.usage.begin(),
      // Tokens are valid by the wall clock.
      watchJumps(clock, () => this.#refresh.allSoon()),
    );
    const pods = informers.of(Pod).list();
    const uids = new Set(pods.map(({ metadata }) => metadata.uid));
    this.#leftovers.reap(uids);
    await this.#leftovers.sweep(uids);
  }

  #refreshNear(changed: ConfigMap | Secret | undefined): void {
    this.#refresh.soon(changed?.metadata.namespace ?? '');
  }

  #see(before: Pod | undefined, after: Pod | undefined): void {
    if (this.#stopped) return;
    const uid = (after ?? before)?.metadata.uid ?? '';
    const worker = this.#workers.get(uid);
    if (worker) return after ? worker.update(after) : worker.vanish();
    if (!after) return this.#leftovers.clear(uid);
    this.#meet(after, uid);
  }

  /** One that has no worker yet. */
  #meet(pod: Pod, uid: string): void {
    const record = this.#records.all().get(uid);
    const { nodeName } = this.#options;
    const arrival = onArrival(pod, { nodeName, isNoted: record !== undefined });
    if (arrival === 'none') return;
    if (arrival === 'remove') return this.#remove(pod);
    const worker = new PodWorker(pod, { ...this.#ports, volumes: sourcesFor(pod, this.#options) });
    this.#workers.set(uid, worker);
    void worker.gone.then(() => this.#workers.delete(uid));
    if (arrival === 'stop') return worker.update(pod);
    void worker.begin(record).then(() => {
      if (arrival === 'stop, once taken over') worker.update(pod);
    });
  }

  /** A Pod that has ended needs only to be let go of. */
  #remove({ metadata: { namespace = '', name, uid } }: Pod): void {
    this.#options.client
      .delete(Pod, namespace, name, { gracePeriodSeconds: 0, ...(uid ? { uid } : {}) })
      .catch((error: unknown) => {
        if (!(error instanceof ApiError))
          this.#options.warn('an ended Pod could not be removed', { pod: name, error: messageOf(error) });
      });
  }

  async stop(andPods: boolean, tell: (pods: readonly string[], until: number) => void = () => {}): Promise<void> {
    this.#stopped = true;
    this.#heartbeat.stop();
    this.#refresh.stop();
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

/** What all workers share. */
function portsOf(
  options: AgentOptions,
  folder: string,
  ended: EndedPods,
  records: PodRecords,
): Omit<PodPorts, 'volumes'> {
  const { client, clock, calm, launcher, images, environment, nodeName, hostIP, drain, event, warn } = options;
  const { cores: cpu, memoryBytes: memory } = machineFacts();
  return {
    client,
    clock,
    calm,
    launcher,
    images,
    environment,
    facts: { nodeName, hostIP, capacity: { cpu, memory } },
    folder,
    drain,
    keepEnded: (pod, from) => ended.keep(pod, from),
    note: (uid, record) => records.note(uid, record),
    event,
    warn,
  };
}
