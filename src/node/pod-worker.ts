// One Pod from its binding to its end: volumes, place in the network, containers in order, status, and an orderly stop.

import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Timer } from '#base/mod.ts';
import { backoffMs, equal, messageOf, sleep } from '#base/mod.ts';
import type { Container, PodStatus } from '#kinds/mod.ts';
import { HOST_PORTS_ANNOTATION, Pod } from '#kinds/mod.ts';
import { isReason, keyOf } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';
import type { ContainerHost } from './container.ts';
import { ContainerRuns, StartProblem } from './container.ts';
import { containerStart } from './container-start.ts';
import type { PodFacts } from './environment.ts';
import type { ContainerRecord, Exit, Launcher, RunningContainer, Sandbox } from './launcher.ts';
import { logFile, openLog, tailOf } from './logs.ts';
import { placeRequest } from './place-request.ts';
import { PodReporter } from './pod-reporter.ts';
import { podStatus, sidecarNames } from './pod-status.ts';
import type { PodRecord } from './record.ts';
import { RunLog } from './run-log.ts';
import { boundedVolumes, outgrown } from './scratch-bound.ts';
import { cachedTokens } from './token-cache.ts';
import type { RunningPod } from './usage.ts';
import type { VolumeSources } from './volumes.ts';
import { VolumeProblem } from './volume-problem.ts';
import { bringVolumes, renewalSeconds } from './volumes.ts';

/** An image, ready to run. */
export interface ReadyImage {
  readonly digest: string;
  readonly rootfs: string | 'host';
  readonly overlay?: string;
  readonly config: {
    readonly Env?: readonly string[];
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly WorkingDir?: string;
    readonly User?: string;
  };
}

/** Brings images here. Throws Error in words where it cannot. */
export interface ImagePuller {
  bring(image: string, pod: Pod): Promise<ReadyImage>;
}

/** What a worker works with; one for all Pods of a node. */
export interface PodPorts {
  readonly client: Client;
  readonly clock: Clock;
  readonly launcher: Launcher;
  readonly images: ImagePuller;
  readonly volumes: VolumeSources;
  readonly facts: Omit<PodFacts, 'podIP'>;
  /** Environment that every container gets first. */
  readonly environment: readonly (readonly [string, string])[];
  /** Folder with one folder for each Pod. */
  readonly folder: string;
  /** No new request goes to this Pod from the call on; resolves when none is left there, or at the deadline. */
  drain(podUid: string, deadlineMs: number): Promise<unknown>;
  /** Takes what is to be kept of a Pod that is gone out of its folder. */
  keepEnded(pod: Pod, folder: string): Promise<void>;
  /** Notes what runs, so that a later platform finds it. */
  note(podUid: string, record: PodRecord | undefined): void;
  event(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string): void;
  warn(message: string, fields: Record<string, unknown>): void;
}

const IMAGE_RETRY_MS = [1000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000];
const VOLUME_RETRY_MS = 1000;
/** Steps on the way to ready are told together; that it is ready, and every way down, at once. */
const STEPS_MS = 20;
/** Between tries to make a Pod's place. */
const PLACE_BACKOFF = { firstMs: 1000, maxMs: 60_000, factor: 2 };
const LAST_WORDS = { bytes: 2048, lines: 80 };
/** Processes have at least this long between SIGTERM and SIGKILL, also where the last requests have used up the grace. */
const LEAST_GRACE_MS = 2000;
const STOP_RETRY_MS = 100;
/** As often as kubelet looks for what is to be evicted. */
const SCRATCH_LOOK_MS = 10_000;
/** How long containers have to end when the platform itself stops. */
export const HALT_GRACE_MS = 10_000;

