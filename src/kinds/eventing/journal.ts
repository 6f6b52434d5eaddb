// The journal of a Broker or channel in the API's words: what is asked of it, what it tells, and what it is told to do again. These
// are no kinds of objects: they come as answers and bodies of subresources.

import type { ObjectOf, Problems } from '#machinery/mod.ts';
import { any, bytes, defineKind, flag, int64, list, map, object, text } from '#machinery/mod.ts';
import { checkDelivery, DeliverySchema } from '../duck/delivery.ts';
import { DestinationSchema } from '../duck/destination.ts';
import { eventingFeatures } from '../duck/rules.ts';
import type { SubscriptionsFilter } from './filter.ts';
import { checkFilters, FiltersSchema } from './filter.ts';

const API_VERSION = 'journal.ebb.dev/v1';

/** What an answer says of itself. */
export type JournalType<K extends string> = { readonly apiVersion: string; readonly kind: K };
export const journalType = <K extends string>(kind: K): JournalType<K> => ({ apiVersion: API_VERSION, kind });

/**
 * How an event stands with one consumer. `failed`: it was not taken, and there is no dead letter sink; `lost`: the sink did not take it,
 * either; `under-way`: it waits, is being sent, or is about to be tried again.
 */
export const EVENT_STATES = ['delivered', 'dead-lettered', 'failed', 'lost', 'under-way'] as const;
export type EventState = (typeof EVENT_STATES)[number];

/** Who gets events: `Replay` for one that was ordered by hand, no kind for what is gone. */
export interface JournalConsumer {
  readonly kind: 'Trigger' | 'Subscription' | 'Replay' | '';
  readonly namespace: string;
  readonly name: string;
  /** By which it is named in orders. */
  readonly uid: string;
}

/** Where an event stands with one consumer. */
export interface EventFate {
  readonly consumer: JournalConsumer;
  readonly state: EventState;
  /** Requests that were sent, those to a dead letter sink included. */
  readonly attempts: number;
  /** Of the last answer. */
  readonly status?: number;
}

/** One event in a list. */
export interface JournalEvent {
  readonly offset: number;
  /** When it was taken; RFC 3339. */
  readonly time: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly bytes: number;
  /** Of consumers that are not named nothing was noted: they did not want it, or the journal was off. */
  readonly fates: readonly EventFate[];
}

export interface JournalQuery {
  /** `offset:N`, or a time (RFC 3339) from which on events count. */
  readonly from?: string;
  readonly until?: string;
  readonly filters?: readonly SubscriptionsFilter[];
  /** Only what stands so with some consumer, or with the one that is named. */
  readonly state?: EventState;
  /** Name or uid of a Trigger or Subscription. */
  readonly consumer?: string;
  /** The newest rather than the oldest. */
  readonly newest?: boolean;
  readonly limit?: number;
}

/** What came to a Broker or channel; always in order of arrival. */
export interface JournalList extends JournalType<'EventList'> {
  /** Whether what happens to events is noted. */
  readonly journal: boolean;
  readonly events: readonly JournalEvent[];
  /** Where to go on: `from` this offset, or where the newest were asked for, `until` it. Absent at the end. */
  readonly next?: number;
}

/** What a clause of a filter said of an event; `none`: it says nothing, and keeps no event out. */
export interface FilterVerdict {
  readonly result: 'pass' | 'fail' | 'none';
  /** What was asked, as `exact type = "order.created"`. */
  readonly clause: string;
  /** What was met. */
  readonly met?: string;
  readonly parts?: readonly FilterVerdict[];
}

export interface ConsumerVerdict {
  readonly consumer: JournalConsumer;
  readonly verdict: FilterVerdict;
}

export interface DeliveryAttempt {
  readonly consumer: JournalConsumer;
  readonly at: 'subscriber' | 'reply' | 'dead-letter';
  readonly destination: string;
  /** Absent where there was no answer. */
  readonly status?: number;
  readonly error?: string;
  /** Why it failed, in one short line, where the status does not say it. */
  readonly reason?: string;
  /** Ordered by hand. */
  readonly isRedrive?: true;
  /** RFC 3339. */
  readonly time: string;
  readonly tookMs: number;
  /** What followed. */
  readonly next:
    | { readonly kind: 'end'; readonly state: EventState }
    | { readonly kind: 'wait'; readonly ms: number }
    | { readonly kind: 'send' };
}

