// Numbers elsewhere that count as load (`ebb.dev/backlog`): asked for every few seconds, told to the autoscaler every second.

import type { Clock, Timer } from '#base/mod.ts';
import { equal, messageOf, SECOND_MS } from '#base/mod.ts';
import type { BacklogSource } from '#kinds/mod.ts';
import type { ObjectKey } from '#machinery/mod.ts';
import type { FetchText } from '#telemetry/mod.ts';
import { fetchWithin, valueIn } from '#telemetry/mod.ts';

export interface BacklogPorts {
  readonly clock: Clock;
  readonly fetch: FetchText | undefined;
  /** Whether anybody reaches the revision: what nobody reaches does no work. */
  wants(key: ObjectKey): boolean;
  /** So many copies have work for this second. */
  record(key: ObjectKey, copies: number): void;
}

interface Kept {
  readonly source: BacklogSource;
  value: number;
  /** Answers missed in a row. */
  misses: number;
  problem: string | undefined;
  next: Timer | undefined;
}

const POLL_MS = 5000;
const TIMEOUT_MS = 3000;
/** So many missed answers leave the last number in force. */
const MISSES_BRIDGED = 3;

export class Backlogs {
  readonly #ports: BacklogPorts;
  readonly #kept = new Map<ObjectKey, Kept>();
  #ticker: Timer | undefined;
  #poke: (key: ObjectKey) => void = () => {};

  constructor(ports: BacklogPorts) {
    this.#ports = ports;
  }

  /** Hears whose problem has come or gone. Returns the stop of everything. */
  listen(poke: (key: ObjectKey) => void): () => void {
    this.#poke = poke;
    return () => {
      for (const key of this.#kept.keys()) this.forget(key);
      this.#ticker?.cancel();
    };
  }

  /** Follows a source from now on; the one that is followed already goes on. Undefined: none. */
  follow(key: ObjectKey, source: BacklogSource | undefined): void {
    if (equal(this.#kept.get(key)?.source, source)) return;
    this.forget(key);
    if (!source) return;
    const kept: Kept = { source, value: 0, misses: 0, problem: undefined, next: undefined };
    this.#kept.set(key, kept);
    void this.#poll(key, kept);
  }

  forget(key: ObjectKey): void {
    this.#kept.get(key)?.next?.cancel();
    this.#kept.delete(key);
  }

  /** Why the number of a revision is not to be had. */
  problemOf(key: ObjectKey): string | undefined {
    return this.#kept.get(key)?.problem;
  }

  async #poll(key: ObjectKey, kept: Kept): Promise<void> {
    if (this.#ports.wants(key)) await this.#ask(key, kept);
    else kept.value = 0;
    if (this.#kept.get(key) !== kept) return;
    kept.next = this.#ports.clock.after(POLL_MS, () => void this.#poll(key, kept));
  }

  async #ask(key: ObjectKey, kept: Kept): Promise<void> {
    const { url, metric } = kept.source;
    const before = kept.problem;
    try {
      kept.value = Math.max(0, valueIn(await this.#fetched(url), metric));
      kept.misses = 0;
      kept.problem = undefined;
    } catch (error) {
      kept.problem = `${url}: ${messageOf(error)}`;
      if (++kept.misses > MISSES_BRIDGED) kept.value = 0;
    }
    if (this.#kept.get(key) !== kept) return;
    if (before !== kept.problem) this.#poke(key);
    if (kept.value > 0) this.#ticker ??= this.#ports.clock.after(0, () => this.#tick());
  }

  async #fetched(url: string): Promise<string> {
    const { fetch, clock } = this.#ports;
    if (!fetch) throw new Error('this platform asks nobody for numbers');
    return fetchWithin(fetch, url, clock, TIMEOUT_MS);
  }

  /** Silent seconds count as zero, so each one is told of. */
  #tick(): void {
    let isAny = false;
    for (const [key, { value, source }] of this.#kept) {
      if (value <= 0) continue;
      isAny = true;
      this.#ports.record(key, value / source.target);
    }
    this.#ticker = isAny ? this.#ports.clock.after(SECOND_MS, () => this.#tick()) : undefined;
  }
}
