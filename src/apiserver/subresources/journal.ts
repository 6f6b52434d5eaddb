// What came to a Broker or channel, and what is to be sent again: `events`, `replay` and `redrive` of those kinds. Discovery does not
// tell of them, since a cluster that has these kinds as custom ones has no such paths.

import type { JournalQuery, SubscriptionsFilter } from '#kinds/mod.ts';
import { checkFilters, checkPoints, EVENT_STATES, journalType, Redrive, Replay } from '#kinds/mod.ts';
import type { Kind, KubeObject, WriteContext } from '#machinery/mod.ts';
import { badRequest, invalid, Problems } from '#machinery/mod.ts';
import type { EventJournal, JournalOwner } from '#objects/mod.ts';
import type { Exchange } from '../exchange.ts';
import { sendObject } from '../exchange.ts';
import { readDecoded } from '../request/body.ts';
import { whole } from '../request/query.ts';
import { isTrue } from '../request/request-info.ts';
import type { ApiServices, Handler, Target } from '../services.ts';
import { notImplemented } from './not-implemented.ts';

/** With `offset` in the query all that is known of that event, else a list. */
export const listEvents: Handler = async (exchange, target, services) => {
  const journal = journalOf(services);
  const { query } = exchange;
  const offset = whole(query, 'offset');
  const owner = ownerOf(target);
  const answer = await (offset === undefined
    ? journal.events(owner, journalQuery(query))
    : journal.event(owner, offset));
  await sendObject(exchange, 200, answer);
};

/** Begins a replay. */
export const beginReplay: Handler = async (exchange, target, services) => {
  const journal = journalOf(services);
  const replay = await order(exchange, target, Replay, services);
  const status = await journal.replay(ownerOf(target), replay.spec);
  await sendObject(exchange, 201, { ...replay, status });
};

/** Tells how the replays stand. */
export const listReplays: Handler = async (exchange, target, services) => {
  const replays = await journalOf(services).replays(ownerOf(target));
  const items = replays.map((status) => ({ ...journalType('Replay'), metadata: {}, spec: {}, status }));
  await sendObject(exchange, 200, { ...journalType('ReplayList'), items });
};

/** Sends one event to one consumer, and tells what came of it. */
export const redrive: Handler = async (exchange, target, services) => {
  const journal = journalOf(services);
  const wanted = await order(exchange, target, Redrive, services);
  const status = await journal.redrive(ownerOf(target), wanted.spec);
  await sendObject(exchange, 201, { ...wanted, status });
};

function journalOf({ eventJournal }: ApiServices): EventJournal {
  if (!eventJournal) throw notImplemented('the journal of events');
  return eventJournal;
}

const ownerOf = ({ kind, namespace, name }: Target): JournalOwner => ({ kind: kind.kind, namespace, name });

/** Throws 400 for what cannot be asked. */
function journalQuery(query: URLSearchParams): JournalQuery {
  const words = { from: query.get('from') || undefined, until: query.get('until') || undefined };
  const problems = new Problems();
  checkPoints(words, problems);
  const state = EVENT_STATES.find((one) => one === query.get('state'));
  if (query.get('state') && !state) problems.notSupported('state', query.get('state'), EVENT_STATES);
  const [problem] = problems.all;
  if (problem) throw badRequest(`${problem.path}: ${problem.message}`);
  const filters = filtersIn(query.get('filters'));
  const consumer = query.get('consumer') || undefined;
  const limit = whole(query, 'limit');
  return {
    ...(words.from ? { from: words.from } : {}),
    ...(words.until ? { until: words.until } : {}),
    ...(filters ? { filters } : {}),
    ...(state ? { state } : {}),
    ...(consumer ? { consumer } : {}),
    ...(isTrue(query.get('newest')) ? { newest: true } : {}),
    ...(limit ? { limit } : {}),
  };
}

/** A list as a Trigger has it, as JSON. */
function filtersIn(text: string | null): readonly SubscriptionsFilter[] | undefined {
  if (!text) return undefined;
  let filters: unknown;
  try {
    filters = JSON.parse(text);
  } catch {
    throw badRequest(`filters: expected a list of filters as JSON, but met ${JSON.stringify(text)}`);
  }
  const fault = checkFilters(filters).text;
  if (fault) throw badRequest(`filters: ${fault}`);
  return filters as readonly SubscriptionsFilter[];
}

/** An order is judged by itself. */
const ALONE: Pick<WriteContext, 'config' | 'lookup'> = { config: () => ({}), lookup: () => undefined };

/** The body of an order. Throws 422 for one that makes no sense. */
async function order<O extends KubeObject>(
  exchange: Exchange,
  { name }: Target,
  kind: Kind<O>,
  { clock }: ApiServices,
): Promise<O> {
  const object = await readDecoded(exchange, kind, 'Strict');
  const problems = new Problems();
  const context = { operation: 'CREATE', user: exchange.user, now: clock.now(), dryRun: false, ...ALONE } as const;
  kind.validate?.(object, problems, context, undefined);
  if (!problems.isEmpty) throw invalid(kind, name, problems.all);
  return object;
}
