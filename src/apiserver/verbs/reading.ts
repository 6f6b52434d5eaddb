// get and list: what stands now.

import type { KubeObject } from '#machinery/mod.ts';
import { badRequest, notFound } from '#machinery/mod.ts';
import type { ListOptions, PageRequest, Store } from '#objects/mod.ts';
import { asVersion } from '#objects/mod.ts';
import { sendObject } from '../exchange.ts';
import type { ListQuery } from '../request/query.ts';
import { listQuery } from '../request/query.ts';
import { representationOf, shown, shownList } from '../representation.ts';
import type { Handler, Target } from '../services.ts';

/** One object. */
export const get: Handler = async (exchange, target, { store, clock }) => {
  const representation = representationOf(exchange, clock.now());
  const { resourceVersion } = listQuery(exchange.query, false);
  if (resourceVersion) store.revisionOf(resourceVersion);
  await sendObject(exchange, 200, shown(target.kind, standing(store, target), representation), representation.form);
};

/** The object that a request names, in the version it asks for. Throws 404. */
export function standing(store: Store, { kind, namespace, name }: Target): KubeObject {
  const object = store.get(kind.resource, namespace, name);
  if (!object) throw notFound({ group: kind.group, plural: kind.names.plural }, name);
  return asVersion(object, kind);
}

/** All objects of a namespace or of all, in pages where the client wants them. */
export const list: Handler = async (exchange, target, { store, registry, clock }) => {
  const representation = representationOf(exchange, clock.now());
  const query = listQuery(exchange.query, false);
  const { items, resourceVersion, continueAt, remaining } = registry.page(
    target.kind,
    listOptions(target, query),
    pageOf(store, query),
  );
  const metadata = {
    resourceVersion,
    ...(continueAt === undefined ? {} : { continue: continueAt }),
    ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
  };
  await sendObject(exchange, 200, shownList(target.kind, items, metadata, representation), representation.form);
};

/** What a list, a watch or the deletion of a collection is about. */
export function listOptions({ kind, namespace }: Target, { labelSelector, fieldSelector }: ListQuery): ListOptions {
  const isScoped = kind.scope === 'Namespaced' && namespace !== '';
  return { labelSelector, fieldSelector, ...(isScoped ? { namespace } : {}) };
}

/**
 * Which part of which list is meant. What need not be newer than anything (`0`) is answered whole, as Kubernetes does from its
 * cache. Throws 400 for options that do not go together, 504 for a version of the future.
 */
function pageOf(store: Store, { resourceVersion, resourceVersionMatch, continueAt, limit }: ListQuery): PageRequest {
  if (continueAt && resourceVersion && resourceVersion !== '0')
    throw badRequest('specifying resource version is not allowed when using continue');
  const asked = resourceVersion ? store.revisionOf(resourceVersion) : 0;
  const isExact = resourceVersionMatch === 'Exact' || (asked > 0 && limit > 0 && resourceVersionMatch === '');
  return {
    continueAt,
    limit: resourceVersion === '0' && !continueAt ? 0 : limit,
    ...(isExact ? { at: asked } : {}),
  };
}
