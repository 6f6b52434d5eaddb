// What can be asked of the events that came, and told to be done with them again.

import type { Delivery, Destination, Filter } from '../control.ts';
import type { Attempt } from '../deliver/ports.ts';
import type { End } from '../deliver/next-step.ts';
import type { AttributeValue } from '../event.ts';
import type { Verdict } from '../filter/verdict.ts';

/** A place in a stream: an offset, or a wall time in milliseconds, from which on events count. */
export type Point = { readonly offset: number } | { readonly time: number };

export interface EventQuery {
  readonly stream: string;
  /** The oldest that is kept unless told. */
  readonly from?: Point;
  /** Not this one any more; up to the newest unless told. */
  readonly until?: Point;
  readonly filters?: readonly Filter[];
  /** Only those that stand so with some consumer, or with this one. */
  readonly state?: FateState;
  readonly consumer?: string;
  /** The newest of them rather than the oldest. */
  readonly newest?: boolean;
  /** 100 unless told, 1000 at most. */
  readonly limit?: number;
}

/** `under way`: waiting, being sent, or about to be tried again. */
export type FateState = End | 'under way';

/** How an event stands with one consumer. */
export interface Fate {
  readonly state: FateState;
  /** Requests that were sent, those to a dead letter sink included. */
  readonly attempts: number;
  /** Of the last answer. */
  readonly status?: number;
}

export interface EventRow {
  readonly offset: number;
  /** Wall time in milliseconds at which it was taken. */
  readonly at: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly bytes: number;
  /** By consumer; who is not named did not get it, or the journal was off. */
  readonly fates: Readonly<Record<string, Fate>>;
}

export interface EventPage {
  /** In order of arrival. */
  readonly events: readonly EventRow[];
  /** Where to go on: from here, or where the newest were asked for, until here. Absent at the end. */
  readonly next?: number;
}

/** All that is known of one event. */
export interface EventStory extends EventRow {
  /** Headers that go with it; names and values by turns. */
  readonly headers: readonly string[];
  /** Base64; absent where there is none. */
  readonly data?: string;
  /** What each consumer's filters say of it now, clause by clause. */
  readonly verdicts: Readonly<Record<string, Verdict>>;
  readonly attempts: readonly Attempt[];
}

/** Sends what is kept once more, through a filter, to wherever it is wanted. */
export interface ReplayOrder {
  readonly stream: string;
  readonly from?: Point;
  /** Up to what is newest when the order comes, unless told. */
  readonly until?: Point;
  readonly filters?: readonly Filter[];
  readonly to: Destination;
  /** Three more attempts with exponential back-off from a second unless told. */
  readonly delivery?: Delivery;
}

export interface ReplayStatus {
  readonly id: string;
  readonly stream: string;
  readonly to: string;
  /** The offset at which it began. */
  readonly from: number;
  /** The next offset that it looks at, and the one at which it ends. */
  readonly position: number;
  readonly until: number;
  readonly delivered: number;
  readonly failed: number;
  readonly isOver: boolean;
}

/** Sends one event to one consumer once more, changed or not. */
export interface RedriveOrder {
  readonly stream: string;
  readonly offset: number;
  readonly consumer: string;
  /** Attributes to be set, or with null taken away. */
  readonly attributes?: Readonly<Record<string, AttributeValue | null>>;
  /** Base64; the event's own data unless told. */
  readonly data?: string;
}

export interface RedriveResult {
  readonly end: End;
  readonly status?: number;
  readonly error?: string;
  readonly reason?: string;
}

/** Asks and orders. Rejects for a stream that is not there. */
export interface JournalControl {
  events(query: EventQuery): Promise<EventPage>;
  /** Undefined where the event is not kept any more, or not there yet. */
  event(stream: string, offset: number): Promise<EventStory | undefined>;
  /** Begins a replay, and gives its id. It goes on after the process died: what was sent within a second before may be sent again. */
  replay(order: ReplayOrder): Promise<string>;
  /** Replays that are under way, and the last of those that are over. */
  replays(): Promise<readonly ReplayStatus[]>;
  /** One attempt, and the reply where there is one. */
  redrive(order: RedriveOrder): Promise<RedriveResult>;
}
