// Requests whose answer is an event: each becomes an event that carries a token of its own, and waits for one that brings the token
// back.

import type { CancelSignal, Clock } from '#base/mod.ts';
import type { ReplyRule } from '../control.ts';
import type { CloudEvent } from '../event.ts';
import { textOf, withAttributes } from '../event.ts';

/** How the waiting ended; `gone`: the client has gone away. */
export type Awaited =
  | { readonly outcome: 'reply'; readonly event: CloudEvent }
  | { readonly outcome: 'late' }
  | { readonly outcome: 'closing' }
  | { readonly outcome: 'gone' };

/** A request that waits. */
export interface Waiting {
  /** As it goes on. */
  readonly event: CloudEvent;
  readonly reply: Promise<Awaited>;
  /** It waits no longer. */
  cancel(): void;
}

export interface AwaitedRepliesPorts {
  readonly clock: Clock;
  /** A word that nobody can guess. */
  readonly secret: () => string;
  /** Requests that wait at once, in all. */
  readonly max?: number;
}

const MAX_WAITING = 10_000;

interface Entry {
  readonly attribute: string;
  settle(awaited: Awaited): void;
}

/** All requests that wait, by the stream that their replies come through. */
export class AwaitedReplies {
  readonly #ports: AwaitedRepliesPorts;
  readonly #streams = new Map<unknown, Map<string, Entry>>();
  #size = 0;
  #isClosing = false;

  constructor(ports: AwaitedRepliesPorts) {
    this.#ports = ports;
  }

  /** Undefined where too many wait already. */
  open(stream: unknown, event: CloudEvent, rule: ReplyRule, signal?: CancelSignal): Waiting | undefined {
    const { clock, secret, max = MAX_WAITING } = this.#ports;
    if (this.#isClosing || this.#size >= max) return undefined;
    // Three parts, as Knative has them: the id, what shows that the word is ours, and which of several processes waits.
    const word = `${textOf(event, 'id') ?? ''}:${secret()}:0`;
    const entries = this.#streams.get(stream) ?? new Map<string, Entry>();
    this.#streams.set(stream, entries);
    this.#size++;
    let cancel = () => {};
    const reply = new Promise<Awaited>((resolve) => {
      const settle = (awaited: Awaited) => {
        if (!entries.delete(word)) return;
        this.#size--;
        if (entries.size === 0) this.#streams.delete(stream);
        timer.cancel();
        signal?.removeEventListener('abort', cancel);
        resolve(awaited);
      };
      const timer = clock.after(rule.timeoutMs, () => settle({ outcome: 'late' }));
      cancel = () => settle({ outcome: 'gone' });
      entries.set(word, { attribute: rule.replyAttribute, settle });
    });
    if (signal?.aborted) cancel();
    else signal?.addEventListener('abort', cancel, { once: true });
    return { event: withAttributes(event, { [rule.correlationAttribute]: word }), reply, cancel };
  }

  /** An event came through the stream: whoever waits for it gets it. */
  offer(stream: unknown, event: CloudEvent): void {
    if (this.#size === 0) return;
    const entries = this.#streams.get(stream);
    if (!entries) return;
    for (const value of event.attributes.values()) {
      const entry = typeof value === 'string' ? entries.get(value) : undefined;
      if (entry && event.attributes.get(entry.attribute) === value) entry.settle({ outcome: 'reply', event });
    }
  }

  /** Nobody waits any longer. */
  close(): void {
    this.#isClosing = true;
    for (const entries of this.#streams.values())
      for (const entry of entries.values()) entry.settle({ outcome: 'closing' });
  }
}
