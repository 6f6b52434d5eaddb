// Puts Pods on a node that has room for them.

import { copy, rfc3339 } from '#base/mod.ts';
import type { ControllerDefinition, Reader, Turn } from '#engine/mod.ts';
import { defineController, watch } from '#engine/mod.ts';
import type { PodCondition } from '#kinds/mod.ts';
import { claimsOf, Node, PersistentVolumeClaim, Pod, StorageClass } from '#kinds/mod.ts';
import { isReason, keyOf } from '#machinery/mod.ts';
import { isOver } from '../pods/readiness.ts';
import type { ClaimReader } from './claims.ts';
import { claimProblem, isTaken } from './claims.ts';
import { unfitReasons, unplaceableMessage, unschedulableMessage } from './fit.ts';

const BY_NODE = 'scheduled on';
/** Pods that wait, under the empty name. */
const NOWHERE = '';
/** What waits is looked at again even if nothing seems to have changed. */
const LOOK_AGAIN_MS = 30_000;

/** Pods being written onto a node count as there already, so several turns at once never fill one gap twice. */
export function schedulerController(): ControllerDefinition<Pod> {
  const assumed = new Map<string, Pod>();

  async function assign(turn: Turn<Pod>, node: Node): Promise<void> {
    const pod = copy(turn.object);
    pod.spec.nodeName = node.metadata.name;
    const key = turn.key;
    assumed.set(key, pod);
    try {
      await turn.client.update(Pod, pod);
      const { namespace = '', name } = pod.metadata;
      turn.event('Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node.metadata.name}`);
    } catch (thrown) {
      if (!isReason(thrown, 'NotFound')) throw thrown;
    } finally {
      assumed.delete(key);
    }
  }

  return defineController<Pod>({
    name: 'default-scheduler',
    of: Pod,
    status: 'none',
    concurrency: 64,
    selects: isWaiting,
    watches: [
      watch(Node, (_node, reader) => waiting(reader)),
      watch(Pod, (pod, reader) => (freesRoom(pod) ? waiting(reader) : [])),
      watch(PersistentVolumeClaim, (claim, reader) => waitingFor(claim, reader)),
    ],
    reads: [StorageClass],
    indexes: [{ kind: Pod, name: BY_NODE, valuesOf: (pod) => [(pod as Pod).spec.nodeName ?? NOWHERE] }],
    async reconcile(turn) {
      const nodes = turn.list(Node);
      const claims = claimsIn(turn);
      const problem = claimProblem(turn.object, claims);
      if (problem !== undefined) {
        turn.again(LOOK_AGAIN_MS);
        return refuse(turn, unplaceableMessage(nodes.length, problem));
      }
      const reasons: string[] = [];
      for (const node of nodes) {
        const there = turn.byIndex(Pod, BY_NODE, node.metadata.name);
        const soon = [...assumed.values()].filter(
          (pod) => pod.spec.nodeName === node.metadata.name && !there.some((one) => keyOf(one) === keyOf(pod)),
        );
        const unfit = unfitReasons(turn.object, node, [...there, ...soon]);
        if (
          isTaken(
            turn.object,
            [...there, ...soon].filter((pod) => !isOver(pod)),
            claims,
          )
        )
          unfit.push(TAKEN);
        if (unfit.length === 0) return assign(turn, node);
        reasons.push(...unfit);
      }
      turn.again(LOOK_AGAIN_MS);
      await refuse(turn, unschedulableMessage(nodes.length, reasons));
    },
  });
}

const TAKEN = 'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode';

function claimsIn(turn: Turn<Pod>): ClaimReader {
  const { namespace = '' } = turn.object.metadata;
  return {
    claim: (name) => turn.get(PersistentVolumeClaim, namespace, name),
    storageClass: (name) => turn.get(StorageClass, '', name),
  };
}

/** Pods that a claim keeps waiting. */
function waitingFor({ metadata }: PersistentVolumeClaim, reader: Reader): string[] {
  const uses = (pod: Pod) => pod.metadata.namespace === metadata.namespace && claimsOf(pod).includes(metadata.name);
  return reader
    .byIndex(Pod, BY_NODE, NOWHERE)
    .filter((pod) => isWaiting(pod) && uses(pod))
    .map(keyOf);
}

function isWaiting({ metadata, spec }: Pod): boolean {
  if (spec.nodeName || metadata.deletionTimestamp || spec.schedulingGates?.length) return false;
  return (spec.schedulerName ?? 'default-scheduler') === 'default-scheduler';
}

/** Asked of a Pod before and after each change: one that was on a node and may have left it. */
function freesRoom(pod: Pod): boolean {
  return Boolean(pod.spec.nodeName) && (isOver(pod) || pod.metadata.deletionTimestamp !== undefined);
}

function waiting(reader: Reader): string[] {
  return reader.byIndex(Pod, BY_NODE, NOWHERE).filter(isWaiting).map(keyOf);
}

async function refuse(turn: Turn<Pod>, message: string): Promise<void> {
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