export class PodWorker {
  readonly uid: string;
  readonly namespace: string;
  readonly #ports: PodPorts;
  readonly #folder: string;
  readonly #sidecars: ReadonlySet<string>;
  readonly #init: ContainerRuns[];
  readonly #main: ContainerRuns[];
  readonly #reporter: PodReporter;
  readonly #gone = Promise.withResolvers<void>();
  /** Aborted when the Pod begins to stop, or the platform leaves it: nothing new begins. */
  readonly #over = new AbortController();
  readonly #timers = new Set<Timer>();
  /** Images for first runs, as they were asked for. */
  readonly #images = new Map<string, Promise<ReadyImage>>();
  /** Of the present run of each container and the one before. */
  readonly #logs = new Map<string, RunLog>();
  #sandbox: Sandbox | undefined;
  /** Until this is over it is not known what there is to stop. */
  #preparing: Promise<unknown> | undefined;
  #volumes = new Map<string, string>();
  #volumesWritten: Promise<unknown> = Promise.resolve();
  #failure: { readonly reason: string; readonly message: string } | undefined;
  #stopping: Promise<void> | undefined;
  #deadline = Number.POSITIVE_INFINITY;
  #hurried = Promise.withResolvers<void>();
  #changes: (() => void)[] = [];

  constructor(pod: Pod, ports: PodPorts) {
    this.#ports = {
      ...ports,
      volumes: { ...ports.volumes, token: cachedTokens((...asked) => ports.volumes.token(...asked), ports.clock) },
    };
    this.uid = pod.metadata.uid ?? '';
    this.namespace = pod.metadata.namespace ?? '';
    this.#folder = join(ports.folder, this.uid);
    this.#sidecars = sidecarNames(pod);
    this.#reporter = new PodReporter(pod, {
      client: ports.client,
      clock: ports.clock,
      warn: ports.warn,
      statusOf: (now) => this.#status(now),
    });
    this.#init = (pod.spec.initContainers ?? []).map((container) =>
      this.#runs(container, !this.#sidecars.has(container.name)),
    );
    this.#main = pod.spec.containers.map((container) => this.#runs(container, false));
  }

  /** Resolves when the Pod has left this node. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  get #pod(): Pod {
    return this.#reporter.pod;
  }

  get #all(): ContainerRuns[] {
    return [...this.#init, ...this.#main];
  }

  /** Those that should run for as long as the Pod does. */
  get #lasting(): ContainerRuns[] {
    return [...this.#init.filter(({ container }) => this.#sidecars.has(container.name)), ...this.#main];
  }

  /** The Pod as the API has it now. */
  update(pod: Pod): void {
    const { labels, annotations } = this.#pod.metadata;
    this.#reporter.see(pod);
    const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    if (deletionTimestamp)
      return this.#stopWithin((deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30) * 1000);
    if (equal(labels, pod.metadata.labels) && equal(annotations, pod.metadata.annotations)) return;
    this.refresh().catch((error: unknown) =>
      this.#ports.warn('volumes could not be brought up to date', { pod: keyOf(pod), error: messageOf(error) }),
    );
  }

  /** Its ports are reached elsewhere than was thought: probes and the API must know. */
  move(hostPorts: Sandbox['hostPorts']): void {
    if (!this.#sandbox) return;
    this.#sandbox = { ...this.#sandbox, hostPorts };
    this.#changed();
    this.#noteHostPorts().catch((error: unknown) =>
      this.#ports.warn('the ports of a Pod could not be told', { pod: keyOf(this.#pod), error: messageOf(error) }),
    );
  }

  /** `NAMESPACE/NAME`. */
  get key(): string {
    return keyOf(this.#pod);
  }

  /** The API has the Pod no more: what runs ends at once. */
  vanish(): void {
    this.#stopWithin(0);
  }

  /** The Pod with those of its containers that run. */
  get running(): RunningPod {
    const containers = this.#all.flatMap(({ container, running }) =>
      running ? [{ name: container.name, running }] : [],
    );
    return { pod: this.#pod, containers };
  }

  find(container: string): ContainerRuns | undefined {
    return this.#all.find((runs) => runs.container.name === container);
  }

  /** When the lines of a run came, if this node looked on. */
  logOf(container: string, run: number): RunLog | undefined {
    return this.#logs.get(`${container}/${run}`);
  }

  #watchLog(container: string, run: number, { exited }: RunningContainer, begun: number): void {
    const log = new RunLog(logFile(this.#ports.folder, this.uid, container, run), this.#ports.clock, begun);
    this.#logs.set(`${container}/${run}`, log);
    this.#logs.delete(`${container}/${run - 2}`);
    void exited.then(() => log.close());
  }

  /** Runs the Pod; what an earlier platform left running is taken over. */
  async begin(record: PodRecord | undefined): Promise<void> {
    try {
      this.#limitTime();
      if (boundedVolumes(this.#pod).length > 0) this.#watchScratch();
      this.#renewTokens();
      if (!record && this.#init.length === 0) for (const runs of this.#main) this.#askAhead(runs);
      this.#preparing = this.#settleIn(record);
      if ((await this.#preparing) === 'resumed') return;
      if (this.#init.length > 0) for (const runs of this.#main) runs.wait('PodInitializing');
      for (const runs of this.#init) if (!(await this.#initialize(runs))) return;
      await Promise.all(this.#main.map((runs) => this.#startRuns(runs)));
    } catch (error) {
      if (!this.#over.signal.aborted)
        this.#ports.warn('a Pod could not be run', { pod: keyOf(this.#pod), error: messageOf(error) });
    }
  }

  async #settleIn(record: PodRecord | undefined): Promise<'resumed' | 'new'> {
    await mkdir(this.#folder, { recursive: true, mode: 0o755 });
    if (record && (await this.#resume(record))) return 'resumed';
    await this.#prepare();
    return 'new';
  }

  /** The place in the network first: everything else may need its address. */
  async #prepare(): Promise<void> {
    for (let tries = 1; !this.#over.signal.aborted; tries++) {
      try {
        this.#sandbox ??= await this.#makePlace();
        await this.#noteHostPorts();
        return this.#changed();
      } catch (error) {
        if (isReason(error, 'NotFound')) return;
        this.#ports.event(
          this.#pod,
          'Warning',
          'FailedCreatePodSandBox',
          `Failed to create pod sandbox: ${messageOf(error)}`,
        );
        for (const runs of this.#all) runs.wait('ContainerCreating', messageOf(error));
        await this.#pause(backoffMs(PLACE_BACKOFF, tries));
      }
    }
  }

  async #makePlace(): Promise<Sandbox> {
    return this.#ports.launcher.prepare(placeRequest(this.#pod));
  }

  async #noteHostPorts(): Promise<void> {
    const { hostPorts } = this.#sandbox ?? { hostPorts: {} };
    if (Object.keys(hostPorts).length === 0) return;
    const { namespace = '', name } = this.#pod.metadata;
    this.#reporter.see(
      await this.#ports.client.patch(Pod, namespace, name, 'merge', {
        metadata: { annotations: { [HOST_PORTS_ANNOTATION]: JSON.stringify(hostPorts) } },
      }),
    );
  }

  /** Runs an init container to its end; one that runs on beside the others only until it has started. */
  async #initialize(runs: ContainerRuns): Promise<boolean> {
    const isSidecar = this.#sidecars.has(runs.container.name);
    await this.#startRuns(runs);
    await this.#until(() => runs.isOver || this.#over.signal.aborted || (isSidecar && runs.isStarted));
    return isSidecar ? runs.isStarted : runs.exitCode === 0;
  }

  async #startRuns(runs: ContainerRuns): Promise<void> {
    await Promise.all([this.#bringImage(runs), this.#bringVolumes(runs)]);
    if (!this.#over.signal.aborted) await runs.begin();
  }

  /** Tries until the image is here; meanwhile the container waits in kubelet's words. */
  async #bringImage(runs: ContainerRuns): Promise<void> {
    const { image = '' } = runs.container;
    for (let tries = 0; !this.#over.signal.aborted; tries++) {
      try {
        const asked = this.#image(runs.container);
        runs.imageID = (await this.#unlessOver(asked)).digest;
        this.#images.set(runs.container.name, asked);
        return;
      } catch (error) {
        if (this.#over.signal.aborted) return;
        const message = `Failed to pull image ${JSON.stringify(image)}: ${messageOf(error)}`;
        this.#ports.event(this.#pod, 'Warning', 'Failed', message);
        runs.wait('ErrImagePull', message);
        await this.#pause(IMAGE_RETRY_MS[0] ?? 0);
        runs.wait('ImagePullBackOff', `Back-off pulling image ${JSON.stringify(image)}: ${messageOf(error)}`);
        await this.#pause(IMAGE_RETRY_MS[Math.min(tries + 1, IMAGE_RETRY_MS.length - 1)] ?? 0);
      }
    }
  }

  /** What was asked for ahead, else asked for now. */
  #image({ name, image = '' }: Container): Promise<ReadyImage> {
    const ahead = this.#images.get(name);
    this.#images.delete(name);
    return ahead ?? this.#ports.images.bring(image, this.#pod);
  }

  /** While the place is being made. */
  #askAhead(runs: ContainerRuns): void {
    const asked = this.#image(runs.container);
    asked.then(
      ({ digest }) => (runs.imageID = digest),
      () => {},
    );
    this.#images.set(runs.container.name, asked);
  }

  async #bringVolumes(runs: ContainerRuns): Promise<void> {
    while (!this.#over.signal.aborted) {
      try {
        this.#volumes = await this.#writeVolumes();
        return;
      } catch (error) {
        if (!(error instanceof VolumeProblem)) throw error;
        this.#ports.event(this.#pod, 'Warning', 'FailedMount', `MountVolume.SetUp failed: ${error.message}`);
        runs.wait('ContainerCreating', error.message);
        await this.#pause(VOLUME_RETRY_MS);
      }
    }
  }

  /** One after another, for two at once would write into the same folder. */
  #writeVolumes(): Promise<Map<string, string>> {
    const written = this.#volumesWritten.then(() =>
      bringVolumes(this.#pod, join(this.#folder, 'volumes'), this.#ports.volumes, this.#facts(), this.#volumes),
    );
    this.#volumesWritten = written.catch(() => undefined);
    return written;
  }

  /** Brings volumes to what they should hold now; for changes of config maps and secrets while the Pod runs. */
  async refresh(): Promise<void> {
    if (this.#over.signal.aborted || !this.#sandbox || this.#volumes.size === 0) return;
    await this.#writeVolumes().catch((error: unknown) => {
      if (!(error instanceof VolumeProblem)) throw error;
    });
  }

  async #resume(record: PodRecord): Promise<boolean> {
    this.#sandbox = record.sandbox;
    const { containerStatuses = [], initContainerStatuses = [] } = this.#pod.status ?? {};
    const before = new Map([...initContainerStatuses, ...containerStatuses].map((status) => [status.name, status]));
    let found = 0;
    for (const runs of this.#lasting) {
      const noted = record.containers[runs.container.name];
      const running = noted ? await this.#ports.launcher.adopt(record.sandbox, noted.record) : undefined;
      if (!noted || !running) continue;
      found += 1;
      runs.imageID = before.get(runs.container.name)?.imageID ?? '';
      this.#watchLog(runs.container.name, noted.run, running, noted.since);
      runs.resume(running, noted.run, noted.since, before.get(runs.container.name)?.ready ?? false);
    }
    if (found === 0) {
      await this.#ports.launcher.discard(record.sandbox);
      this.#sandbox = undefined;
      return false;
    }
    for (const runs of this.#init.filter(({ container }) => !this.#sidecars.has(container.name))) {
      const status = this.#pod.status?.initContainerStatuses?.find(({ name }) => name === runs.container.name);
      if (status?.state?.terminated) runs.conclude(status.state.terminated, status.restartCount);
    }
    for (const runs of this.#lasting) if (runs.isRunning) await this.#bringVolumes(runs);
    for (const runs of this.#lasting) if (!runs.isRunning) await this.#startRuns(runs);
    this.#changed();
    return true;
  }

  #runs(container: Container, isInit: boolean): ContainerRuns {
    const host: ContainerHost = {
      clock: this.#ports.clock,
      restartPolicy: this.#sidecars.has(container.name) ? 'Always' : (this.#pod.spec.restartPolicy ?? 'Always'),
      isInit,
      graceMs: (this.#pod.spec.terminationGracePeriodSeconds ?? 30) * 1000,
      start: (_, run) => this.#launch(container, run),
      probeTarget: (running) => ({
        address: (port) => this.addressOf(port),
        exec: (command, timeoutMs) => running.exec(command, timeoutMs),
      }),
      lastWords: (_, run, exit) => this.#lastWords(container, run, exit),
      changed: () => this.#changed(),
      event: (type, reason, message) => this.#ports.event(this.#pod, type, reason, message),
    };
    return new ContainerRuns(container, host);
  }

  /** Where a port of the Pod is really reached. */
  addressOf(port: number): { host: string; port: number } {
    const { address = '127.0.0.1', hostPorts = {} } = this.#sandbox ?? {};
    return { host: address, port: hostPorts[port] ?? port };
  }

  async #launch(container: Container, run: number): Promise<RunningContainer> {
    const sandbox = this.#sandbox;
    if (!sandbox) throw new StartProblem('ContainerCreating', 'the Pod has no place in the network yet');
    const image = await this.#unlessOver(this.#image(container));
    const start = await containerStart({
      pod: this.#pod,
      container,
      run,
      image,
      volumes: this.#volumes,
      references: this.#ports.volumes,
      facts: this.#facts(),
      common: this.#ports.environment,
      messageFile: this.#messageFile(container, run),
      logFile: await openLog(this.#ports.folder, this.uid, container.name, run),
    });
    if (this.#over.signal.aborted) throw new StartProblem('ContainerCreating', 'the Pod is being stopped');
    const running = await this.#ports.launcher.start(sandbox, start);
    this.#watchLog(container.name, run, running, this.#ports.clock.now());
    return running;
  }

  /** What is asked for, or StartProblem as soon as the Pod stops. */
  #unlessOver<T>(asked: Promise<T>): Promise<T> {
    const { signal } = this.#over;
    return new Promise((resolve, reject) => {
      const onStop = () => reject(new StartProblem('ContainerCreating', 'the Pod is being stopped'));
      if (signal.aborted) return onStop();
      signal.addEventListener('abort', onStop, { once: true });
      asked.then(resolve, reject).finally(() => signal.removeEventListener('abort', onStop));
    });
  }

  /** activeDeadlineSeconds: when its time is over the Pod has failed, and its containers end. */
  #limitTime(): void {
    const { activeDeadlineSeconds: seconds } = this.#pod.spec;
    if (seconds === undefined) return;
    const begun = Date.parse(this.#pod.status?.startTime ?? '') || this.#ports.clock.now();
    this.#timer(begun + seconds * 1000 - this.#ports.clock.now(), () => {
      if (this.#isOver || this.#over.signal.aborted) return;
      const message = 'Pod was active on the node longer than the specified deadline';
      this.#ports.event(this.#pod, 'Normal', 'DeadlineExceeded', message);
      this.#fail('DeadlineExceeded', message, (this.#pod.spec.terminationGracePeriodSeconds ?? 30) * 1000);
    });
  }

  /** Scratch space that has outgrown its bound costs the Pod its life, as an eviction. */
  #watchScratch(): void {
    this.#timer(SCRATCH_LOOK_MS, () => {
      void outgrown(this.#pod, this.#volumes).then((message) => {
        if (this.#isOver || this.#over.signal.aborted) return;
        if (message === undefined) return this.#watchScratch();
        this.#ports.event(this.#pod, 'Warning', 'Evicted', message);
        this.#fail('Evicted', message, 0);
      });
    });
  }

  /** The Pod has failed, whatever its containers say; they are stopped. */
  #fail(reason: string, message: string, graceMs: number): void {
    this.#failure = { reason, message };
    for (const runs of this.#all) void runs.stop(graceMs);
    this.#changed();
  }

  /** Tokens in its volumes are signed anew while most of their life is over; nothing is set for a Pod without. */
  #renewTokens(): void {
    const seconds = renewalSeconds(this.#pod);
    if (seconds === undefined) return;
    this.#timer(seconds * 1000, () => {
      this.#renewTokens();
      this.refresh().catch((error: unknown) =>
        this.#ports.warn('the tokens of a Pod could not be renewed', {
          pod: keyOf(this.#pod),
          error: messageOf(error),
        }),
      );
    });
  }

  #timer(ms: number, run: () => void): void {
    const timer = this.#ports.clock.after(Math.max(0, ms), () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }

  #facts(): PodFacts {
    return { ...this.#ports.facts, podIP: this.#sandbox?.address ?? '' };
  }

  #messageFile(container: Container, run: number): string {
    return join(this.#folder, `${container.name}-${run}.message`);
  }

  /** What a run left in its message file, or where that is empty and the policy says so the tail of its log. */
  async #lastWords(container: Container, run: number, exit: Exit): Promise<string> {
    const written = await readFile(this.#messageFile(container, run), 'utf8').catch(() => '');
    if (written) return written.slice(0, 4096);
    if (container.terminationMessagePolicy !== 'FallbackToLogsOnError' || exit.code === 0) return '';
    return tailOf(logFile(this.#ports.folder, this.uid, container.name, run), LAST_WORDS.bytes, LAST_WORDS.lines);
  }

  /** What goes wrong on the way is told and tried again: a Pod that is being deleted must not stay for ever. */
  async #stopSurely(): Promise<void> {
    for (let failures = 1; ; failures++) {
      try {
        return await this.#stop();
      } catch (error) {
        this.#ports.warn('a Pod could not be stopped', { pod: keyOf(this.#pod), error: messageOf(error) });
        await new Promise<void>((resolve) =>
          this.#ports.clock.after(Math.min(STOP_RETRY_MS * 2 ** failures, 30_000), resolve),
        );
      }
    }
  }

  /** Begins to stop, or hurries. */
  #stopWithin(graceMs: number): void {
    const deadline = this.#ports.clock.monotonic() + graceMs;
    if (deadline >= this.#deadline) return;
    this.#deadline = deadline;
    if (!this.#stopping) {
      this.#stopping = this.#stopSurely();
      return;
    }
    this.#hurried.resolve();
    for (const runs of this.#all) if (runs.isRunning) void runs.stop(graceMs);
  }

  /** Not ready first, then no more requests, then SIGTERM, then after the grace SIGKILL, then gone from the API. */
  async #stop(): Promise<void> {
    this.#cease();
    this.#changed();
    const leftMs = () => Math.max(0, this.#deadline - this.#ports.clock.monotonic());
    const graceMs = leftMs();
    await Promise.race([Promise.all([this.#reporter.report(), this.#drain(graceMs)]), this.#hurried.promise]);
    await this.#settled();
    const grace = () => (graceMs === 0 ? 0 : Math.max(LEAST_GRACE_MS, leftMs()));
    await Promise.all(this.#main.map((runs) => runs.stop(grace())));
    await Promise.all(this.#init.map((runs) => runs.stop(grace())));
    await this.#discard();
    await this.#reporter.report();
    await this.#remove();
    this.#reporter.silence();
    await this.#volumesWritten;
    await this.#keepLogs();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
    this.#gone.resolve();
  }

  async #keepLogs(): Promise<void> {
    const pod = { ...this.#pod, status: this.#status(this.#pod) };
    try {
      await this.#ports.keepEnded(pod, this.#folder);
    } catch (error) {
      this.#ports.warn('the logs of a Pod that is gone could not be kept', {
        pod: keyOf(pod),
        error: messageOf(error),
      });
    }
  }

  /** Nothing new begins: no run, no probe, no try. */
  #cease(): void {
    this.#over.abort();
    for (const timer of this.#timers) timer.cancel();
    for (const runs of this.#all) runs.retire();
  }

  async #drain(graceMs: number): Promise<void> {
    try {
      await this.#ports.drain(this.uid, graceMs);
    } catch (error) {
      this.#ports.warn('the last requests of a Pod could not be waited for', {
        pod: keyOf(this.#pod),
        error: messageOf(error),
      });
    }
  }

  /** Its place is made, or what ran before is taken over; or that has failed. */
  async #settled(): Promise<void> {
    await this.#preparing?.catch(() => undefined);
  }

  /** Gives its place up. */
  async #discard(): Promise<void> {
    const sandbox = this.#sandbox;
    this.#sandbox = undefined;
    try {
      if (sandbox) await this.#ports.launcher.discard(sandbox);
    } catch (error) {
      this.#ports.warn('the place of a Pod could not be taken away', {
        pod: keyOf(this.#pod),
        error: messageOf(error),
      });
    }
    this.#ports.note(this.uid, undefined);
  }

  async #remove(): Promise<void> {
    const { namespace = '', name } = this.#pod.metadata;
    try {
      await this.#ports.client.delete(Pod, namespace, name, { gracePeriodSeconds: 0, uid: this.uid });
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
    }
  }

  /**
   * The platform stops and takes its containers along; the Pod stays in the API and runs again at the next start. One that is
   * being deleted already goes now, too, and is not waited for to the end of its own grace.
   */
  async halt(): Promise<void> {
    if (this.#stopping) {
      this.#stopWithin(HALT_GRACE_MS);
      return this.gone;
    }
    this.#reporter.silence();
    this.#cease();
    await this.#settled();
    await Promise.all(this.#all.map((runs) => runs.stop(HALT_GRACE_MS)));
    await this.#discard();
  }

  /** The platform stops: what runs goes on, to be taken over by the next. */
  leave(): void {
    this.#reporter.silence();
    this.#cease();
    for (const log of this.#logs.values()) log.close();
  }

  #changed(): void {
    for (const wake of this.#changes.splice(0)) wake();
    this.#noteRunning();
    if (this.#isComingUp) this.#reporter.reportWithin(STEPS_MS);
    else void this.#reporter.report();
    if (this.#isOver && !this.#over.signal.aborted) void this.#letGo();
  }

  /** Whether nothing that anybody waits for has come about yet: no container is or was ready, and none is held up. */
  get #isComingUp(): boolean {
    const isTold = this.#pod.status?.containerStatuses?.some(({ ready }) => ready) ?? false;
    if (isTold || this.#init.length > 0 || this.#over.signal.aborted || this.#main.every(({ isReady }) => isReady))
      return false;
    return this.#main.every(({ isComingUp }) => isComingUp);
  }

  /** Whether the Pod has run to its end. */
  get #isOver(): boolean {
    const hasFailed = ({ container, isOver, exitCode }: ContainerRuns) =>
      isOver && exitCode !== 0 && !this.#sidecars.has(container.name);
    return this.#main.every(({ isOver }) => isOver) || this.#init.some(hasFailed);
  }

  /** A Pod that has run to its end needs no place and no sidecars; its logs stay until it is deleted. */
  async #letGo(): Promise<void> {
    this.#cease();
    await Promise.all(this.#init.map((runs) => runs.stop(LEAST_GRACE_MS)));
    await this.#discard();
  }

  #noteRunning(): void {
    if (!this.#sandbox || this.#over.signal.aborted) return;
    const containers: Record<string, { record: ContainerRecord; run: number; since: number }> = {};
    for (const { container, running, run, since = 0 } of this.#lasting)
      if (running) containers[container.name] = { record: running.record, run, since };
    this.#ports.note(this.uid, { sandbox: this.#sandbox, containers });
  }

  #status(pod: Pod): PodStatus {
    return podStatus({
      pod,
      sandbox: this.#sandbox,
      hostIP: this.#ports.facts.hostIP,
      init: this.#init.map((runs) => runs.status()),
      main: this.#main.map((runs) => runs.status()),
      isStopping: this.#stopping !== undefined || pod.metadata.deletionTimestamp !== undefined,
      failure: this.#failure,
      now: this.#ports.clock.now(),
    });
  }

  /** Waits for a condition that changes of containers bring about. */
  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#changes.push(resolve));
  }

  /** Waits, or returns when nothing new is to begin. */
  async #pause(ms: number): Promise<void> {
    await sleep(this.#ports.clock, ms, this.#over.signal).catch(() => undefined);
  }
}
