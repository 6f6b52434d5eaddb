// Watches over the store: changes as one selection sees them, replayed from a revision and then as they come.

import type { Clock } from '#base/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import type { WatchEvent } from './client.ts';
import { EventBuffer } from './event-buffer.ts';
import type { StoreChange } from './history.ts';
import type { Store } from './store.ts';

/** Which objects a list or watch is about. Selectors must depend on the object alone. */
export interface Selection {
  readonly namespace?: string | undefined;
  readonly matches?: ((object: KubeObject) => boolean) | undefined;
}

/** A change as a selection sees it, with its revision. */
export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
  readonly revision: number;
}

/**
 * Tells `listen` the changes of a resource after `from`, those of the past at once, then each as it comes. Throws 410 where the
 * window begins later. Returns the stop.
 */
export function watch(
  store: Store,
  resource: string,
  from: number,
  selection: Selection,
  listen: (event: StoreEvent) => void,
): () => void {
  const tell = (change: StoreChange) => {
    const event = eventOf(change, selection);
    if (event) listen(event);
  };
  for (const change of store.since(resource, from)) tell(change);
  return store.onChange(resource, tell);
}

/** Leaving the selection is DELETED, entering it ADDED; undefined where the change does not touch it. */
export function eventOf(change: StoreChange, { namespace, matches }: Selection): StoreEvent | undefined {
  const { before, after, revision } = change;
  if (namespace !== undefined && change.namespace !== namespace) return undefined;
  const isIn = after !== undefined && (matches?.(after) ?? true);
  const wasIn = before !== undefined && (matches?.(before) ?? true);
  if (isIn) return { type: wasIn ? 'MODIFIED' : 'ADDED', object: after, revision };
  return wasIn && change.gone ? { type: 'DELETED', object: change.gone, revision } : undefined;
}

/** The objects of a selection as they stand. */
export function select(store: Store, resource: string, { namespace, matches }: Selection): readonly KubeObject[] {
  const objects = store.list(resource, namespace);
  return matches ? objects.filter((object) => matches(object)) : objects;
}

export interface WatchRequest extends Selection {
  readonly resource: string;
  /** After which resourceVersion; empty or `0` for what stands now as ADDED and then what comes. */
  readonly from: string;
  /** First what stands now as ADDED, whatever `from` is; then a bookmark that says so (the watch-list of Kubernetes). */
  readonly sendInitialEvents?: boolean;
  /** Bookmarks now and then while nothing else happens; none where absent. */
  readonly bookmarks?: { readonly clock: Clock; readonly everyMs: number };
  /** How many events may wait for the reader before the watch ends; 10,000 unless told. What stands at first does not count. */
  readonly bound?: number;
  readonly signal: AbortSignal;
}

/**
 * A watch to be read at leisure. Begins at once: what it throws (410, 504, 400) is thrown by this call. It ends by its signal, or
 * when its reader falls behind by more than the bound; the reader then goes on from the last revision it saw.
 */
export function watchEvents(store: Store, request: WatchRequest): AsyncIterable<WatchEvent<KubeObject>> {
  const { resource, from, signal, bookmarks, sendInitialEvents, bound = 10_000 } = request;
  const isInitial = sendInitialEvents === true || from === '' || from === '0';
  const asked = from === '' ? 0 : store.revisionOf(from);
  const since = isInitial ? Number(store.listRevision) : asked;
  const standing = isInitial ? select(store, resource, request) : [];
  const atOnce = standing.length + (sendInitialEvents ? 1 : 0) + store.since(resource, since).length;
  const buffer = new EventBuffer<WatchEvent<KubeObject>>(bound + atOnce);
  for (const object of standing) buffer.push({ type: 'ADDED', object });
  if (sendInitialEvents) buffer.push({ type: 'BOOKMARK', resourceVersion: String(since), initialEventsEnd: true });
  const stops = [watch(store, resource, since, request, ({ type, object }) => buffer.push({ type, object }))];
  if (bookmarks) {
    stops.push(every(bookmarks, () => buffer.push({ type: 'BOOKMARK', resourceVersion: store.listRevision })));
  }
  const end = () => {
    for (const stop of stops.splice(0)) stop();
    signal.removeEventListener('abort', end);
    buffer.end();
  };
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  return reading(buffer, end);
}

async function* reading<T>(buffer: EventBuffer<T>, end: () => void): AsyncGenerator<T, void, void> {
  try {
    yield* buffer;
  } finally {
    end();
  }
}

function every({ clock, everyMs }: { readonly clock: Clock; readonly everyMs: number }, run: () => void): () => void {
  let timer = clock.after(everyMs, tick);
  function tick() {
    run();
    timer = clock.after(everyMs, tick);
  }
  return () => timer.cancel();
}
