// Work in lanes that take turns: each lane has a bound of what is under way, all together have one, and an item may ask to be worked at
// again later.

import type { Clock, Timer } from '#base/mod.ts';

/** The lane in which an item waits, and what it takes while it is under way. */
export interface Berth {
  readonly lane: string;
  /** How many items of this lane may be under way; the item that came last decides. */
  readonly parallelism: number;
  readonly bytes: number;
}

export interface RunnerPorts<T> {
  readonly clock: Clock;
  readonly berthOf: (item: T) => Berth;
  /** Works at an item once. Gives after how many milliseconds it is to be worked at again; undefined: it is done with. Never rejects. */
  readonly work: (item: T, signal: AbortSignal) => Promise<number | undefined>;
  /** At once, of all lanes. */
  readonly atOnce: number;
  readonly bytesAtOnce: number;
}

interface Lane<T> {
  readonly name: string;
  parallelism: number;
  /** In the order in which they came. */
  readonly waiting: Set<T>;
  underWay: number;
}

interface UnderWay {
  readonly bytes: number;
  readonly breaking: AbortController;
}

export class Runner<T> {
  readonly #ports: RunnerPorts<T>;
  readonly #lanes = new Map<string, Lane<T>>();
  /** Lanes that may have something to begin, the next one first. */
  readonly #hungry = new Set<Lane<T>>();
  readonly #underWay = new Map<T, UnderWay>();
  readonly #later = new Map<T, Timer>();
  #bytes = 0;
  #isStarted = false;
  #isClosed = false;
  #whenIdle: () => void = () => {};

  constructor(ports: RunnerPorts<T>) {
    this.#ports = ports;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  isUnderWay(item: T): boolean {
    return this.#underWay.has(item);
  }

  /** Nothing is worked at before. */
  start(): void {
    this.#isStarted = true;
    this.#pump();
  }

  /** Begins nothing until it is started again. */
  rest(): void {
    this.#isStarted = false;
  }

  add(item: T, afterMs = 0): void {
    if (this.#isClosed) return;
    if (afterMs <= 0) return this.#enter(item);
    const timer = this.#ports.clock.after(afterMs, () => {
      this.#later.delete(item);
      this.#enter(item);
    });
    this.#later.set(item, timer);
  }

  /** Works at it no more, and breaks off what is under way. */
  remove(item: T, why: Error): void {
    this.#later.get(item)?.cancel();
    this.#later.delete(item);
    const { lane: name } = this.#ports.berthOf(item);
    const lane = this.#lanes.get(name);
    if (lane?.waiting.delete(item)) this.#tidy(lane);
    this.#underWay.get(item)?.breaking.abort(why);
  }

  /** Begins nothing more, and breaks off what is not over after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#later.values()) timer.cancel();
    if (this.#underWay.size === 0) return;
    const idle = new Promise<void>((resolve) => (this.#whenIdle = resolve));
    const timer = this.#ports.clock.after(graceMs, () => {
      for (const { breaking } of this.#underWay.values()) breaking.abort(new Error('the platform stops'));
    });
    await idle;
    timer.cancel();
  }

  #enter(item: T): void {
    const { lane: name, parallelism } = this.#ports.berthOf(item);
    const lane = this.#lanes.get(name) ?? { name, parallelism, waiting: new Set<T>(), underWay: 0 };
    this.#lanes.set(name, lane);
    lane.parallelism = parallelism;
    lane.waiting.add(item);
    this.#hungry.add(lane);
    this.#pump();
  }

  /** One of each lane in turn, as long as there is room. */
  #pump(): void {
    while (this.#isStarted && !this.#isClosed && this.#underWay.size < this.#ports.atOnce) {
      const [lane] = this.#hungry;
      if (!lane) return;
      const [item] = lane.waiting;
      const mayBegin = item !== undefined && lane.underWay < lane.parallelism;
      // Where there is no room the lane stays the next.
      if (mayBegin && !this.#hasRoom(item)) return;
      this.#hungry.delete(lane);
      if (!mayBegin) continue;
      this.#hungry.add(lane);
      void this.#begin(lane, item);
    }
  }

  /** One that is alone always has room. */
  #hasRoom(item: T): boolean {
    return this.#bytes === 0 || this.#bytes + this.#ports.berthOf(item).bytes <= this.#ports.bytesAtOnce;
  }

  async #begin(lane: Lane<T>, item: T): Promise<void> {
    const { bytes } = this.#ports.berthOf(item);
    const breaking = new AbortController();
    lane.waiting.delete(item);
    lane.underWay++;
    this.#underWay.set(item, { bytes, breaking });
    this.#bytes += bytes;
    const again = await this.#ports.work(item, breaking.signal);
    lane.underWay--;
    this.#underWay.delete(item);
    this.#bytes -= bytes;
    if (again !== undefined) this.add(item, again);
    this.#hungry.add(lane);
    this.#tidy(lane);
    this.#pump();
    if (this.#underWay.size === 0) this.#whenIdle();
  }

  #tidy(lane: Lane<T>): void {
    if (lane.underWay > 0 || lane.waiting.size > 0) return;
    this.#lanes.delete(lane.name);
    this.#hungry.delete(lane);
  }
}
