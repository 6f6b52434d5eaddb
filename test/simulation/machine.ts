// The processes of Pods, which go on whether or not somebody looks after them: what a node agent that starts anew finds.

import type { Clock, Random } from '#base/mod.ts';
import { sleep } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import { SERVICE_LABEL } from '#kinds/mod.ts';
import type { Network } from './applications.ts';
import { Application } from './applications.ts';
import { between, isLucky } from './chance.ts';
import type { Moments } from './moments.ts';

export interface MachineOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly moments: Moments;
  /** Requests that a Pod of this service may have at once. */
  readonly limitOf: (service: string) => number;
  /** Share of the starts of a Pod that fail. */
  readonly failureShare: (pod: Pod) => number;
}

export class Machine {
  readonly #options: MachineOptions;
  readonly #places = new Map<string, Place>();

  constructor(options: MachineOptions) {
    this.#options = options;
  }

  /** The uids of Pods that have a place here. */
  get uids(): readonly string[] {
    return [...this.#places.keys()];
  }

  /** The place of a Pod: the one it has, or a new one. */
  placeOf(pod: Pod): Place {
    const { uid = '' } = pod.metadata;
    const place = this.#places.get(uid) ?? new Place(pod, this.#options);
    this.#places.set(uid, place);
    return place;
  }

  has({ metadata: { uid = '' } }: Pod): boolean {
    return this.#places.has(uid);
  }

  /** The Pod is gone for good; a second time does nothing. */
  free(place: Place): void {
    if (this.#places.get(place.uid) !== place) return;
    this.#places.delete(place.uid);
    this.#options.network.givePort(place.port);
  }
}

/** A Pod's port, and the program that runs there. */
export class Place {
  readonly uid: string;
  readonly port: number;
  restarts = 0;
  /** Undefined while nothing listens. */
  application: Application | undefined;
  readonly #pod: Pod;
  readonly #service: string;
  readonly #options: MachineOptions;
  #starting: Promise<boolean> | undefined;
  #ending: Promise<void> | undefined;

  constructor(pod: Pod, options: MachineOptions) {
    this.#pod = pod;
    this.#options = options;
    this.#service = pod.metadata.labels?.[SERVICE_LABEL] ?? '';
    this.uid = pod.metadata.uid ?? '';
    this.port = options.network.takePort();
  }

  /** What people call this run of the program. */
  get name(): string {
    return `${this.#pod.metadata.name}#${this.restarts}`;
  }

  /** Starts the program unless it runs; resolves with whether it listens. */
  run(): Promise<boolean> {
    if (this.application) return Promise.resolve(true);
    this.#starting ??= this.#start().finally(() => (this.#starting = undefined));
    return this.#starting;
  }

  /** SIGTERM, and SIGKILL after so many milliseconds; resolves when the program is gone. Only the first counts. */
  terminate(killAfterMs: number): Promise<void> {
    this.#ending ??= this.#terminate(killAfterMs);
    return this.#ending;
  }

  async #start(): Promise<boolean> {
    const { random, clock, network, limitOf, failureShare } = this.#options;
    await sleep(clock, between(random, 5, isLucky(random, 0.15) ? 6000 : 400));
    if (this.#ending) return false;
    if (isLucky(random, failureShare(this.#pod))) {
      this.restarts++;
      return false;
    }
    this.application = new Application(this.name, this.#service, limitOf(this.#service), network.ports);
    network.listen(this.port, this.application);
    return true;
  }

  /** It stops listening, finishes what it has, and takes a while to go. */
  async #terminate(killAfterMs: number): Promise<void> {
    const { clock, random, network, moments } = this.#options;
    const { application } = this;
    if (!application) return;
    application.wasTerminated = true;
    network.close(this.port, application);
    moments.reach(this.#service, 'SIGTERM sent');
    const idle = Promise.withResolvers<void>();
    application.whenIdle(() => idle.resolve());
    const killing = clock.after(killAfterMs, () => idle.resolve());
    // A process that nobody told to finish its work ends when it likes.
    if (!isLucky(random, 0.5)) await idle.promise;
    await sleep(clock, between(random, 0, isLucky(random, 0.2) ? 2000 : 60));
    killing.cancel();
    application.die();
  }
}
