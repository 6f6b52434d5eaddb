// What the data plane has been told of each channel.

import { equal } from '#base/mod.ts';
import type { EventsControl, StreamRule } from '#events/mod.ts';
import type { InMemoryChannel } from '#kinds/mod.ts';
import type { ObjectKey } from '#machinery/mod.ts';
import { keyOf } from '#machinery/mod.ts';
import { streamKey } from './rule.ts';

interface Told {
  readonly stream: string;
  readonly rule: StreamRule;
}

/** One for a process. */
export class StreamBoard {
  readonly #events: Pick<EventsControl, 'setStream'>;
  readonly #told = new Map<ObjectKey, Told>();

  constructor(events: Pick<EventsControl, 'setStream'>) {
    this.#events = events;
  }

  /** Resolves when events at the addresses of the rule are taken. The stream of a channel that had the name before is forgotten. */
  async tell(channel: InMemoryChannel, rule: StreamRule): Promise<void> {
    const key = keyOf(channel);
    const stream = streamKey(channel);
    const told = this.#told.get(key);
    if (told && told.stream !== stream) await this.forget(key);
    else if (told && equal(told.rule, rule)) return;
    await this.#events.setStream(stream, rule);
    this.#told.set(key, { stream, rule });
  }

  /** The channel is gone, and its events with it. */
  async forget(key: ObjectKey): Promise<void> {
    const told = this.#told.get(key);
    if (!told) return;
    await this.#events.setStream(told.stream, undefined);
    this.#told.delete(key);
  }

  /** Whether a channel has been told since the process began. */
  knows(key: ObjectKey): boolean {
    return this.#told.has(key);
  }
}
