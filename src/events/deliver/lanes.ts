// In which order the events of one consumer may be sent. Pure.

import type { Consumer } from '../control.ts';

/** What stands in a lane. */
export interface InLane {
  readonly offset: number;
  /** What its order is kept by, where it is kept by key. */
  readonly key: string | undefined;
}

/**
 * Of each lane only the first may be under way; those behind it come once it is done. Without order each event has a lane of
 * its own, in order all have the same one, and by key those of one key; who has no key waits for nobody.
 */
export class Lanes<T extends InLane> {
  readonly #order: NonNullable<Consumer['order']>;
  readonly #lanes = new Map<string, T[]>();
  readonly #ready: T[] = [];
  #behind = 0;

  constructor(order: NonNullable<Consumer['order']>) {
    this.#order = order;
  }

  /** Those that may be sent now. */
  get ready(): number {
    return this.#ready.length;
  }

  /** Those that wait for one before them. */
  get behind(): number {
    return this.#behind;
  }

  /** Adds one behind all that came before it. */
  add(item: T): void {
    const name = this.#laneOf(item);
    if (name === undefined) return void this.#ready.push(item);
    const lane = this.#lanes.get(name);
    if (!lane) {
      this.#lanes.set(name, [item]);
      this.#ready.push(item);
      return;
    }
    lane.push(item);
    this.#behind++;
  }

  /** One that was taken and failed is ready again; it never lost its place in its lane. */
  again(item: T): void {
    this.#ready.push(item);
  }

  take(): T | undefined {
    return this.#ready.shift();
  }

  /** One that was taken is done: the next of its lane is ready. */
  done(item: T): void {
    const name = this.#laneOf(item);
    const lane = name === undefined ? undefined : this.#lanes.get(name);
    if (name === undefined || !lane) return;
    lane.shift();
    const [next] = lane;
    if (!next) return void this.#lanes.delete(name);
    this.#behind--;
    this.#ready.push(next);
  }

  #laneOf({ key }: T): string | undefined {
    if (this.#order === 'unordered') return undefined;
    return this.#order === 'ordered' ? '' : key;
  }
}
