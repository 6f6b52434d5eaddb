// Makes the claims of volumes that live as long as their Pod; with the Pod they go, for it owns them.

import type { ControllerDefinition } from '#engine/mod.ts';
import { defineController, watch } from '#engine/mod.ts';
import { PersistentVolumeClaim, Pod } from '#kinds/mod.ts';
import { isReason } from '#machinery/mod.ts';
import { isActive } from '../pods/readiness.ts';
import { ephemeralClaims } from './children.ts';

/** Most Pods have no such volume: the moments after a change are for those who wait. */
const LINGER_MS = 20;

export function ephemeralController(): ControllerDefinition<Pod> {
  return defineController<Pod>({
    name: 'ephemeral-volume-controller',
    of: Pod,
    status: 'none',
    lingerMs: LINGER_MS,
    selects: (pod) => pod.spec.volumes?.some(({ ephemeral }) => ephemeral) ?? false,
    watches: [
      watch(PersistentVolumeClaim, ({ metadata }) =>
        (metadata.ownerReferences ?? [])
          .filter(({ kind }) => kind === Pod.kind)
          .map(({ name }) => `${metadata.namespace}/${name}`),
      ),
    ],
    async reconcile(turn) {
      if (!isActive(turn.object)) return;
      for (const claim of ephemeralClaims(turn.object)) {
        const { namespace = '', name } = claim.metadata;
        if (turn.get(PersistentVolumeClaim, namespace, name)) continue;
        await turn.client.create(PersistentVolumeClaim, claim).catch((thrown: unknown) => {
          if (!isReason(thrown, 'AlreadyExists')) throw thrown;
        });
      }
    },
  });
}
