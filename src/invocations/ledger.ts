// All invocations that are kept, built from their records on the log. Of those that are over little is held in memory; their records
// have the rest.

import type { Clock } from '#base/mod.ts';
import type { Accepted, CalledBack, Entry, Finished, Tried } from './entry.ts';
import { DEFAULTS } from './settings.ts';
import type { Attempt, Callback, Keyed, Settings, State } from './words.ts';

export interface Invocation {
  readonly id: string;
  readonly service: string;
  /** Wall time in milliseconds, as it is told. */
  readonly acceptedAt: number;
  /** The same by the monotonic clock of this process, by which its age counts: of an earlier run the wall clock is believed once. */
  readonly acceptedMs: number;
  readonly keyed: Keyed | undefined;
  /** Reset to the defaults once they are no longer needed. */
  settings: Settings;
  /** Where its acceptance is on the log, and what that takes. */
  offset: number;
  bytes: number;
  /** Method and path of the request, shortened. */
  method: string;
  path: string;
  door: Accepted['request']['door'];
  state: State;
  /** Wall time at which the attempt began that is under way. */
  startedAt: number | undefined;
  /** Those that ended; empty once it is over. */
  attempts: readonly Attempt[];
  /** Wall time of the next attempt, where one has failed. */
  nextAt: number | undefined;
  /** Its end is about to be written, so that nothing else may end it. */
  isEnding: boolean;
  /** Where its end is on the log. */
  endedAt: number | undefined;
  callback: Callback | undefined;
}

/** The longest path that the status shows. */
const MAX_PATH = 256;
const NONE: readonly Attempt[] = [];

export class Ledger {
  readonly #clock: Clock;
  readonly #all = new Map<string, Invocation>();
  /** Those that are not over, and those whose result is not sent yet. Both maps have the order of the log. */
  readonly #open = new Map<string, Invocation>();
  readonly #byKey = new Map<string, Invocation>();
  #openBytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Those that are not over, or whose result is not sent yet. */
  get open(): { readonly count: number; readonly bytes: number } {
    return { count: this.#open.size, bytes: this.#openBytes };
  }

  get(id: string): Invocation | undefined {
    return this.#all.get(id);
  }

  byKey(service: string, key: string): Invocation | undefined {
    return this.#byKey.get(keyOf(service, key));
  }

  /** In the order of the log. */
  opened(): IterableIterator<Invocation> {
    return this.#open.values();
  }

  /** The one that was accepted longest ago of those that somebody still needs the log for. */
  get oldestOpen(): Invocation | undefined {
    return this.#open.values().next().value;
  }

  /** Offset of the invocation that stands so many from the end; undefined where there are not as many. */
  offsetFromEnd(count: number): number | undefined {
    let excess = this.#all.size - count;
    if (excess <= 0) return undefined;
    for (const { offset } of this.#all.values()) if (excess-- === 0) return offset;
    return undefined;
  }

  /** Takes down a record. What is about an invocation that is not known, or not any more, is left out. */
  apply(entry: Entry, offset: number, bytes: number): Invocation | undefined {
    if (entry.kind === 'accepted') return this.#accept(entry, offset, bytes);
    const invocation = this.#all.get(entry.id);
    if (!invocation) return undefined;
    if (entry.kind === 'tried') this.#tried(invocation, entry);
    else if (entry.kind === 'finished') this.#finish(invocation, entry, offset);
    else this.#calledBack(invocation, entry);
    return invocation;
  }

  /** The log has nothing before this offset any more. */
  forgetBefore(offset: number): void {
    for (const invocation of this.#all.values()) {
      if (invocation.offset >= offset) return;
      this.#all.delete(invocation.id);
      this.#close(invocation);
      const { service, keyed } = invocation;
      if (keyed && this.byKey(service, keyed.key) === invocation) this.#byKey.delete(keyOf(service, keyed.key));
    }
  }

  #accept(accepted: Accepted, offset: number, bytes: number): Invocation {
    const { id, service, at, request, settings, keyed, attempts = NONE, nextAt } = accepted;
    const known = this.#all.get(id);
    if (known) return this.#move(known, offset, bytes);
    const invocation: Invocation = {
      id,
      service,
      acceptedAt: at,
      acceptedMs: this.#clock.monotonic() - Math.max(0, this.#clock.now() - at),
      keyed,
      settings,
      offset,
      bytes,
      method: request.method,
      path: request.target.slice(0, MAX_PATH),
      door: request.door,
      state: 'queued',
      startedAt: undefined,
      attempts,
      nextAt,
      isEnding: false,
      endedAt: undefined,
      callback: undefined,
    };
    this.#all.set(id, invocation);
    this.#open.set(id, invocation);
    this.#openBytes += bytes;
    if (keyed) this.#byKey.set(keyOf(service, keyed.key), invocation);
    return invocation;
  }

  #move(invocation: Invocation, offset: number, bytes: number): Invocation {
    const { id } = invocation;
    this.#all.delete(id);
    this.#all.set(id, invocation);
    if (this.#open.delete(id)) {
      this.#open.set(id, invocation);
      this.#openBytes += bytes - invocation.bytes;
    }
    invocation.offset = offset;
    invocation.bytes = bytes;
    return invocation;
  }

  #tried(invocation: Invocation, { attempt, nextAt }: Tried): void {
    if (invocation.endedAt !== undefined) return;
    invocation.startedAt = undefined;
    invocation.attempts = [...invocation.attempts, attempt];
    invocation.nextAt = nextAt;
  }

  #finish(invocation: Invocation, { ending, callback }: Finished, offset: number): void {
    invocation.state = ending;
    invocation.endedAt = offset;
    invocation.nextAt = undefined;
    invocation.startedAt = undefined;
    invocation.attempts = NONE;
    if (callback) invocation.callback = { state: 'pending', attempts: 0 };
    else this.#close(invocation);
  }

  #calledBack(invocation: Invocation, { callback }: CalledBack): void {
    invocation.callback = callback;
    this.#close(invocation);
  }

  #close(invocation: Invocation): void {
    if (!this.#open.delete(invocation.id)) return;
    this.#openBytes -= invocation.bytes;
    invocation.settings = DEFAULTS;
    invocation.method = '';
    invocation.path = '';
  }
}

export function isOver({ endedAt }: Invocation): boolean {
  return endedAt !== undefined;
}

function keyOf(service: string, key: string): string {
  return `${service}\n${key}`;
}
