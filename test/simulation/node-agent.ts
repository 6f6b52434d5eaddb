// A node agent without processes: it follows the order of the real one, and takes its time with everything.

import type { Clock, Random } from '#base/mod.ts';
import { equal, rfc3339, sleep } from '#base/mod.ts';
import type { ContainerState, PodStatus } from '#kinds/mod.ts';
import { HOST_PORTS_ANNOTATION, Node, Pod, SERVICE_LABEL } from '#kinds/mod.ts';
import { isReason } from '#machinery/mod.ts';
import type { Client, Informers } from '#objects/mod.ts';
import { between } from './chance.ts';
import type { Machine, Place } from './machine.ts';
import type { Moments } from './moments.ts';
import type { Trace } from './trace.ts';

const NODE = 'here';
/** What was refused because another write is on its way to the disk is tried again after this. */
const AGAIN_MS = 5;
const RESTART_MS = [0, 10_000, 20_000, 40_000];

export interface NodeOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly random: Random;
  readonly machine: Machine;
  readonly moments: Moments;
  readonly trace: Trace;
  readonly drain: (podUid: string, deadlineMs: number) => Promise<{ left: number }>;
  /** To see that the simulation would notice: SIGTERM comes without waiting for requests. */
  readonly forgetsToDrain: boolean;
}

export interface NodeCounts {
  podsStarted: number;
  podsGone: number;
  failedStarts: number;
  /** Requests that a drain had to wait for. */
  drainsWithWork: number;
}

/** Looks after every Pod that is bound to the one node there is. */
export class NodeAgent {
  readonly counts: NodeCounts = { podsStarted: 0, podsGone: 0, failedStarts: 0, drainsWithWork: 0 };
  readonly #options: NodeOptions;
  readonly #workers = new Map<string, Worker>();
  #stop: (() => void) | undefined;

  constructor(options: NodeOptions) {
    this.#options = options;
  }

  async begin(): Promise<void> {
    const { client, informers } = this.#options;
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: NODE }, spec: {} } as Node;
    const made = (await client.get(Node, '', NODE)) ?? (await client.create(Node, node));
    const room = { cpu: '64', memory: '256Gi', pods: '1000' };
    const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }];
    await client.updateStatus(Node, { ...made, status: { capacity: room, allocatable: room, conditions } });
    this.#stop = informers.of(Pod).onChange(({ after }) => {
      if (after) this.#see(after);
    });
  }

  get pods(): number {
    return this.#workers.size;
  }

  stop(): void {
    this.#stop?.();
  }

  #see(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    const worker = this.#workers.get(uid);
    if (worker) return worker.update(pod);
    if (pod.spec.nodeName !== NODE) return;
    const made = new Worker(pod, this.#options, this.counts);
    this.#workers.set(uid, made);
    void made.gone.then(() => this.#workers.delete(uid));
    if (pod.metadata.deletionTimestamp) made.update(pod);
    else void made.begin();
  }
}

class Worker {
  readonly #options: NodeOptions;
  readonly #counts: NodeCounts;
  readonly #gone = Promise.withResolvers<void>();
  readonly #service: string;
  #pod: Pod;
  #place: Place | undefined;
  #state: ContainerState = { waiting: { reason: 'ContainerCreating' } };
  #ready = false;
  #stopping = false;

