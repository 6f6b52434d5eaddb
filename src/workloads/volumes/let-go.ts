// Takes a finalizer away; with the last one the object goes.

import type { Turn } from '#engine/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { isReason } from '#machinery/mod.ts';

export async function letGo<O extends KubeObject>(turn: Turn<O>, kind: Kind<O>, finalizer: string): Promise<void> {
  const { namespace = '', name, finalizers = [], resourceVersion = '' } = turn.object.metadata;
  const body = { metadata: { finalizers: finalizers.filter((one) => one !== finalizer), resourceVersion } };
  await turn.client.patch(kind, namespace, name, 'merge', body).catch((thrown: unknown) => {
    if (!isReason(thrown, 'NotFound')) throw thrown;
  });
}
