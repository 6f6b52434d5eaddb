// A Pod's place in the network: made before anything else, for everything else may need its address; given up at the end.

import { HOST_PORTS_ANNOTATION } from '#kinds/mod.ts';
import type { PodFacts } from './environment.ts';
import type { Sandbox } from './launcher.ts';
import { placeRequest } from './place-request.ts';
import type { PodLife } from './pod-life.ts';

/** What the Pod makes of news about its place. */
export interface PlaceListener {
  /** The place is there, or reached elsewhere than was thought. */
  changed(): void;
  /** It could not be made; it is tried again. */
  heldUp(message: string): void;
}

export class PodPlace {
  readonly #life: PodLife;
  readonly #listener: PlaceListener;
  #sandbox: Sandbox | undefined;

  constructor(life: PodLife, listener: PlaceListener) {
    this.#life = life;
    this.#listener = listener;
  }

  /** Undefined until it is made, and once it is given up. */
  get sandbox(): Sandbox | undefined {
    return this.#sandbox;
  }

  get facts(): PodFacts {
    return { ...this.#life.ports.facts, podIP: this.#sandbox?.address ?? '' };
  }

  /** What the API is to be told of it, with the Pod's status: where its ports are reached, if not under their own numbers. */
  get annotations(): Readonly<Record<string, string>> {
    const { hostPorts = {} } = this.#sandbox ?? {};
    return Object.keys(hostPorts).length === 0 ? {} : { [HOST_PORTS_ANNOTATION]: JSON.stringify(hostPorts) };
  }

  /** Where a port of the Pod is really reached. */
  addressOf(port: number): { host: string; port: number } {
    const { address = '127.0.0.1', hostPorts = {} } = this.#sandbox ?? {};
    return { host: address, port: hostPorts[port] ?? port };
  }

  /** Tries until the place is there, or the Pod stops. */
  make(): Promise<void> {
    return this.#life.insist(
      () => this.#tryToMake(),
      (message) => {
        this.#life.event('Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${message}`);
        this.#listener.heldUp(message);
      },
    );
  }

  async #tryToMake(): Promise<void> {
    this.#sandbox ??= await this.#life.ports.launcher.prepare(placeRequest(this.#life.pod));
    this.#listener.changed();
  }

  /** That of an earlier platform. */
  take(sandbox: Sandbox): void {
    this.#sandbox = sandbox;
  }

  /** What was taken is no good: nothing runs in it any more. */
  refuse(): Promise<void> {
    return this.#giveUp();
  }

  /** Its ports are reached elsewhere than was thought: probes and the API must know. */
  move(hostPorts: Sandbox['hostPorts']): void {
    if (!this.#sandbox) return;
    this.#sandbox = { ...this.#sandbox, hostPorts };
    this.#listener.changed();
  }

  /** Gives it up; a later platform is to find nothing of it. */
  async discard(): Promise<void> {
    await this.#giveUp();
    this.#life.note(undefined);
  }

  /** What is left of it is in nobody's way: the Pod goes on without. */
  async #giveUp(): Promise<void> {
    const sandbox = this.#sandbox;
    this.#sandbox = undefined;
    try {
      if (sandbox) await this.#life.ports.launcher.discard(sandbox);
    } catch (error) {
      this.#life.warn('the place of a Pod could not be taken away', error);
    }
  }
}
