// What the data plane has been told of each channel.

import { equal } from '#base/mod.ts';
import type { EventsControl, StreamAddress, StreamRule } from '#events/mod.ts';
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
  /** Addresses of RequestReplies as they were told last. */
  readonly #requests = new Map<ObjectKey, StreamAddress>();
  readonly #listeners = new Set<(requestReply: ObjectKey) => void>();

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
    const before = this.#told.get(key)?.rule;
    this.#told.set(key, { stream, rule });
    this.#noteRequests(before, rule);
  }

  /** The channel is gone, and its events with it. */
  async forget(key: ObjectKey): Promise<void> {
    const told = this.#told.get(key);
    if (!told) return;
    await this.#events.setStream(told.stream, undefined);
    this.#told.delete(key);
    this.#noteRequests(told.rule, undefined);
  }

  /** Where the requests of a RequestReply are taken; undefined where they are not. */
  requestAddress(key: ObjectKey): StreamAddress | undefined {
    return this.#requests.get(key);
  }

  /** Hears of each RequestReply whose address was told, changed or taken back. */
  onRequestAddress(listen: (key: ObjectKey) => void): () => void {
    this.#listeners.add(listen);
    return () => void this.#listeners.delete(listen);
  }

  #noteRequests(before: StreamRule | undefined, after: StreamRule | undefined): void {
    const [old, now] = [requestsOf(before), requestsOf(after)];
    for (const [key, address] of old)
      if (!now.has(key) && this.#requests.get(key) === address) this.#requests.delete(key);
    for (const [key, address] of now) this.#requests.set(key, address);
    for (const key of new Set([...old.keys(), ...now.keys()]))
      if (!equal(old.get(key), now.get(key))) for (const listen of this.#listeners) listen(key);
  }

  /** Whether a channel has been told since the process began. */
  knows(key: ObjectKey): boolean {
    return this.#told.has(key);
  }
}

function requestsOf(rule: StreamRule | undefined): Map<ObjectKey, StreamAddress> {
  const addresses = rule?.addresses.filter(({ kind }) => kind === 'requestreply') ?? [];
  return new Map(addresses.map((address) => [`${address.namespace}/${address.name}`, address]));
}
