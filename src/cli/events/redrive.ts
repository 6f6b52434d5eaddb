// ebb events redrive: sends dead letters, and whatever else was not taken, again.

import { readFileSync } from 'node:fs';
import type { EventState, RedriveStatus } from '#kinds/mod.ts';
import { consumerName } from '#explain/mod.ts';
import { dataDirOf } from '../data-dir.ts';
import { Failure, usage } from '../failure.ts';
import { formatOf, rendered } from '../output.ts';
import type { CliPorts, Connection } from '../ports.ts';
import type { Changes } from './document.ts';
import { changesIn, documentOf } from './document.ts';
import type { FoundEvent } from './find.ts';
import { eventsById, ifServed } from './find.ts';
import type { EventFlags, PlaceFlags } from './flags.ts';
import { spanOf, stateOf } from './flags.ts';
import { placeName, placesOf } from './places.ts';

export interface RedriveFlags extends PlaceFlags, EventFlags {
  readonly all?: boolean;
  readonly state?: string;
  readonly set: readonly string[];
  readonly unset: readonly string[];
  readonly dataText?: string;
  readonly edit?: boolean;
  readonly dryRun?: boolean;
}

/** What nobody has taken. */
const FAILED: readonly EventState[] = ['dead-lettered', 'failed', 'lost'];
const PAGE = 500;

interface Wanted extends FoundEvent {
  /** Uid, and the name that people know. */
  readonly consumer: { readonly uid: string; readonly name: string };
}

export async function redriveEvents(ids: readonly string[], flags: RedriveFlags, ports: CliPorts): Promise<void> {
  const format = formatOf(flags.output);
  if (ids.length > 0 === Boolean(flags.all))
    throw usage(
      "name events by their ids, or all that nobody took with --all; 'ebb events list --state dead-lettered' shows dead letters",
    );
  if (flags.edit && (flags.set.length > 0 || flags.unset.length > 0 || flags.dataText !== undefined))
    throw usage('--edit lets you change all of an event; leave out --set, --unset and --data-text');
  const changes = changesOf(flags);
  const connection = await ports.connect(dataDirOf(flags.data, ports.env));
  const wanted = flags.all ? await allOf(flags, ports, connection) : await named(ids, flags, connection);
  const results: { readonly wanted: Wanted; readonly status: RedriveStatus }[] = [];
  for (const one of wanted) {
    if (ports.signal.aborted) break;
    if (flags.dryRun) {
      ports.out(`${lineOf(one)}: would be sent\n`);
      continue;
    }
    const own = flags.edit ? await edited(one, connection, ports) : changes;
    if (!own) {
      ports.err(`${lineOf(one)}: nothing was changed, so it is not sent; without --edit it goes as it is\n`);
      continue;
    }
    const { event, place, consumer } = one;
    const status = await connection.journal.redrive(place.of, { offset: event.offset, consumer: consumer.uid, ...own });
    results.push({ wanted: one, status });
    if (format === 'table') ports.out(`${lineOf(one)}: ${resultOf(status)}\n`);
  }
  if (format === 'json' || format === 'yaml') ports.out(rendered(results.map(asData), format));
  tellEnd(
    results.map(({ status }) => status),
    wanted.length,
    flags,
    ports,
  );
}

function tellEnd(results: readonly RedriveStatus[], wanted: number, flags: RedriveFlags, ports: CliPorts): void {
  if (wanted === 0) return ports.err(`There is nothing to send again in namespace ${flags.namespace}.\n`);
  const failed = results.filter(({ state }) => state !== 'delivered').length;
  if (failed > 0)
    throw new Failure(
      `${failed} of ${results.length} were not taken this time, either. 'ebb events why ID' tells why.`,
    );
}

/** `4711 of Broker default to Trigger audit`. */
const lineOf = ({ event, place, consumer }: Wanted): string =>
  `${String(event.attributes['id'])} of ${placeName(place)} to ${consumer.name}`;

function resultOf({ state, status, error, reason }: RedriveStatus): string {
  const answer = status === undefined ? error : `${status}${reason === undefined ? '' : `: ${reason}`}`;
  return answer === undefined ? state : `${state} (${answer})`;
}

const asData = ({ wanted: { event, place, consumer }, status }: { wanted: Wanted; status: RedriveStatus }) => ({
  id: event.attributes['id'],
  at: placeName(place),
  offset: event.offset,
  consumer: consumer.name,
  ...status,
});

