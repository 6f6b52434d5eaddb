// A client whose writes the view hears of, so that a turn sees what it wrote.

import type { KubeObject } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';
import type { View } from './view.ts';

/** The same client; what it writes shows in `view` at once. */
export function notingClient(client: Client, view: View): Client {
  return {
    get: (kind, namespace, name) => client.get(kind, namespace, name),
    list: (kind, options) => client.list(kind, options),
    watch: (kind, resourceVersion, options, signal) => client.watch(kind, resourceVersion, options, signal),
    async create(kind, object) {
      return noted(kind, await client.create(kind, object));
    },
    async update(kind, object) {
      return noted(kind, await client.update(kind, object));
    },
    async updateStatus(kind, object) {
      return noted(kind, await client.updateStatus(kind, object));
    },
    async patch(kind, namespace, name, type, body, options) {
      const answer = await client.patch(kind, namespace, name, type, body, options);
      // A patch of `scale` is answered by a Scale, which is not an object of this kind.
      return answer.kind === kind.kind ? noted(kind, answer) : answer;
    },
    async delete(kind, namespace, name, options) {
      const there = view.get(kind, namespace, name);
      await client.delete(kind, namespace, name, options);
      if (there && options?.propagation !== 'Foreground') view.deleted(kind, there);
    },
  };

  function noted<O extends KubeObject>(kind: Parameters<Client['create']>[0], object: O): O {
    if (isGone(object)) view.deleted(kind, object);
    else view.wrote(kind, object);
    return object;
  }
}

/** The last finalizer was taken away: the answer shows the object, but it is there no more. */
function isGone({ metadata }: KubeObject): boolean {
  const { deletionTimestamp, finalizers = [], deletionGracePeriodSeconds = 0 } = metadata;
  return deletionTimestamp !== undefined && finalizers.length === 0 && deletionGracePeriodSeconds === 0;
}
