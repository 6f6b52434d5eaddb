// Those who hear of an informer's changes: each in order, each in a turn of its own after the change, none disturbed by another's fault.

import type { Logger } from '#telemetry/mod.ts';
import type { Change } from '../informer.ts';

type Listen<O> = (change: Change<O>) => void;

interface Subscription<O> {
  readonly listen: Listen<O>;
  /** What it has yet to hear: at most what happened since the present turn began. */
  waiting: Change<O>[];
}

export class Listeners<O> {
  readonly #subscriptions = new Set<Subscription<O>>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Tells of what is there, then of each change. Returns the stop, after which nothing more is told. */
  add(listen: Listen<O>, present: Iterable<O>): () => void {
    const subscription: Subscription<O> = { listen, waiting: [] };
    this.#subscriptions.add(subscription);
    for (const after of present) this.#queue(subscription, { after });
    return () => this.#stop(subscription);
  }

  tell(change: Change<O>): void {
    for (const subscription of this.#subscriptions) this.#queue(subscription, change);
  }

  clear(): void {
    for (const subscription of this.#subscriptions) this.#stop(subscription);
  }

  #queue(subscription: Subscription<O>, change: Change<O>): void {
    subscription.waiting.push(change);
    if (subscription.waiting.length === 1) queueMicrotask(() => this.#flush(subscription));
  }

  #flush(subscription: Subscription<O>): void {
    const changes = subscription.waiting;
    subscription.waiting = [];
    for (const change of changes) {
      if (!this.#subscriptions.has(subscription)) return;
      try {
        subscription.listen(change);
      } catch (thrown) {
        this.#log.error('a listener of an informer threw', { error: thrown });
      }
    }
  }

  #stop(subscription: Subscription<O>): void {
    this.#subscriptions.delete(subscription);
    subscription.waiting = [];
  }
}
