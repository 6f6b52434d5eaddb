// Puts Pods on a node that has room for them.

import { copy, rfc3339 } from '#base/mod.ts';
import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController, watch } from '#engine/mod.ts';
import type { PodCondition } from '#kinds/mod.ts';
import { claimsOf, Namespace, Node, PersistentVolumeClaim, Pod, StorageClass } from '#kinds/mod.ts';
import { isReason, keyOf } from '#machinery/mod.ts';
import { isOver } from '../pods/readiness.ts';
import type { ClaimReader } from './claims.ts';
import { claimProblem, isTaken } from './claims.ts';
import type { Neighbours } from './company-problem.ts';
import { companyProblem } from './company-problem.ts';
import { unfitReasons, unplaceableMessage, unschedulableMessage } from './fit.ts';
import { isWaiting, PLACEMENT_INDEXES, Placements, waiting, wokenBy } from './placements.ts';

/** What waits is looked at again even if nothing seems to have changed. */
const LOOK_AGAIN_MS = 30_000;
const TAKEN = 'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode';

export function schedulerController(): ControllerDefinition<Pod> {
  const placements = new Placements();
  return defineController<Pod>({
    name: 'default-scheduler',
    of: Pod,
    status: 'none',
    concurrency: 64,
    selects: isWaiting,
    watches: [
      watch(Node, (_node, reader) => waiting(reader).map(keyOf)),
      watch(Pod, (pod, reader) => wokenBy(pod, reader).map(keyOf)),
      watch(PersistentVolumeClaim, (claim, reader) =>
        waiting(reader)
          .filter((pod) => uses(pod, claim))
          .map(keyOf),
      ),
    ],
    reads: [StorageClass, Namespace],
    indexes: PLACEMENT_INDEXES,
    reconcile: (turn) => place(turn, placements),
  });
}

/** Puts the Pod on the first node that nothing speaks against, or says what does. */
async function place(turn: Turn<Pod>, placements: Placements): Promise<void> {
  const pod = turn.object;
  const nodes = turn.list(Node);
  const claims = claimsIn(turn);
  const problem = claimProblem(pod, claims);
  if (problem !== undefined) return refuse(turn, unplaceableMessage(nodes.length, problem));
  const facts = { claims, neighbours: placements.around(pod, nodes, turn) };
  const reasons: string[][] = [];
  for (const node of nodes) {
    const unfit = problemsOn(node, pod, { ...facts, there: placements.on(node, turn) });
    if (unfit.length === 0) return assign(turn, node, placements);
    reasons.push(unfit);
  }
  return refuse(turn, unschedulableMessage(reasons));
}

interface NodeFacts {
  /** Pods on the node. */
  readonly there: readonly Pod[];
  readonly claims: ClaimReader;
  readonly neighbours: Neighbours;
}

/** What speaks against a node; other Pods are asked only where nothing else does. */
function problemsOn(node: Node, pod: Pod, { there, claims, neighbours }: NodeFacts): string[] {
  const unfit = unfitReasons(pod, node, there);
  const alive = there.filter((one) => !isOver(one));
  if (isTaken(pod, alive, claims)) unfit.push(TAKEN);
  if (unfit.length > 0) return unfit;
  const problem = companyProblem(pod, node, neighbours);
  return problem === undefined ? [] : [problem];
}

async function assign(turn: Turn<Pod>, node: Node, placements: Placements): Promise<void> {
  const pod = copy(turn.object);
  pod.spec.nodeName = node.metadata.name;
  await placements.assume(pod, async () => {
    try {
      await turn.client.update(Pod, pod);
      const { namespace = '', name } = pod.metadata;
      turn.event('Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node.metadata.name}`);
    } catch (thrown) {
      if (!isReason(thrown, 'NotFound')) throw thrown;
    }
  });
}

function claimsIn(turn: Turn<Pod>): ClaimReader {
  const { namespace = '' } = turn.object.metadata;
  return {
    claim: (name) => turn.get(PersistentVolumeClaim, namespace, name),
    storageClass: (name) => turn.get(StorageClass, '', name),
  };
}

function uses(pod: Pod, { metadata }: PersistentVolumeClaim): boolean {
  return pod.metadata.namespace === metadata.namespace && claimsOf(pod).includes(metadata.name);
}

/** Says once why the Pod must wait, and looks again even if nothing seems to change. */
async function refuse(turn: Turn<Pod>, message: string): Promise<void> {
  turn.again(LOOK_AGAIN_MS);
  const pod = turn.object;
  const before = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (before?.status === 'False' && before.message === message) return;
  const since = before?.status === 'False' ? before.lastTransitionTime : undefined;
  const condition: PodCondition = {
    type: 'PodScheduled',
    status: 'False',
    lastTransitionTime: since ?? rfc3339(turn.now),
    reason: 'Unschedulable',
    message,
  };
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
  await turn.client.updateStatus(Pod, { ...pod, status: { ...pod.status, conditions: [...others, condition] } });
  turn.event('Warning', 'FailedScheduling', message);
}
