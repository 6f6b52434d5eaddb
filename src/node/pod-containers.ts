// The containers of one Pod in the order in which they begin: init containers one after the other, then all others at once; or what
// an earlier platform left running, taken over.

import type { Container } from '#kinds/mod.ts';
import { ContainerRuns } from './container.ts';
import type { PodParts } from './container-host.ts';
import { hostOf } from './container-host.ts';
import type { RunningContainer } from './launcher.ts';
import { afterInit, lastingOf } from './pod-progress.ts';
import { sidecarNames } from './pod-status.ts';
import type { PodRecord } from './record.ts';

export class PodContainers {
  readonly init: readonly ContainerRuns[];
  readonly main: readonly ContainerRuns[];
  /** Names of init containers that run on beside the others. */
  readonly sidecars: ReadonlySet<string>;
  readonly #parts: PodParts;
  #waiting: (() => void)[] = [];

  constructor(parts: PodParts) {
    const { pod } = parts.life;
    this.#parts = parts;
    this.sidecars = sidecarNames(pod);
    this.init = (pod.spec.initContainers ?? []).map((one) => this.#runsOf(one, !this.sidecars.has(one.name)));
    this.main = pod.spec.containers.map((one) => this.#runsOf(one, false));
  }

  get all(): ContainerRuns[] {
    return [...this.init, ...this.main];
  }

  /** Those that should run for as long as the Pod does. */
  get lasting(): ContainerRuns[] {
    return lastingOf<ContainerRuns>(this);
  }

  /** Those that run. */
  get running(): { readonly name: string; readonly running: RunningContainer }[] {
    return this.all.flatMap(({ container, running }) => (running ? [{ name: container.name, running }] : []));
  }

  find(name: string): ContainerRuns | undefined {
    return this.all.find(({ container }) => container.name === name);
  }

  /** Makes what takes time and needs no place in the network yet: the files of the first runs, where nothing comes before them. */
  prepare(): void {
    if (this.init.length === 0) for (const { container } of this.main) this.#parts.logs.makeAhead(container.name);
  }

  /** Resolves when all were begun that may be: an init container that fails keeps the rest from it. */
  async begin(): Promise<void> {
    if (this.init.length > 0) for (const runs of this.main) runs.wait('PodInitializing');
    for (const runs of this.init) if ((await this.#initialize(runs)) !== 'next') return;
    await Promise.all(this.main.map((runs) => this.#start(runs)));
  }

  /** Goes on with what an earlier platform left running, and starts what it did not. False where nothing runs any more. */
  async takeOver(record: PodRecord): Promise<boolean> {
    const { place, volumes } = this.#parts;
    place.take(record.sandbox);
    if ((await this.#adopt(record)) === 0) {
      await place.refuse();
      return false;
    }
    this.#conclude();
    for (const runs of this.lasting) if (runs.isRunning) await volumes.bring(runs);
    for (const runs of this.lasting) if (!runs.isRunning) await this.#start(runs);
    this.#parts.changed();
    return true;
  }

  /** For the Pod's place. */
  waitFor(message: string): void {
    for (const runs of this.all) runs.wait('ContainerCreating', message);
  }

  /** Something has changed: whoever waits looks again. */
  wake(): void {
    for (const look of this.#waiting.splice(0)) look();
  }

  /** No more runs and no more probes; what runs goes on. */
  retire(): void {
    for (const runs of this.all) runs.retire();
  }

  #runsOf(container: Container, isInit: boolean): ContainerRuns {
    const { restartPolicy = 'Always' } = this.#parts.life.pod.spec;
    const own = this.sidecars.has(container.name) ? 'Always' : restartPolicy;
    return new ContainerRuns(container, hostOf(this.#parts, container, { restartPolicy: own, isInit }));
  }

  async #start(runs: ContainerRuns): Promise<void> {
    const { life, images, volumes } = this.#parts;
    await Promise.all([images.bring(runs), volumes.bring(runs)]);
    if (!life.isOver) await runs.begin();
  }

  async #initialize(runs: ContainerRuns): Promise<'wait' | 'next' | 'end'> {
    const isSidecar = this.sidecars.has(runs.container.name);
    await this.#start(runs);
    while (!this.#parts.life.isOver && afterInit(runs, isSidecar) === 'wait')
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return afterInit(runs, isSidecar);
  }

  /** How many of those that should run were found running. */
  async #adopt({ sandbox, containers }: PodRecord): Promise<number> {
    const { life, logs } = this.#parts;
    const { containerStatuses = [], initContainerStatuses = [] } = life.pod.status ?? {};
    const before = new Map([...initContainerStatuses, ...containerStatuses].map((status) => [status.name, status]));
    let found = 0;
    for (const runs of this.lasting) {
      const { name } = runs.container;
      const noted = containers[name];
      const running = noted ? await life.ports.launcher.adopt(sandbox, noted.record) : undefined;
      if (!noted || !running) continue;
      found += 1;
      runs.imageID = before.get(name)?.imageID ?? '';
      logs.watch(name, noted.run, running, noted.since);
      runs.resume(running, noted.run, noted.since, before.get(name)?.ready ?? false);
    }
    return found;
  }

  /** Init containers that came to their end under an earlier platform do not run again. */
  #conclude(): void {
    const { initContainerStatuses = [] } = this.#parts.life.pod.status ?? {};
    for (const runs of this.init.filter(({ container }) => !this.sidecars.has(container.name))) {
      const status = initContainerStatuses.find(({ name }) => name === runs.container.name);
      if (status?.state?.terminated) runs.conclude(status.state.terminated, status.restartCount);
    }
  }
}
