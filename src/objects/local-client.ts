// The client in the same process: writes go through the registry, reads come from the store's memory. No HTTP, no copies.

import type { Kind, KubeObject, UserInfo } from '#machinery/mod.ts';
import type { Client, ListOptions, WatchEvent } from './client.ts';
import { statusMarks, withoutOwners } from './merge.ts';
import type { Registry } from './registry.ts';
import { selectionOf } from './selection.ts';
import { asVersion } from './versions.ts';
import { watchEvents } from './watch.ts';

/** Acts in the name of `user`; `fieldManager` names the owner of what it writes, the user's name unless told. */
export function localClient(registry: Registry, user: UserInfo, fieldManager = user.name): Client {
  const options = { user, fieldManager };
  return {
    get: (kind, namespace, name) => Promise.resolve(registry.get(kind, { namespace, name })),
    list: async (kind, listOptions) => registry.list(kind, listOptions),
    create: async (kind, object) =>
      (await registry.create(kind, object.metadata.namespace ?? '', object, options)).object,
    update: async (kind, object) =>
      (await registry.update(kind, placeOf(object), withoutOwners(object), options)).object,
    updateStatus: async (kind, object) =>
      (await registry.update(kind, placeOf(object), statusOf(kind, object), { ...options, subresource: 'status' }))
        .object,
    patch: async (kind, namespace, name, type, body, patchOptions = {}) =>
      (await registry.patch(kind, { namespace, name }, type, body, { ...options, ...patchOptions })).object,
    delete: async (kind, namespace, name, deleteOptions = {}) => {
      await registry.delete(kind, { namespace, name }, { ...deleteOptions, user });
    },
    watch: (kind, resourceVersion, listOptions, signal) =>
      localWatch(registry, kind, resourceVersion, listOptions, signal),
  };
}

function placeOf({ metadata }: KubeObject): { namespace: string; name: string } {
  return { namespace: metadata.namespace ?? '', name: metadata.name };
}

/** Nothing but what a write of the status takes, so that the rest need not be read. */
function statusOf(kind: Kind, object: KubeObject & { readonly status?: unknown }): KubeObject {
  const { apiVersion, kind: named, metadata, status } = object;
  const { name, namespace, uid, resourceVersion } = metadata;
  const annotations = statusMarks(kind, object);
  const taken = { name, namespace, uid, resourceVersion, ...(annotations ? { annotations } : {}) };
  return { apiVersion, kind: named, metadata: taken, status } as KubeObject;
}

async function* localWatch<O extends KubeObject>(
  { store }: Registry,
  kind: Kind<O>,
  from: string,
  options: ListOptions,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<O>, void, void> {
  const events = watchEvents(store, { ...selectionOf(kind, options), resource: kind.resource, from, signal });
  for await (const event of events) {
    yield event.type === 'BOOKMARK' ? event : { type: event.type, object: asVersion(event.object, kind) as O };
  }
}
