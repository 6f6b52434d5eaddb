// The readings of all KafkaSources: begun, redirected, begun anew, ended.

import { equal } from '#base/mod.ts';
import type { ObjectKey } from '#machinery/mod.ts';
import type { ReadingOrder, ReadingPorts, ReadingRoute, ReadingState } from './reading.ts';
import { Reading } from './reading.ts';

interface Running {
  readonly order: ReadingOrder;
  readonly reading: Reading;
}

/** How long a reading whose order has changed waits for what is under way. */
const CHANGE_GRACE_MS = 3000;

export class Readings {
  readonly #ports: Omit<ReadingPorts, 'onState'>;
  readonly #running = new Map<ObjectKey, Running>();
  /** Those that leave their group; the next of the same source waits for it. */
  readonly #leaving = new Map<ObjectKey, Promise<void>>();
  #onState: (key: ObjectKey) => void = () => undefined;
  #isClosed = false;

  constructor(ports: Omit<ReadingPorts, 'onState'>) {
    this.#ports = ports;
  }

  /** Hears of every change of state. Returns the stop. */
  listen(onState: (key: ObjectKey) => void): () => void {
    this.#onState = onState;
    return () => (this.#onState = () => undefined);
  }

  /** Reads, and says how that goes. */
  set(key: ObjectKey, order: ReadingOrder, route: ReadingRoute): ReadingState {
    const before = this.#running.get(key);
    if (before && equal(before.order, order)) {
      before.reading.redirect(route);
      return before.reading.state;
    }
    if (before) void this.stop(key);
    if (this.#isClosed || this.#leaving.has(key)) return { phase: 'connecting' };
    const reading = new Reading(order, route, { ...this.#ports, onState: () => this.#onState(key) });
    this.#running.set(key, { order, reading });
    return reading.state;
  }

  /** Leaves the group, once what is under way is done or a while is over. */
  async stop(key: ObjectKey, graceMs = CHANGE_GRACE_MS): Promise<void> {
    const running = this.#running.get(key);
    if (!running) return this.#leaving.get(key);
    this.#running.delete(key);
    const leaving = running.reading.close(graceMs).finally(() => {
      this.#leaving.delete(key);
      this.#onState(key);
    });
    this.#leaving.set(key, leaving);
    await leaving;
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#running.keys()].map((key) => this.stop(key, graceMs)));
    await Promise.all(this.#leaving.values());
  }
}
