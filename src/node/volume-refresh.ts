// When volumes of running Pods are brought up to date: shortly after config maps or secrets of their namespaces have changed,
// however many do.

import type { Clock, Timer } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';

const REFRESH_MS = 1000;

/** A Pod that runs here. */
export interface Refreshable {
  readonly namespace: string;
  refresh(): Promise<void>;
}

export interface RefreshPorts {
  readonly clock: Clock;
  pods(): Iterable<Refreshable>;
  warn(message: string, fields: Record<string, unknown>): void;
}

export class VolumeRefresh {
  readonly #ports: RefreshPorts;
  /** Namespaces in which something has changed since the last refresh. */
  readonly #stale = new Set<string>();
  #timer: Timer | undefined;

  constructor(ports: RefreshPorts) {
    this.#ports = ports;
  }

  /** Of the Pods of a namespace. */
  soon(namespace: string): void {
    this.#stale.add(namespace);
    this.#timer ??= this.#ports.clock.after(REFRESH_MS, () => this.#refresh());
  }

  /** Of all Pods. */
  allSoon(): void {
    for (const { namespace } of this.#ports.pods()) this.soon(namespace);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #refresh(): void {
    const { pods, warn } = this.#ports;
    this.#timer = undefined;
    const namespaces = new Set(this.#stale);
    this.#stale.clear();
    for (const pod of pods())
      if (namespaces.has(pod.namespace))
        pod
          .refresh()
          .catch((error: unknown) => warn('volumes could not be brought up to date', { error: messageOf(error) }));
  }
}
