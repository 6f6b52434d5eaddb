// The journal of events over HTTP: the same port as in the server.

import type { JsonObject } from '#base/mod.ts';
import type { EventStory, JournalList, JournalQuery, Redrive, Replay, ReplayList } from '#kinds/mod.ts';
import { Broker, Channel, InMemoryChannel, journalType } from '#kinds/mod.ts';
import type { EventJournal, JournalOwner } from '../event-journal.ts';
import type { HttpClient } from './client.ts';

/** A subscriber may take as long as its delivery allows, and a service as long as it takes to wake. */
const REDRIVE_MS = 11 * 60_000;

export function httpJournal(client: Pick<HttpClient, 'raw'>): EventJournal {
  const order = async (of: JournalOwner, what: 'replay' | 'redrive', kind: string, spec: object, idleMs?: number) => {
    const body = { ...journalType(kind), spec } as unknown as JsonObject;
    return client.raw('POST', pathOf(of, what), body, idleMs);
  };
  return {
    events: async (of, query) =>
      (await client.raw('GET', `${pathOf(of, 'events')}?${queryOf(query).toString()}`)) as JournalList,
    event: async (of, offset) => (await client.raw('GET', `${pathOf(of, 'events')}?offset=${offset}`)) as EventStory,
    async replay(of, spec) {
      return statusIn((await order(of, 'replay', 'Replay', spec)) as Replay);
    },
    async replays(of) {
      const { items } = (await client.raw('GET', pathOf(of, 'replay'))) as ReplayList;
      return items.map(statusIn);
    },
    async redrive(of, spec) {
      return statusIn((await order(of, 'redrive', 'Redrive', spec, REDRIVE_MS)) as Redrive);
    },
  };
}

function statusIn<S>({ status }: { status?: S | undefined }): S {
  if (status === undefined) throw new Error('the API server answered without a status');
  return status;
}

const OWNERS = [Broker, Channel, InMemoryChannel];

function pathOf({ kind: named, namespace, name }: JournalOwner, subresource: string): string {
  const kind = OWNERS.find((one) => one.kind === named);
  if (!kind) throw new Error(`${named} has no journal`);
  const place = `namespaces/${encodeURIComponent(namespace)}/${kind.names.plural}/${encodeURIComponent(name)}`;
  return `/apis/${kind.apiVersion}/${place}/${subresource}`;
}

function queryOf({ filters, ...words }: JournalQuery): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(words)) if (value !== undefined) query.set(name, String(value));
  if (filters) query.set('filters', JSON.stringify(filters));
  return query;
}
