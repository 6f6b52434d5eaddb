// How a Pod comes to its end on this node: deleted, run out, taken along by a platform that stops, or left running for the next one.

import { backoffMs } from '#base/mod.ts';
import { Pod } from '#kinds/mod.ts';
import { isReason } from '#machinery/mod.ts';
import { removeFolder } from '#storage/mod.ts';
import { HALT_GRACE_MS, LEAST_GRACE_MS, signalGraceMs } from './grace.ts';
import type { PodContainers } from './pod-containers.ts';
import type { PodLife } from './pod-life.ts';
import type { PodLogs } from './pod-logs.ts';
import type { PodPlace } from './pod-place.ts';
import type { PodReporter } from './pod-reporter.ts';
import type { PodVolumes } from './pod-volumes.ts';

/** Between tries to stop a Pod. */
const STOP_BACKOFF = { firstMs: 200, maxMs: 30_000, factor: 2 };

/** What there is to end. */
export interface EndingPod {
  readonly life: PodLife;
  readonly reporter: PodReporter;
  readonly place: PodPlace;
  readonly volumes: PodVolumes;
  readonly logs: PodLogs;
  readonly containers: PodContainers;
  /** Its place is made, or what ran before is taken over, or that has failed: until then it is not known what there is to stop. */
  settled(): Promise<unknown>;
  changed(): void;
}

export class PodEnd {
  readonly #pod: EndingPod;
  readonly #gone = Promise.withResolvers<void>();
  readonly #hurried = Promise.withResolvers<void>();
  #stopping: Promise<void> | undefined;
  /** By the monotonic clock. */
  #deadline = Number.POSITIVE_INFINITY;

  constructor(pod: EndingPod) {
    this.#pod = pod;
  }

  /** Resolves when the Pod has left this node. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  get isBegun(): boolean {
    return this.#stopping !== undefined;
  }

  /** Begins to stop it for good, or hurries. */
  stopWithin(graceMs: number): void {
    const { life, containers } = this.#pod;
    const deadline = life.ports.clock.monotonic() + graceMs;
    if (deadline >= this.#deadline) return;
    this.#deadline = deadline;
    if (!this.#stopping) {
      this.#stopping = this.#stopSurely();
      return;
    }
    this.#hurried.resolve();
    for (const runs of containers.all) if (runs.isRunning) void runs.stop(graceMs);
  }

  /** A Pod that has run to its end needs no place and no sidecars; its logs stay until it is deleted. */
  async runOut(): Promise<void> {
    const { place, containers } = this.#pod;
    this.#cease();
    await Promise.all(containers.init.map((runs) => runs.stop(LEAST_GRACE_MS)));
    await place.discard();
  }

  /**
   * The platform stops and takes its containers along; the Pod stays in the API and runs again at the next start. One that is
   * being deleted already goes now, too, and is not waited for to the end of its own grace.
   */
  async halt(): Promise<void> {
    if (this.#stopping) {
      this.stopWithin(HALT_GRACE_MS);
      return this.gone;
    }
    const { reporter, place, containers, settled } = this.#pod;
    reporter.silence();
    this.#cease();
    await settled();
    await Promise.all(containers.all.map((runs) => runs.stop(HALT_GRACE_MS)));
    await place.discard();
  }

  /** The platform stops: what runs goes on, to be taken over by the next. */
  leave(): void {
    this.#pod.reporter.silence();
    this.#cease();
    this.#pod.logs.close();
  }

  /** Nothing new begins: no run, no probe, no try. */
  #cease(): void {
    this.#pod.life.end();
    this.#pod.containers.retire();
  }

  /** What goes wrong on the way is told and tried again: a Pod that is being deleted must not stay for ever. */
  async #stopSurely(): Promise<void> {
    const { life } = this.#pod;
    for (let failures = 1; ; failures++) {
      try {
        return await this.#stop();
      } catch (error) {
        life.warn('a Pod could not be stopped', error);
        await new Promise<void>((resolve) => life.ports.clock.after(backoffMs(STOP_BACKOFF, failures), resolve));
      }
    }
  }

  /** Not ready first, then no more requests, then SIGTERM, then after the grace SIGKILL, then gone from the API. */
  async #stop(): Promise<void> {
    const { life, reporter, place, containers, settled, changed } = this.#pod;
    this.#cease();
    changed();
    const leftMs = () => Math.max(0, this.#deadline - life.ports.clock.monotonic());
    const graceMs = leftMs();
    await Promise.race([Promise.all([reporter.report(), this.#drain(graceMs)]), this.#hurried.promise]);
    await settled();
    await Promise.all(containers.main.map((runs) => runs.stop(signalGraceMs(graceMs, leftMs()))));
    await Promise.all(containers.init.map((runs) => runs.stop(signalGraceMs(graceMs, leftMs()))));
    await place.discard();
    await reporter.report();
    await this.#remove();
    reporter.silence();
    await this.#clear();
    this.#gone.resolve();
  }

  async #drain(graceMs: number): Promise<void> {
    const { life } = this.#pod;
    try {
      await life.ports.drain(life.uid, graceMs);
    } catch (error) {
      life.warn('the last requests of a Pod could not be waited for', error);
    }
  }

  /** From the API. */
  async #remove(): Promise<void> {
    const { ports, pod, uid } = this.#pod.life;
    const { namespace = '', name } = pod.metadata;
    try {
      await ports.client.delete(Pod, namespace, name, { gracePeriodSeconds: 0, uid });
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
    }
  }

  /** From the disk, but for its logs. */
  async #clear(): Promise<void> {
    const { life, reporter, volumes } = this.#pod;
    await volumes.settled();
    try {
      await life.ports.keepEnded(reporter.told, life.folder);
    } catch (error) {
      life.warn('the logs of a Pod that is gone could not be kept', error);
    }
    await removeFolder(life.folder);
  }
}