/** All that is known of one event. */
export interface EventStory extends JournalType<'EventStory'>, JournalEvent {
  readonly journal: boolean;
  /** Headers that go with it; names and values by turns. */
  readonly headers: readonly string[];
  /** Base64; absent where there is none. */
  readonly data?: string;
  /** What the filters of those who are consumers now say of it. */
  readonly verdicts: readonly ConsumerVerdict[];
  readonly attempts: readonly DeliveryAttempt[];
}

export const Replay = defineKind({
  apiVersion: API_VERSION,
  kind: 'Replay',
  names: { plural: 'replays' },
  scope: 'Namespaced',
  doc: 'Replay sends kept events of a Broker or channel to any sink again.',
  spec: object({
    from: text().doc('Where to begin: offset:N, or a time; by default at the oldest that is kept.'),
    until: text().doc('Where to end; by default after the newest event at the time of the order.'),
    filters: FiltersSchema.doc('Filters that must all let an event through.'),
    to: DestinationSchema.doc('Where the events go.'),
    delivery: DeliverySchema.doc('How events are sent; by default with three retries and back-off from one second.'),
  }),
  status: object({
    id: text().required(),
    to: text().required().doc('The URL that the destination came to.'),
    from: int64().required().doc('The offset at which it began.'),
    position: int64().required().doc('The next offset that it looks at.'),
    until: int64().required().doc('The offset at which it ends.'),
    delivered: int64().required(),
    failed: int64().required(),
    isOver: flag().required(),
  }),
  verbs: ['create'],
  validate({ spec }, problems, { config }) {
    const at = problems.under('spec');
    checkPoints(spec, at);
    if (!spec.to) at.required('to');
    const errors = checkFilters(spec.filters);
    if (errors.text) at.invalid('filters', spec.filters, errors.text);
    const delivery = checkDelivery(spec.delivery, eventingFeatures({ config }));
    if (delivery.text) at.invalid('delivery', spec.delivery, delivery.text);
  },
});
export type Replay = ObjectOf<typeof Replay>;
export type ReplayStatus = NonNullable<Replay['status']>;

export interface ReplayList extends JournalType<'ReplayList'> {
  readonly items: readonly Replay[];
}

export const Redrive = defineKind({
  apiVersion: API_VERSION,
  kind: 'Redrive',
  names: { plural: 'redrives' },
  scope: 'Namespaced',
  doc: 'Redrive sends one event to one consumer again, changed or not.',
  spec: object({
    offset: int64().required(),
    consumer: text().required().doc('Uid, or name, of a Trigger or Subscription.'),
    set: map(any<string | number | boolean>()).doc('Attributes to be set.'),
    unset: list(text()).doc('Attributes to be taken away.'),
    data: bytes().doc('Base64; the event’s own data unless told.'),
  }),
  status: object({
    state: text().required(),
    status: int64().doc('Of the answer.'),
    error: text().doc('What went wrong, where there was no answer.'),
    reason: text().doc('Why it failed, where the status does not say it.'),
  }),
  verbs: ['create'],
  validate({ spec: { set = {} } }, problems) {
    for (const [name, value] of Object.entries(set)) {
      const at = problems.under('spec').under('set');
      if (!/^[a-z0-9]+$/.test(name) || name === 'data')
        at.invalid(name, value, 'an attribute has a name of lower-case letters and digits, and not data');
      else if (!['string', 'number', 'boolean'].includes(typeof value))
        at.invalid(name, value, 'expected a text, a number, or true or false');
    }
  },
});
export type Redrive = ObjectOf<typeof Redrive>;
export type RedriveStatus = NonNullable<Redrive['status']>;

/** What is wrong with the places of an order or question. */
export function checkPoints(of: { from?: string | undefined; until?: string | undefined }, problems: Problems): void {
  for (const field of ['from', 'until'] as const) {
    const text = of[field];
    if (text !== undefined && !parsePoint(text)) problems.invalid(field, text, POINT_RULE);
  }
}

export const POINT_RULE = 'expected offset:N, or a time as 2026-01-02T15:04:05Z';

/** A place among events, read from its text; undefined where it is none. */
export function parsePoint(text: string): { offset: number } | { time: number } | undefined {
  const offset = /^offset:(\d{1,15})$/.exec(text)?.[1];
  if (offset !== undefined) return { offset: Number(offset) };
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : { time };
}
