// Lists in pages, all of one moment: what stood at a revision is what stands now with the changes since then taken back.

import type { KubeObject } from '#machinery/mod.ts';
import { ApiError, badRequest } from '#machinery/mod.ts';
import type { Store } from './store.ts';
import type { Selection } from './watch.ts';
import { select } from './watch.ts';

/** Which part of a list is wanted. */
export interface PageRequest {
  /** The most objects of one page; all where absent or 0. */
  readonly limit?: number | undefined;
  /** Where the last page ended, as it said so. */
  readonly continueAt?: string | undefined;
  /** The revision to list at; the present one where absent. */
  readonly at?: number | undefined;
}

export interface Page {
  readonly items: readonly KubeObject[];
  /** The revision of the whole list, the same for all its pages. */
  readonly resourceVersion: string;
  /** Asks for the next page; absent on the last one. */
  readonly continueAt?: string;
  /** How many objects are to come, where nothing but the namespace selects them. */
  readonly remaining?: number;
}

/** Throws 410 where the window no longer holds the moment of the list, 400 for a token that is none of ours. */
export function page(store: Store, resource: string, selection: Selection, request: PageRequest): Page {
  const { limit = 0, continueAt = '' } = request;
  const token = continueAt ? readToken(continueAt) : undefined;
  const revision = token?.revision ?? request.at ?? Number(store.listRevision);
  const all = standingAt(store, resource, selection, revision, token !== undefined);
  const rest = token ? all.filter((object) => placeOf(object) > token.after) : all;
  const resourceVersion = String(revision);
  const last = limit > 0 && rest.length > limit ? rest[limit - 1] : undefined;
  if (!last) return { items: rest, resourceVersion };
  return {
    items: rest.slice(0, limit),
    resourceVersion,
    continueAt: writeToken({ revision, after: placeOf(last) }),
    ...(selection.matches ? {} : { remaining: rest.length - limit }),
  };
}

/** In the order of namespace and name, as the store lists. */
function standingAt(
  store: Store,
  resource: string,
  selection: Selection,
  revision: number,
  continues: boolean,
): readonly KubeObject[] {
  if (revision === Number(store.listRevision)) return select(store, resource, selection);
  const objects = new Map(store.list(resource, selection.namespace).map((object) => [placeOf(object), object]));
  for (const { before, after, namespace } of changesSince(store, resource, revision, continues).toReversed()) {
    const object = before ?? after;
    if (!object || (selection.namespace !== undefined && namespace !== selection.namespace)) continue;
    if (before) objects.set(placeOf(before), before);
    else objects.delete(placeOf(object));
  }
  const stood = [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  const { matches } = selection;
  return matches ? stood.filter((object) => matches(object)) : stood;
}

function changesSince(store: Store, resource: string, revision: number, continues: boolean) {
  try {
    return store.since(resource, revision);
  } catch (thrown) {
    if (continues && thrown instanceof ApiError && thrown.code === 410) throw tooOldToken();
    throw thrown;
  }
}

const tooOldToken = (): ApiError =>
  new ApiError(
    410,
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.',
  );

/** Namespace and name, so that places sort as lists do. */
function placeOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}\0${metadata.name}`;
}

interface Token {
  readonly revision: number;
  readonly after: string;
}

function writeToken({ revision, after }: Token): string {
  return Buffer.from(JSON.stringify({ v: 'ebb.dev/v1', rv: revision, after })).toString('base64url');
}

function readToken(text: string): Token {
  try {
    const { v, rv, after } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>;
    if (v === 'ebb.dev/v1' && Number.isSafeInteger(rv) && typeof after === 'string')
      return { revision: rv as number, after };
  } catch {
    // Told below.
  }
  throw badRequest('continue key is not valid: it must be the one that the last page gave');
}
