// The journal as the API has it, over what the data plane tells: uids become names, numbers times, and references addresses.

import { messageOf } from '#base/mod.ts';
import type { AttributeValue, Attempt, EventQuery, EventRow, EventsControl, FateState, Point } from '#events/mod.ts';
import { faultsOf } from '#events/mod.ts';
import type {
  DeliveryAttempt,
  EventState,
  EventStory,
  JournalEvent,
  JournalQuery,
  Redrive,
  Replay,
  ReplayStatus,
} from '#kinds/mod.ts';
import { journalType, parsePoint, plainDelivery, POINT_RULE } from '#kinds/mod.ts';
import { ApiError, badRequest } from '#machinery/mod.ts';
import type { EventJournal } from '#objects/mod.ts';
import type { ResolveReader } from '../resolve/resolve.ts';
import { resolve } from '../resolve/resolve.ts';
import { filtersOf } from '../streams/filters.ts';
import type { JournalStream } from './stream-of.ts';
import { consumerNamed, streamOf } from './stream-of.ts';

export interface EventJournalPorts {
  readonly events: Pick<EventsControl, 'events' | 'event' | 'replay' | 'replays' | 'redrive'>;
  readonly reader: ResolveReader;
}

/** Answers for the API server. */
export function eventJournal({ events, reader }: EventJournalPorts): EventJournal {
  const story = async (stream: JournalStream, offset: number): Promise<EventStory> => {
    const found = await asked(events.event(stream.key, offset));
    if (!found) throw new ApiError(404, 'NotFound', `event ${offset} is not kept any more, or has not come yet`);
    return {
      ...journalType('EventStory'),
      journal: stream.journal,
      ...eventOf(found, stream),
      headers: found.headers,
      ...(found.data === undefined ? {} : { data: found.data }),
      verdicts: Object.entries(found.verdicts).map(([uid, verdict]) => ({
        consumer: consumerNamed(stream, uid),
        verdict,
      })),
      attempts: found.attempts.map((attempt) => attemptOf(attempt, stream)),
    };
  };
  const replaysOf = async ({ key }: JournalStream): Promise<ReplayStatus[]> =>
    (await asked(events.replays())).flatMap(({ stream, ...status }) => (stream === key ? [status] : []));

  return {
    async events(of, query) {
      const stream = streamOf(of, reader);
      const page = await asked(events.events(queryOf(query, stream)));
      return {
        ...journalType('EventList'),
        journal: stream.journal,
        events: page.events.map((row) => eventOf(row, stream)),
        ...(page.next === undefined ? {} : { next: page.next }),
      };
    },
    event: async (of, offset) => story(streamOf(of, reader), offset),
    async replay(of, order) {
      const stream = streamOf(of, reader);
      const id = await asked(events.replay({ stream: stream.key, ...replayOf(order, of.namespace, reader) }));
      const begun = (await replaysOf(stream)).find((one) => one.id === id);
      if (!begun) throw new ApiError(503, 'ServiceUnavailable', `replay ${id} is not known any more`);
      return begun;
    },
    replays: async (of) => replaysOf(streamOf(of, reader)),
    async redrive(of, order) {
      const stream = streamOf(of, reader);
      const { uid } = consumerWanted(order, stream);
      const { set = {}, unset = [], data, offset } = order;
      const attributes = { ...set, ...Object.fromEntries(unset.map((name) => [name, null])) };
      checkChanged({ ...(await story(stream, offset)).attributes, ...attributes });
      const { end, status, error, reason } = await asked(
        events.redrive({
          stream: stream.key,
          offset,
          consumer: uid,
          attributes,
          ...(data === undefined ? {} : { data }),
        }),
      );
      return {
        state: stateOf(end),
        ...(status === undefined ? {} : { status }),
        ...(error === undefined ? {} : { error }),
        ...(reason === undefined ? {} : { reason }),
      };
    },
  };
}