/** Of events by their ids, those who did not take them; or who was named, however it stands there. */
async function named(ids: readonly string[], flags: RedriveFlags, connection: Connection): Promise<Wanted[]> {
  const wanted: Wanted[] = [];
  for (const id of ids) {
    const found = await eventsById(id, flags, connection);
    const own = found.flatMap((one) => consumersOf(one, flags));
    if (own.length === 0) throw new Failure(nobodyNeeds(id, found));
    wanted.push(...own);
  }
  return wanted;
}

function nobodyNeeds(id: string, found: readonly FoundEvent[]): string {
  const stands = found
    .flatMap(({ event }) => event.fates.map(({ consumer, state }) => `${consumerName(consumer)}: ${state}`))
    .join(', ');
  const how = stands || 'nothing was noted of it';
  return `Nobody has failed to take ${id} (${how}). --trigger or --subscription NAME sends it there anyway.`;
}

function consumersOf({ place, event }: FoundEvent, flags: RedriveFlags): Wanted[] {
  if (place.consumer !== undefined) {
    const kind = flags.trigger === undefined ? 'Subscription' : 'Trigger';
    return [{ place, event, consumer: { uid: place.consumer, name: `${kind} ${place.consumer}` } }];
  }
  const state = stateOf(flags.state);
  return event.fates
    .filter((fate) => (state ? fate.state === state : FAILED.includes(fate.state)) && fate.consumer.kind !== 'Replay')
    .map(({ consumer }) => ({ place, event, consumer: { uid: consumer.uid, name: consumerName(consumer) } }));
}

/** Everything that nobody took, the oldest first. */
async function allOf(flags: RedriveFlags, ports: CliPorts, { client, journal }: Connection): Promise<Wanted[]> {
  const span = spanOf(flags, ports.now());
  const state = stateOf(flags.state);
  const wanted: Wanted[] = [];
  for (const place of await placesOf(flags, client)) {
    const consumer = place.consumer === undefined ? {} : { consumer: place.consumer };
    for (const of of state ? [state] : FAILED) {
      let from = span.from;
      do {
        const query = { ...span, ...consumer, ...(from ? { from } : {}), state: of, limit: PAGE };
        const page = await ifServed(journal.events(place.of, query));
        for (const event of page?.events ?? [])
          for (const { consumer: who, state: its } of event.fates)
            if (its === of && who.kind !== 'Replay' && isMeant(who, place.consumer))
              wanted.push({ place, event, consumer: { uid: who.uid, name: consumerName(who) } });
        from = page?.next === undefined ? undefined : `offset:${page.next}`;
      } while (from !== undefined);
    }
  }
  return wanted.toSorted((a, b) => (a.event.time < b.event.time ? -1 : 1));
}

const isMeant = ({ name, uid }: { name: string; uid: string }, wanted: string | undefined): boolean =>
  wanted === undefined || wanted === name || wanted === uid;

/** What the flags change of every event. */
function changesOf({ set, unset, dataText }: RedriveFlags): Changes {
  const attributes = set.map((pair): [string, string] => {
    const at = pair.indexOf('=');
    if (at < 1) throw usage(`--set takes ATTRIBUTE=VALUE, but ${JSON.stringify(pair)} was given`);
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return {
    ...(attributes.length > 0 ? { set: Object.fromEntries(attributes) } : {}),
    ...(unset.length > 0 ? { unset: [...unset] } : {}),
    ...(dataText === undefined ? {} : { data: dataIn(dataText) }),
  };
}

/** The text itself, or what is in the file after an `@`. */
function dataIn(text: string): string {
  const bytes = text.startsWith('@') ? readFileSync(text.slice(1)) : Buffer.from(text);
  return bytes.toString('base64');
}

/** What a person changes of one event; undefined for nothing. */
async function edited(
  { place, event }: Wanted,
  { journal }: Connection,
  ports: CliPorts,
): Promise<Changes | undefined> {
  const story = await journal.event(place.of, event.offset);
  const text = await ports.edit(`${JSON.stringify(documentOf(story), null, 2)}\n`, `event-${event.offset}.json`);
  if (text.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw usage(`what you wrote is no JSON (${String(error)}); nothing was sent`);
  }
  return changesIn(story, value);
}
