// watch: changes as they come, one JSON object a line, for as long as both sides like.

import { once } from 'node:events';
import type { Clock } from '#base/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { ApiError } from '#machinery/mod.ts';
import type { WatchEvent } from '#objects/mod.ts';
import { asVersion, selectionOf, watchEvents } from '#objects/mod.ts';
import type { Exchange } from '../exchange.ts';
import type { Representation } from '../representation.ts';
import { representationOf, shown } from '../representation.ts';
import { listQuery } from '../request/query.ts';
import type { ApiServices, Handler, Target } from '../services.ts';
import { listOptions } from './reading.ts';

/** A watch for which no time is given ends after this long, and up to twice as long (kube-apiserver's min-request-timeout). */
const LEAST_WATCH_MS = 30 * 60_000;
/** How often a client hears of the present resourceVersion while nothing it asked for happens. */
const BOOKMARK_EVERY_MS = 60_000;
/** Events that may wait for a slow client; one that falls further behind is cut and begins anew. */
const MOST_WAITING = 10_000;
/** How long a client may leave everything unread that was sent to it. */
const LONGEST_STALL_MS = 60_000;
/** Marks the bookmark after which the initial events of a watch are all told. */
const INITIAL_END = { 'k8s.io/initial-events-end': 'true' };

export const watch: Handler = async (exchange, target, services) => {
  const { clock, random } = services;
  const representation = representationOf(exchange, clock.now());
  const query = listQuery(exchange.query, true);
  const selection = selectionOf(target.kind, listOptions(target, query));
  const ending = new AbortController();
  const timeoutMs = query.timeoutSeconds ? query.timeoutSeconds * 1000 : LEAST_WATCH_MS * (1 + random.next());
  const timer = clock.after(timeoutMs, () => ending.abort());
  const signal = AbortSignal.any([exchange.signal, ending.signal]);
  try {
    await tell(exchange, target, representation, services, () =>
      watchEvents(services.store, {
        ...selection,
        resource: target.kind.resource,
        from: query.resourceVersion,
        sendInitialEvents: query.sendInitialEvents,
        bound: MOST_WAITING,
        signal,
        ...(query.allowBookmarks ? { bookmarks: { clock, everyMs: BOOKMARK_EVERY_MS } } : {}),
      }),
    );
  } finally {
    timer.cancel();
  }
};

/** Writes events until there are no more. What goes wrong before or while is told as an ERROR event, as Kubernetes does. */
async function tell(
  exchange: Exchange,
  { kind }: Target,
  representation: Representation,
  { clock }: ApiServices,
  begin: () => AsyncIterable<WatchEvent<KubeObject>>,
): Promise<void> {
  const { response } = exchange;
  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' });
  response.flushHeaders();
  let isFirst = true;
  try {
    for await (const event of begin()) {
      const line = lineOf(event, (object) =>
        shownEvent(asVersion(object, kind), { ...representation, now: clock.now() }),
      );
      if (!response.write(line) && !(await drained(exchange, clock))) break;
    }
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown;
    response.write(`${JSON.stringify({ type: 'ERROR', object: thrown.status })}\n`);
  }
  response.end();

  // Only the first table of a watch names its columns.
  function shownEvent(object: KubeObject, how: Representation): object {
    const body = shown(kind, object, how);
    if (how.form.as !== 'table' || isFirst) {
      isFirst = false;
      return body;
    }
    return { ...body, columnDefinitions: null };
  }

  function lineOf(event: WatchEvent<KubeObject>, show: (object: KubeObject) => object): string {
    const object = event.type === 'BOOKMARK' ? bookmark(event) : show(event.object);
    return `${JSON.stringify({ type: event.type, object })}\n`;
  }

  function bookmark({
    resourceVersion,
    initialEventsEnd,
  }: {
    resourceVersion: string;
    initialEventsEnd?: boolean;
  }): object {
    const metadata = {
      resourceVersion,
      creationTimestamp: null,
      ...(initialEventsEnd ? { annotations: INITIAL_END } : {}),
    };
    const { as, version } = representation.form;
    if (as === 'metadata') return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata };
    if (as === 'table')
      return {
        kind: 'Table',
        apiVersion: `meta.k8s.io/${version}`,
        metadata: { resourceVersion },
        columnDefinitions: null,
        rows: [],
      };
    return { kind: kind.kind, apiVersion: kind.apiVersion, metadata };
  }
}

/** Waits until the client has read what was written; false where it went away, or read nothing for too long, and is cut. */
async function drained({ response, signal }: Exchange, clock: Clock): Promise<boolean> {
  const late = new AbortController();
  const timer = clock.after(LONGEST_STALL_MS, () => late.abort());
  try {
    await once(response, 'drain', { signal: AbortSignal.any([signal, late.signal]) });
    return true;
  } catch {
    if (late.signal.aborted) response.destroy();
    return false;
  } finally {
    timer.cancel();
  }
}
