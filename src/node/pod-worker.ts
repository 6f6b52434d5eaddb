// One Pod from its binding to its end: its parts, joined; what the API says of it comes in here, and what became of it goes out.

import { mkdir } from 'node:fs/promises';
import { equal, messageOf } from '#base/mod.ts';
import type { Pod, PodStatus } from '#kinds/mod.ts';
import { keyOf } from '#machinery/mod.ts';
import type { ContainerRuns } from './container.ts';
import { deletionGraceMs, gracePeriodMs } from './grace.ts';
import type { Sandbox } from './launcher.ts';
import { PodContainers } from './pod-containers.ts';
import { PodEnd } from './pod-end.ts';
import { PodImages } from './pod-images.ts';
import { PodLife } from './pod-life.ts';
import type { PodFailure } from './pod-limits.ts';
import { watchLimits } from './pod-limits.ts';
import { PodLogs } from './pod-logs.ts';
import { PodPlace } from './pod-place.ts';
import type { PodPorts } from './pod-ports.ts';
import { hasRunOut, isComingUp, isWaitedFor, recordOf } from './pod-progress.ts';
import { PodReporter } from './pod-reporter.ts';
import { podStatus } from './pod-status.ts';
import { PodVolumes } from './pod-volumes.ts';
import type { PodRecord } from './record.ts';
import type { RunLog } from './run-log.ts';
import type { StoragePlaces } from './storage-use.ts';
import type { RunningPod } from './usage.ts';

/** Steps on the way to ready are told together; that it is ready, and every way down, at once. */
const STEPS_MS = 20;

export class PodWorker {
  readonly namespace: string;
  readonly #reporter: PodReporter;
  readonly #life: PodLife;
  readonly #place: PodPlace;
  readonly #images: PodImages;
  readonly #volumes: PodVolumes;
  readonly #logs: PodLogs;
  readonly #containers: PodContainers;
  readonly #end: PodEnd;
  #settling: Promise<'taken over' | 'new'> | undefined;
  #failure: PodFailure | undefined;
  /** To be told once nobody waits for its programs any more. */
  #isUp: () => void = () => {};