/** What the data plane answers; where it does not, that is not the asker's fault. */
async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw new ApiError(503, 'ServiceUnavailable', `the journal cannot be read now: ${messageOf(error)}`);
  }
}

function queryOf({ state, consumer, filters, from, until, ...rest }: JournalQuery, stream: JournalStream): EventQuery {
  return {
    stream: stream.key,
    ...rest,
    ...pointsOf({ from, until }),
    ...(filters ? { filters: filtersOf(filters) } : {}),
    ...(state === undefined ? {} : { state: state === 'under-way' ? 'under way' : state }),
    ...(consumer === undefined ? {} : { consumer: consumerBy(consumer, stream) ?? consumer }),
  };
}

function pointsOf(of: { from?: string | undefined; until?: string | undefined }): { from?: Point; until?: Point } {
  const points: { from?: Point; until?: Point } = {};
  for (const field of ['from', 'until'] as const) {
    const text = of[field];
    if (text === undefined) continue;
    const point = parsePoint(text);
    if (!point) throw badRequest(`${field}: ${POINT_RULE}, but met ${JSON.stringify(text)}`);
    points[field] = point;
  }
  return points;
}

/** The uid of who has this name or uid. */
function consumerBy(word: string, { consumers }: JournalStream): string | undefined {
  return (consumers.find(({ uid }) => uid === word) ?? consumers.find(({ name }) => name === word))?.uid;
}

function consumerWanted({ consumer }: Redrive['spec'], stream: JournalStream): { uid: string } {
  const uid = consumerBy(consumer, stream);
  if (uid !== undefined) return { uid };
  const names = stream.consumers.map(({ name }) => name).join(', ') || 'none';
  throw badRequest(`there is no Trigger or Subscription ${JSON.stringify(consumer)} here; there are: ${names}`);
}

/** Throws 400 where the event would be none any more. */
function checkChanged(attributes: Readonly<Record<string, AttributeValue | null>>): void {
  const set = Object.entries(attributes).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
  const [fault] = faultsOf({ attributes: new Map(set), data: undefined });
  if (fault) throw badRequest(`the event would not be one: ${fault}`);
}

function replayOf({ from, until, filters, to, delivery }: Replay['spec'], namespace: string, reader: ResolveReader) {
  const found = resolve(to ?? {}, namespace, reader);
  if ('fault' in found) throw badRequest(`to: ${found.fault}`);
  const { url, CACerts, audience } = found.address;
  return {
    ...pointsOf({ from, until }),
    ...(filters ? { filters: filtersOf(filters) } : {}),
    to: { url, ...(CACerts ? { caCerts: CACerts } : {}), ...(audience ? { audience } : {}) },
    ...(delivery ? { delivery: plainDelivery(delivery) } : {}),
  };
}

const stateOf = (state: FateState): EventState => (state === 'under way' ? 'under-way' : state);

function eventOf({ offset, at, attributes, bytes, fates }: EventRow, stream: JournalStream): JournalEvent {
  return {
    offset,
    time: timeOf(at),
    attributes,
    bytes,
    fates: Object.entries(fates).map(([uid, { state, attempts, status }]) => ({
      consumer: consumerNamed(stream, uid),
      state: stateOf(state),
      attempts,
      ...(status === undefined ? {} : { status }),
    })),
  };
}

function attemptOf({ consumer, startedAt, next, ...attempt }: Attempt, stream: JournalStream): DeliveryAttempt {
  const { at, destination, tookMs, status, error, reason, isRedrive } = attempt;
  return {
    consumer: consumerNamed(stream, consumer),
    at,
    destination,
    ...(status === undefined ? {} : { status }),
    ...(error === undefined ? {} : { error }),
    ...(reason === undefined ? {} : { reason }),
    ...(isRedrive ? { isRedrive } : {}),
    time: timeOf(startedAt),
    tookMs,
    next: next.kind === 'end' ? { kind: 'end', state: stateOf(next.end) } : next,
  };
}

/** With milliseconds. */
const timeOf = (at: number): string => new Date(at).toISOString();
