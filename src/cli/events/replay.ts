// ebb events replay: sends what is kept to any sink.

import type { Destination, ReplayStatus } from '#kinds/mod.ts';
import { ApiError } from '#machinery/mod.ts';
import { dataDirOf } from '../data-dir.ts';
import { Failure, usage } from '../failure.ts';
import { kindNamed } from '../get/command.ts';
import { columns, formatOf, rendered } from '../output.ts';
import type { CliPorts, Connection } from '../ports.ts';
import { ifServed } from './find.ts';
import type { EventFlags, PlaceFlags } from './flags.ts';
import { spanOf } from './flags.ts';
import type { Place } from './places.ts';
import { placeMeant, placeName, placesOf } from './places.ts';

export interface ReplayFlags extends PlaceFlags, EventFlags {
  readonly to?: string;
  readonly follow?: boolean;
}

const LOOK_MS = 500;

export async function replayEvents(flags: ReplayFlags, ports: CliPorts): Promise<void> {
  const format = formatOf(flags.output);
  const span = spanOf(flags, ports.now());
  const to = flags.to === undefined ? undefined : destinationOf(flags.to);
  const connection = await ports.connect(dataDirOf(flags.data, ports.env));
  if (!to) {
    if (flags.follow || Object.keys(span).length > 0)
      throw usage('--to says where the events go: a URL, or an object as ksvc/hello or broker/default');
    return listReplays(await placesOf(flags, connection.client), format, connection, ports);
  }
  const place = await placeMeant(flags, connection.client);
  const begun = await connection.journal.replay(place.of, { ...span, to });
  if (!flags.follow) {
    if (format === 'json' || format === 'yaml') return ports.out(rendered(begun, format));
    return ports.out(
      `${begun.id} sends what is kept of ${placeName(place)} to ${begun.to}, from offset ${begun.from} to before ${begun.until}. 'ebb events replay' tells how far it is.\n`,
    );
  }
  const over = await followed(begun, place, connection, ports);
  if (format === 'json' || format === 'yaml') ports.out(rendered(over, format));
  else ports.out(`${over.id} is over: ${over.delivered} delivered to ${over.to}, ${over.failed} failed.\n`);
  if (over.failed > 0)
    throw new Failure(
      `${over.failed} of ${over.failed + over.delivered} events were not taken. 'ebb events why ID' tells why, where the journal is on.`,
    );
}

async function followed(
  begun: ReplayStatus,
  { of }: Place,
  { journal }: Connection,
  ports: CliPorts,
): Promise<ReplayStatus> {
  let now = begun;
  while (!now.isOver) {
    if (ports.isTerminal) ports.err(`\r${begun.id}: ${progress(now)} `);
    await ports.pause(LOOK_MS);
    if (ports.signal.aborted)
      throw new Failure(`${begun.id} goes on without being watched; 'ebb events replay' tells how far it is.`, 130);
    const all = await unlessAway(journal.replays(of));
    if (!all) continue;
    const found = all.find(({ id }) => id === begun.id);
    if (!found)
      throw new Failure(
        `${begun.id} is not known any more; it was at ${progress(now)}. --since offset:${now.position} goes on from there.`,
      );
    now = found;
  }
  if (ports.isTerminal) ports.err('\r\u001B[K');
  return now;
}

/** Undefined while the gateway's process starts anew: replays go on after it. */
async function unlessAway<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.code === 503) return undefined;
    throw error;
  }
}

function progress({ position, until, delivered, failed }: ReplayStatus): string {
  return `offset ${position} of ${until}, ${delivered} delivered, ${failed} failed`;
}

async function listReplays(
  places: readonly Place[],
  format: string,
  { journal }: Connection,
  ports: CliPorts,
): Promise<void> {
  const all: { at: string; run: ReplayStatus }[] = [];
  for (const place of places)
    for (const run of (await ifServed(journal.replays(place.of))) ?? []) all.push({ at: placeName(place), run });
  if (format === 'json' || format === 'yaml')
    return ports.out(
      rendered(
        all.map(({ at, run }) => ({ at, ...run })),
        format,
      ),
    );
  if (all.length === 0) return ports.err("Nothing has been replayed. 'ebb events replay --to URL' begins a replay.\n");
  const rows = all.map(({ at, run }) => [
    run.id,
    at,
    run.to,
    `${run.position}/${run.until}`,
    String(run.delivered),
    String(run.failed),
    run.isOver ? 'over' : 'going on',
  ]);
  ports.out(columns(['ID', 'OF', 'TO', 'OFFSET', 'DELIVERED', 'FAILED', 'STATE'], rows));
}

/** A URL, or an object: `ksvc/hello`, or as kn has it `ksvc:hello` and `ksvc:hello:namespace`. */
export function destinationOf(text: string): Destination {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { uri: text };
  const [word = '', name = '', namespace] = text.split(/[/:]/);
  if (!word || !name)
    throw usage(
      `--to takes a URL, or an object as ksvc/hello or broker/default, but ${JSON.stringify(text)} was given`,
    );
  const { apiVersion, kind } = kindNamed(word);
  return { ref: { apiVersion, kind, name, ...(namespace ? { namespace } : {}) } };
}