  constructor(pod: Pod, ports: PodPorts) {
    const { client, clock, calm, warn } = ports;
    const changed = () => this.#changed();
    this.namespace = pod.metadata.namespace ?? '';
    this.#reporter = new PodReporter(pod, {
      client,
      clock,
      calm,
      warn,
      statusOf: (now) => this.#status(now),
      annotations: () => this.#place.annotations,
    });
    this.#life = new PodLife(ports, () => this.#reporter.pod);
    this.#place = new PodPlace(this.#life, {
      changed,
      heldUp: (why) => this.#containers.waitFor(why),
    });
    this.#images = new PodImages(this.#life);
    this.#volumes = new PodVolumes(this.#life, this.#place);
    this.#logs = new PodLogs(this.#life);
    const parts = { life: this.#life, place: this.#place, volumes: this.#volumes, logs: this.#logs, changed };
    this.#containers = new PodContainers({ ...parts, images: this.#images });
    this.#end = new PodEnd({
      ...parts,
      reporter: this.#reporter,
      containers: this.#containers,
      settled: async () => this.#settling?.catch(() => undefined),
    });
  }

  /** `NAMESPACE/NAME`. */
  get key(): string {
    return keyOf(this.#life.pod);
  }

  /** Resolves when the Pod has left this node. */
  get gone(): Promise<void> {
    return this.#end.gone;
  }

  /** The Pod with those of its containers that run. */
  get running(): RunningPod {
    return { pod: this.#life.pod, containers: this.#containers.running };
  }

  find(container: string): ContainerRuns | undefined {
    return this.#containers.find(container);
  }

  /** When the lines of a run came, if this node looked on. */
  logOf(container: string, run: number): RunLog | undefined {
    return this.#logs.of(container, run);
  }

  /** Where a port of the Pod is really reached. */
  addressOf(port: number): { host: string; port: number } {
    return this.#place.addressOf(port);
  }

  /** Runs the Pod; what an earlier platform left running is taken over. */
  async begin(record: PodRecord | undefined): Promise<void> {
    try {
      watchLimits(this.#life, {
        hasRunOut: () => hasRunOut(this.#containers),
        storage: () => this.#storage(),
        fail: (failure, graceMs) => this.#fail(failure, graceMs),
      });
      this.#volumes.renewTokens();
      const { init, main } = this.#containers;
      if (!record) this.#isUp = this.#life.ports.calm.starts();
      if (!record && init.length === 0) for (const runs of main) this.#images.askAhead(runs);
      this.#settling = this.#settleIn(record);
      if ((await this.#settling) === 'new') await this.#containers.begin();
    } catch (error) {
      if (!this.#life.isOver) this.#giveUp(error);
    }
  }

  /**
   * What may get better by itself is waited for where it goes wrong. Of anything else nobody knows what a second try would do, so
   * the Pod has failed, and whoever made it makes another.
   */
  #giveUp(error: unknown): void {
    this.#life.warn('a Pod could not be run', error);
    const message = `the Pod could not be run on this node: ${messageOf(error)}`;
    this.#life.event('Warning', 'Failed', message);
    this.#fail({ reason: 'StartError', message }, gracePeriodMs(this.#life.pod));
  }

  async #settleIn(record: PodRecord | undefined): Promise<'taken over' | 'new'> {
    await this.#makeFolder();
    if (record && (await this.#containers.takeOver(record))) return 'taken over';
    this.#containers.prepare();
    await this.#place.make();
    return 'new';
  }

  /** Tries until it is there, or the Pod stops: a full disk may get room. */
  #makeFolder(): Promise<void> {
    return this.#life.insist(
      () => mkdir(this.#life.folder, { recursive: true, mode: 0o755 }),
      (why) => {
        const message = `error making pod data directories: ${why}`;
        this.#life.event('Warning', 'FailedToMakePodDataDirectories', message);
        this.#containers.waitFor(message);
      },
    );
  }

  /** The Pod as the API has it now. */
  update(pod: Pod): void {
    const { labels, annotations } = this.#life.pod.metadata;
    this.#reporter.see(pod);
    if (pod.metadata.deletionTimestamp) return this.#end.stopWithin(deletionGraceMs(pod));
    if (equal(labels, pod.metadata.labels) && equal(annotations, pod.metadata.annotations)) return;
    this.refresh().catch((error: unknown) => this.#life.warn('volumes could not be brought up to date', error));
  }

  /** Its ports are reached elsewhere than was thought. */
  move(hostPorts: Sandbox['hostPorts']): void {
    this.#place.move(hostPorts);
  }

  /** Brings volumes to what they should hold now; for changes of config maps and secrets while the Pod runs. */
  refresh(): Promise<void> {
    return this.#volumes.refresh();
  }

  /** The API has the Pod no more: what runs ends at once. */
  vanish(): void {
    this.#end.stopWithin(0);
  }

  /** The platform stops and takes its containers along; the Pod runs again at the next start. */
  halt(): Promise<void> {
    return this.#end.halt();
  }

  /** The platform stops: what runs goes on, to be taken over by the next. */
  leave(): void {
    this.#end.leave();
  }

  /** The Pod has failed, whatever its containers say; they are stopped. */
  #fail(failure: PodFailure, graceMs: number): void {
    this.#failure = failure;
    for (const runs of this.#containers.all) void runs.stop(graceMs);
    this.#changed();
  }

  /** What is so now is noted for a later platform and told to the API; a Pod that has run to its end is let go of. */
  #changed(): void {
    const { pod } = this.#life;
    const { sandbox } = this.#place;
    this.#containers.wake();
    if (!isWaitedFor(this.#containers)) this.#isUp();
    if (sandbox && !this.#life.isOver) this.#life.note(recordOf(sandbox, this.#containers.lasting));
    if (!this.#life.isOver && isComingUp(this.#containers, pod.status)) this.#reporter.reportWithin(STEPS_MS);
    else void this.#reporter.report();
    if (hasRunOut(this.#containers) && !this.#life.isOver) void this.#end.runOut();
  }

  #storage(): StoragePlaces {
    const containers = this.#containers.running.map(({ name, running: { writes } }) => ({
      name,
      folders: [this.#logs.folder(name), ...(writes === undefined ? [] : [writes])],
    }));
    return { volumes: this.#volumes.folders, containers };
  }

  #status(pod: Pod): PodStatus {
    const { clock, facts } = this.#life.ports;
    return podStatus({
      pod,
      sandbox: this.#place.sandbox,
      hostIP: facts.hostIP,
      init: this.#containers.init.map((runs) => runs.status()),
      main: this.#containers.main.map((runs) => runs.status()),
      isStopping: this.#end.isBegun || pod.metadata.deletionTimestamp !== undefined,
      failure: this.#failure,
      now: clock.now(),
    });
  }
}
