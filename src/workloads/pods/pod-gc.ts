// Removes Pods that nobody will: finished ones beyond a bound, those of nodes that are no more, and those that were never placed.

import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import { Node, Pod } from '#kinds/mod.ts';
import { isReason } from '#machinery/mod.ts';
import { isOver } from './readiness.ts';

/** As kube-controller-manager's --terminated-pod-gc-threshold. */
const MOST_FINISHED = 12_500;

export function podCollector(mostFinished = MOST_FINISHED): ControllerDefinition<Node> {
  return defineController<Node>({
    name: 'pod-garbage-collector',
    of: Node,
    status: 'none',
    reads: [Pod],
    concurrency: 1,
    async reconcile(turn) {
      const pods = turn.list(Pod);
      for (const pod of [
        ...abandoned(pods, (name) => turn.get(Node, '', name) !== undefined),
        ...surplus(pods, mostFinished),
      ])
        await remove(turn, pod);
      turn.again(LOOK_EVERY_MS);
    },
  });
}

const LOOK_EVERY_MS = 20_000;

/** On a node that is gone, or deleted before they were on any. */
export function abandoned(pods: readonly Pod[], isThere: (node: string) => boolean): Pod[] {
  return pods.filter(({ spec, metadata }) =>
    spec.nodeName ? !isThere(spec.nodeName) : metadata.deletionTimestamp !== undefined,
  );
}

/** The oldest of those that are over, beyond the bound. */
export function surplus(pods: readonly Pod[], most: number): Pod[] {
  const over = pods.filter((pod) => isOver(pod) && !pod.metadata.deletionTimestamp);
  const oldestFirst = over.sort((a, b) =>
    (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''),
  );
  return oldestFirst.slice(0, Math.max(0, over.length - most));
}

async function remove(turn: Turn<Node>, { metadata: { namespace = '', name, uid = '' } }: Pod): Promise<void> {
  try {
    await turn.client.delete(Pod, namespace, name, { uid, gracePeriodSeconds: 0 });
  } catch (thrown) {
    if (!isReason(thrown, 'NotFound') && !isReason(thrown, 'Conflict')) throw thrown;
  }
}
