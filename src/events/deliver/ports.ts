// What deliveries need of the world.

import type { CancelSignal, Clock } from '#base/mod.ts';
import type { Destination, Filter } from '../control.ts';
import type { CloudEvent } from '../event.ts';
import type { EventLog } from '../log/log.ts';
import type { Codec } from '../message.ts';
import type { Held } from './held.ts';
import type { End, Stage } from './next-step.ts';
import type { Outgoing } from './outgoing.ts';
import type { Answer } from './verdict-of-answer.ts';

/** The platform cannot send at the moment: nothing reached the subscriber, so this was no attempt. */
export class NotNowError extends Error {
  override readonly name = 'NotNowError';
}

/** Sends an event to a destination, one time. What went wrong is the answer's error; rejects with NotNowError alone. */
export type Transfer = (to: Destination, what: Outgoing, limits: TransferLimits) => Promise<Answer>;

export interface TransferLimits {
  readonly timeoutMs: number;
  readonly signal: CancelSignal;
}

/** Whether an event passes, of one consumer. */
export interface Sieve {
  matches(event: CloudEvent): boolean;
}

/** Whom an event passes to, of all consumers. */
export interface Sorter<T> {
  set(id: T, filters: readonly Filter[]): void;
  delete(id: T): void;
  matching(event: CloudEvent): Iterable<T>;
}

export interface Filtering {
  sieve(filters: readonly Filter[]): Sieve;
  sorter<T>(): Sorter<T>;
}

/** One attempt, as it is noted. */
export interface Attempt {
  readonly stream: string;
  readonly consumer: string;
  readonly offset: number;
  readonly at: Stage['at'];
  readonly destination: string;
  /** Absent where there was no answer. */
  readonly status?: number;
  readonly error?: string;
  /** Why it failed, in one short line, where the status does not say it. */
  readonly reason?: string;
  /** Ordered by hand: where it fails, how the event stands with the consumer stays as it was. */
  readonly isRedrive?: true;
  /** Wall time at its start, and how long it took, in milliseconds. */
  readonly startedAt: number;
  readonly tookMs: number;
  readonly next:
    | { readonly kind: 'end'; readonly end: End }
    | { readonly kind: 'wait'; readonly ms: number }
    | { readonly kind: 'send' };
}

export interface DeliveryPorts {
  readonly clock: Clock;
  readonly log: EventLog;
  readonly codec: Codec;
  readonly filtering: Filtering;
  readonly transfer: Transfer;
  /** Bytes of events that all consumers hold in memory. */
  readonly held: Held;
  /** False while the platform stops: nothing begins, and what fails then was no attempt. Always true unless given. */
  readonly mayBegin?: () => boolean;
  /** Hears of every attempt. */
  readonly onAttempt?: (attempt: Attempt) => void;
  readonly onTrouble: (message: string, fields: Record<string, unknown>) => void;
}
