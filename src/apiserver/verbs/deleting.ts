// delete and deletecollection.

import type { KubeObject, UserInfo } from '#machinery/mod.ts';
import type { Deleted } from '#objects/mod.ts';
import { sendObject, warn } from '../exchange.ts';
import type { DeleteQuery } from '../request/delete-options.ts';
import { deleteQuery } from '../request/delete-options.ts';
import { listQuery } from '../request/query.ts';
import { representationOf, shown, shownList } from '../representation.ts';
import type { ApiServices, Handler, Target } from '../services.ts';
import { listOptions } from './reading.ts';

/** One object. The answer is the object while it waits for finalizers or its grace, and a Status once it is gone. */
export const remove: Handler = async (exchange, target, services) => {
  const representation = representationOf(exchange, services.clock.now());
  const options = await deleteQuery(exchange);
  const { object, removed, warnings } = await removeOne(target, options, exchange.user, services);
  warn(exchange, warnings);
  const body = removed ? success(target, object) : shown(target.kind, object, representation);
  await sendObject(exchange, 200, body, representation.form);
};

/** Deletes one object as DeleteOptions say. */
export function removeOne(
  { kind, namespace, name }: Target,
  options: DeleteQuery,
  user: UserInfo,
  { registry }: ApiServices,
): Promise<Deleted> {
  return registry.delete(kind, { namespace, name }, { ...options, user });
}

/** metav1.Status of a deletion that is through. */
function success({ kind }: Target, { metadata }: KubeObject): object {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: metadata.name,
      ...(kind.group ? { group: kind.group } : {}),
      kind: kind.names.plural,
      uid: metadata.uid,
    },
  };
}

/** All objects of a selection. The answer is the list of them as they stood. */
export const removeCollection: Handler = async (exchange, target, { registry, clock }) => {
  const representation = representationOf(exchange, clock.now());
  const selected = listOptions(target, listQuery(exchange.query, false));
  const options = await deleteQuery(exchange);
  const { items, resourceVersion } = await registry.deleteCollection(target.kind, selected, {
    ...options,
    user: exchange.user,
  });
  await sendObject(
    exchange,
    200,
    shownList(target.kind, items, { resourceVersion }, representation),
    representation.form,
  );
};