  constructor(pod: Pod, options: NodeOptions, counts: NodeCounts) {
    this.#pod = pod;
    this.#options = options;
    this.#counts = counts;
    this.#service = pod.metadata.labels?.[SERVICE_LABEL] ?? '';
  }

  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  update(pod: Pod): void {
    this.#pod = pod;
    if (!pod.metadata.deletionTimestamp || this.#stopping) return;
    this.#stopping = true;
    void this.#stop();
  }

  async begin(): Promise<void> {
    const { client, machine } = this.#options;
    if (!machine.has(this.#pod)) this.#counts.podsStarted++;
    const place = machine.placeOf(this.#pod);
    this.#place = place;
    const { namespace = '', name } = this.#pod.metadata;
    const annotations = { [HOST_PORTS_ANNOTATION]: JSON.stringify({ 8080: place.port }) };
    await client.patch(Pod, namespace, name, 'merge', { metadata: { annotations } });
    await this.#report();
    await this.#wait(0, 40);
    while (!this.#stopping && !(await this.#start(place))) {
      const ms = RESTART_MS[Math.min(place.restarts - 1, RESTART_MS.length - 1)] ?? 0;
      await this.#wait(ms, ms);
    }
  }

  /** Whether the application came up, or is up already; a failure is told as the real agent tells it. */
  async #start(place: Place): Promise<boolean> {
    const { clock, trace } = this.#options;
    this.#state = { running: { startedAt: rfc3339(clock.now()) } };
    void this.#report();
    const listens = await place.run();
    if (this.#stopping) return false;
    if (!listens) {
      this.#counts.failedStarts++;
      this.#state = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off restarting failed container' } };
      trace.note(this.#service, `${place.name} failed to start`);
      await this.#report();
      return false;
    }
    this.#ready = true;
    trace.note(this.#service, `${place.name} listens at ${place.port}`);
    await this.#report();
    return true;
  }

  /** Not ready first, then no more requests, then SIGTERM, then gone, then gone from the API. */
  async #stop(): Promise<void> {
    const { clock, machine, moments, trace, drain, forgetsToDrain } = this.#options;
    const { metadata, spec } = this.#pod;
    const graceMs = (metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30) * 1000;
    const deadline = clock.monotonic() + graceMs;
    const place = machine.has(this.#pod) ? machine.placeOf(this.#pod) : undefined;
    this.#place = place;
    const application = place?.application;
    if (application) application.isLeaving = true;
    trace.note(this.#service, `${this.#name} drains with ${application?.inFlight ?? 0} requests`);
    const reported = this.#report();
    if (application && application.inFlight > 0) this.#counts.drainsWithWork++;
    const drained = forgetsToDrain ? Promise.resolve({ left: 0 }) : drain(metadata.uid ?? '', graceMs);
    moments.reach(this.#service, 'draining');
    const [{ left }] = await Promise.all([drained, reported]);
    if (left > 0) trace.note(this.#service, `${this.#name} was drained in vain: ${left} left`);
    await place?.terminate(Math.max(0, deadline - clock.monotonic()));
    if (place) machine.free(place);
    this.#ready = false;
    this.#state = { terminated: { exitCode: 0, reason: 'Completed' } };
    moments.reach(this.#service, 'process gone');
    await this.#report();
    await this.#remove();
    this.#counts.podsGone++;
    trace.note(this.#service, `${this.#name} is gone`);
    this.#gone.resolve();
  }

  async #remove(): Promise<void> {
    const { namespace = '', name, uid = '' } = this.#pod.metadata;
    try {
      await this.#options.client.delete(Pod, namespace, name, { gracePeriodSeconds: 0, uid });
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
    }
  }

  async #report(): Promise<void> {
    for (;;) {
      const status = this.#status();
      if (equal(status, this.#pod.status)) return;
      try {
        this.#pod = await this.#options.client.updateStatus(Pod, { ...this.#pod, status });
        return;
      } catch (error) {
        if (isReason(error, 'NotFound')) return;
        if (!isReason(error, 'Conflict')) throw error;
        await sleep(this.#options.clock, AGAIN_MS);
        const { namespace = '', name, uid } = this.#pod.metadata;
        const now = await this.#options.client.get(Pod, namespace, name);
        if (!now || now.metadata.uid !== uid) return;
        this.#pod = now;
      }
    }
  }

  #status(): PodStatus {
    const { status, spec } = this.#pod;
    const now = rfc3339(this.#options.clock.now());
    const ready = this.#ready && !this.#stopping ? 'True' : 'False';
    const told = {
      PodReadyToStartContainers: 'True',
      Initialized: 'True',
      Ready: ready,
      ContainersReady: ready,
      PodScheduled: 'True',
    };
    return {
      ...status,
      phase: this.#phase(),
      hostIP: '127.0.0.1',
      podIP: '127.0.0.1',
      startTime: status?.startTime ?? now,
      conditions: Object.entries(told).map(([type, is]) => {
        const before = status?.conditions?.find((one) => one.type === type);
        return {
          type,
          status: is,
          lastTransitionTime: before?.status === is ? (before.lastTransitionTime ?? now) : now,
        };
      }),
      containerStatuses: spec.containers.map(({ name, image = '' }) => ({
        name,
        image,
        imageID: image,
        ready: this.#ready,
        started: this.#state.running !== undefined,
        restartCount: this.#restarts,
        state: this.#state,
        lastState: this.#restarts > 0 ? { terminated: { exitCode: 1, reason: 'Error' } } : {},
      })),
    };
  }

  #phase(): string {
    if (this.#state.terminated) return 'Succeeded';
    return this.#state.running || this.#restarts > 0 ? 'Running' : 'Pending';
  }

  get #restarts(): number {
    return this.#place?.restarts ?? 0;
  }

  get #name(): string {
    return this.#place?.name ?? this.#pod.metadata.name;
  }

  #wait(low: number, high: number): Promise<void> {
    const { clock, random } = this.#options;
    return sleep(clock, between(random, low, high));
  }
}
