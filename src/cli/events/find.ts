// Events by their id, wherever they came to.

import type { EventStory, JournalEvent } from '#kinds/mod.ts';
import { ApiError } from '#machinery/mod.ts';
import { absent, usage } from '../failure.ts';
import type { CliPorts, Connection } from '../ports.ts';
import type { PlaceFlags } from './flags.ts';
import type { Place } from './places.ts';
import { placeName, placesOf } from './places.ts';

export interface FoundEvent {
  readonly place: Place;
  readonly event: JournalEvent;
}

const PAGE = 100;

/** Every event with this id (or at `offset:N`), the oldest first. Throws where there is none. */
export async function eventsById(id: string, flags: PlaceFlags, connection: Connection): Promise<FoundEvent[]> {
  const places = await placesOf(flags, connection.client);
  const offset = /^offset:(\d+)$/.exec(id)?.[1];
  if (offset !== undefined) return [await atOffset(Number(offset), places, connection)];
  const found: FoundEvent[] = [];
  for (const place of places) found.push(...(await withId(id, place, connection)));
  if (found.length === 0) throw absent(notKept(id, flags));
  return found.toSorted((a, b) => (a.event.time < b.event.time ? -1 : 1));
}

function notKept(id: string, { namespace }: PlaceFlags): string {
  return `No event with the id ${id} is kept in namespace ${namespace}. Events go once they are delivered, unless their Broker or channel has the annotation ebb.dev/journal=true or ebb.dev/retention. 'ebb events list' shows what is kept.`;
}

async function atOffset(offset: number, places: readonly Place[], { journal }: Connection): Promise<FoundEvent> {
  const [place, ...others] = places;
  if (!place || others.length > 0)
    throw usage(
      `offset:${offset} is a place in one of ${places.map(placeName).join(', ')}; say which with --broker or --channel`,
    );
  return { place, event: await journal.event(place.of, offset) };
}

async function withId(id: string, place: Place, { journal }: Connection): Promise<FoundEvent[]> {
  const found: FoundEvent[] = [];
  let until: string | undefined;
  do {
    const page = await listed(place, { until, id }, journal);
    found.unshift(...(page?.events ?? []).map((event) => ({ place, event })));
    until = page?.next === undefined ? undefined : `offset:${page.next}`;
  } while (until !== undefined);
  return found;
}

function listed(
  { of }: Place,
  { until, id }: { readonly until: string | undefined; readonly id: string },
  journal: Connection['journal'],
) {
  const filters = [{ exact: { id } }];
  return ifServed(journal.events(of, { filters, newest: true, limit: PAGE, ...(until ? { until } : {}) }));
}

/** Undefined for a Broker or channel that is not up yet: it has no events. */
export async function ifServed<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return undefined;
    throw error;
  }
}

export interface FoundStory {
  readonly place: Place;
  readonly story: EventStory;
}

/** All that is known of the events with an id. */
export async function storiesOf(
  id: string,
  flags: PlaceFlags,
  ports: CliPorts,
  dataDir: string,
): Promise<FoundStory[]> {
  const connection = await ports.connect(dataDir);
  const found = await eventsById(id, flags, connection);
  return Promise.all(
    found.map(async ({ place, event }) => ({ place, story: await connection.journal.event(place.of, event.offset) })),
  );
}
