// ebb events list: what came, and how it stands.

import type { EventFate, JournalEvent, JournalQuery } from '#kinds/mod.ts';
import { consumerName } from '#explain/mod.ts';
import { dataDirOf } from '../data-dir.ts';
import { usage } from '../failure.ts';
import { columns, formatOf, rendered } from '../output.ts';
import type { CliPorts, Connection } from '../ports.ts';
import { whole } from '../values.ts';
import { ifServed } from './find.ts';
import type { EventFlags, PlaceFlags } from './flags.ts';
import { spanOf, stateOf } from './flags.ts';
import type { Place } from './places.ts';
import { placeName, placesOf } from './places.ts';

export interface ListFlags extends PlaceFlags, EventFlags {
  readonly state?: string;
  readonly limit: string;
}

interface Row {
  readonly place: Place;
  readonly event: JournalEvent;
}

export async function listEvents(flags: ListFlags, ports: CliPorts): Promise<void> {
  const format = formatOf(flags.output, ['wide', 'json', 'yaml', 'name']);
  const limit = whole('--limit', flags.limit);
  if (limit === 0) throw usage('--limit takes a whole number from 1');
  const state = stateOf(flags.state);
  const connection = await ports.connect(dataDirOf(flags.data, ports.env));
  const places = await placesOf(flags, connection.client);
  const query = { ...spanOf(flags, ports.now()), ...(state ? { state } : {}), newest: true, limit };
  const { rows, unnoted, more } = await gather(places, query, connection);
  const shown = rows.slice(-limit);
  if (format === 'json' || format === 'yaml')
    return ports.out(
      rendered(
        shown.map(({ place, event }) => ({ at: placeName(place), ...event })),
        format,
      ),
    );
  if (format === 'name') return ports.out(shown.map(({ event }) => `${text(event, 'id')}\n`).join(''));
  if (shown.length > 0) ports.out(table(shown, places.length > 1, format === 'wide'));
  else ports.err(nothing(flags));
  if (unnoted.length > 0) ports.err(withoutJournal(unnoted, flags.namespace));
  if (more || rows.length > shown.length)
    ports.err(`There is more before that: --limit, --since and --until show other parts.\n`);
}

async function gather(places: readonly Place[], query: JournalQuery, { journal }: Connection) {
  const rows: Row[] = [];
  const unnoted: Place[] = [];
  let more = false;
  for (const place of places) {
    const { consumer } = place;
    const page = await ifServed(journal.events(place.of, { ...query, ...(consumer ? { consumer } : {}) }));
    if (!page) continue;
    rows.push(...page.events.map((event) => ({ place, event })));
    if (!page.journal) unnoted.push(place);
    more ||= page.next !== undefined;
  }
  return { rows: rows.toSorted((a, b) => (a.event.time < b.event.time ? -1 : 1)), unnoted, more };
}

function table(rows: readonly Row[], withPlace: boolean, isWide: boolean): string {
  const headings = [
    'TIME',
    ...(withPlace ? ['AT'] : []),
    'OFFSET',
    'TYPE',
    'SOURCE',
    'ID',
    ...(isWide ? ['SUBJECT', 'BYTES'] : []),
    'OUTCOME',
  ];
  return columns(
    headings,
    rows.map(({ place, event }) => [
      event.time,
      ...(withPlace ? [placeName(place)] : []),
      String(event.offset),
      text(event, 'type'),
      text(event, 'source'),
      text(event, 'id'),
      ...(isWide ? [text(event, 'subject'), String(event.bytes)] : []),
      outcome(event.fates),
    ]),
  );
}

const text = ({ attributes }: JournalEvent, name: string): string => String(attributes[name] ?? '');

/** By name where there are few, else how many stand how. */
export function outcome(fates: readonly EventFate[]): string {
  if (fates.length === 0) return '-';
  if (fates.length <= 2) return fates.map(({ consumer, state }) => `${state}: ${consumerName(consumer)}`).join(', ');
  const counts = Map.groupBy(fates, ({ state }) => state);
  return [...counts].map(([state, all]) => `${state}: ${all.length}`).join(', ');
}

function nothing({ namespace, ...flags }: ListFlags): string {
  const isNarrowed =
    Boolean(flags.since ?? flags.until ?? flags.type ?? flags.source ?? flags.state) || flags.filter.length > 0;
  return isNarrowed ? 'No event that is kept fits.\n' : `No events are kept in namespace ${namespace}.\n`;
}

function withoutJournal(places: readonly Place[], namespace: string): string {
  const [one] = places;
  const kind = one?.of.kind.toLowerCase() ?? '';
  const name = places.length === 1 ? (one?.of.name ?? '') : 'NAME';
  return `The journal of ${places.map(placeName).join(', ')} is off: events go once they are delivered, and what was done with them is not noted. 'kubectl annotate -n ${namespace} ${kind} ${name} ebb.dev/journal=true' switches it on.\n`;
}
