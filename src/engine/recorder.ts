// Events (core/v1) about objects: written beside the work, counted up when they repeat, dropped rather than waited for.

import type { Calm, Clock, Random } from '#base/mod.ts';
import { messageOf, nameSuffix, rfc3339 } from '#base/mod.ts';
import { Event } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';
import type { Logger } from '#telemetry/mod.ts';

export type EventType = 'Normal' | 'Warning';

/** Says something about an object where `kubectl describe` shows it. */
export interface Recorder {
  record(about: KubeObject, type: EventType, reason: string, message: string): void;
}

export interface RecorderOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly calm: Calm;
  readonly random: Random;
  readonly log: Logger;
  /** The component the events come from. */
  readonly source: string;
}

/** Events waiting to be written; more than this at once are dropped. */
const MAX_WAITING = 512;
/** Events remembered, so that a repetition raises a count. */
const MAX_REMEMBERED = 4096;
/** One object may have this many events at once, then one in five minutes, as client-go's spam filter has it. */
const BURST = 25;
const REFILL_MS = 300_000;

/** What is to be written, and when it was said. */
interface Said {
  readonly about: KubeObject;
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
  readonly now: string;
}

/** Where an event is, and how often it happened; the event itself may be gone by then. */
interface Remembered {
  readonly namespace: string;
  readonly name: string;
  count: number;
}

/** Lossy by design: a lost Event never fails the work it speaks of. */
export class EventRecorder implements Recorder {
  readonly #options: RecorderOptions;
  readonly #remembered = new Map<string, Remembered>();
  readonly #slots = new Map<string, number>();
  #waiting = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  record(about: KubeObject, type: EventType, reason: string, message: string): void {
    if (this.#waiting >= MAX_WAITING || !this.#allowed(about.metadata.uid ?? '')) return;
    this.#waiting++;
    const now = rfc3339(this.#options.clock.now());
    const uncrowded = this.#uncrowded();
    this.#tail = this.#tail.then(async () => {
      await uncrowded;
      await this.#write({ about, type, reason, message, now }).catch((thrown) =>
        this.#options.log.debug('an event was lost', { reason, error: messageOf(thrown) }),
      );
      this.#waiting--;
    });
  }

  /** Resolves when all that was recorded is written or lost. */
  settled(): Promise<void> {
    return this.#tail;
  }

  /** Nobody waits for an Event while a crowd of programs starts. */
  #uncrowded(): Promise<void> | undefined {
    const { calm } = this.#options;
    return calm.isCrowded ? new Promise((resolve) => calm.after(0, resolve)) : undefined;
  }

  async #write(said: Said): Promise<void> {
    const { client } = this.#options;
    const { about, type, reason, message, now } = said;
    const key = [about.kind, about.metadata.uid, about.metadata.name, type, reason, message].join('\0');
    const before = this.#remembered.get(key);
    if (before) {
      before.count++;
      const { namespace, name } = before;
      const patched = await client
        .patch(Event, namespace, name, 'merge', { count: before.count, lastTimestamp: now })
        .catch(() => undefined);
      if (patched) return;
    }
    const { metadata } = await client.create(Event, this.#eventOf(said));
    remember(
      this.#remembered,
      key,
      { namespace: metadata.namespace ?? '', name: metadata.name, count: 1 },
      MAX_REMEMBERED,
    );
  }

  #eventOf({ about, type, reason, message, now }: Said): Event {
    const { apiVersion, kind, metadata } = about;
    const { name, namespace = 'default', uid, resourceVersion } = metadata;
    const about_ = { apiVersion, kind, name, ...(metadata.namespace ? { namespace } : {}) };
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${nameSuffix(this.#options.random, 16)}`, namespace },
      involvedObject: { ...about_, ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) },
      type,
      reason,
      message,
      source: { component: this.#options.source },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      reportingComponent: this.#options.source,
      reportingInstance: '',
    };
  }

  #allowed(uid: string): boolean {
    const now = this.#options.clock.monotonic();
    const slot = Math.max((this.#slots.get(uid) ?? -Infinity) + REFILL_MS, now - BURST * REFILL_MS + REFILL_MS);
    if (slot > now) return false;
    remember(this.#slots, uid, slot, MAX_REMEMBERED);
    return true;
  }
}

/** Sets an entry as the newest and lets the oldest go beyond `max`. */
function remember<V>(map: Map<string, V>, key: string, value: V, max: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > max && oldest !== undefined) map.delete(oldest);
}
