// Puts Pods on a node that has room for them.

import { copy, rfc3339 } from '#base/mod.ts';
import type { ControllerDefinition, Reader, Turn } from '#engine/mod.ts';
import { defineController, watch } from '#engine/mod.ts';
import type { PodCondition } from '#kinds/mod.ts';
import { claimsOf, Namespace, Node, PersistentVolumeClaim, Pod, StorageClass } from '#kinds/mod.ts';
import { isReason, keyOf } from '#machinery/mod.ts';
import { isOver } from '../pods/readiness.ts';
import type { ClaimReader } from './claims.ts';
import { claimProblem, isTaken } from './claims.ts';
import type { Placed } from './company.ts';
import { unfitReasons, unplaceableMessage, unschedulableMessage } from './fit.ts';
import { affinityProblem, guardProblem } from './pod-affinity.ts';
import { keepsAway, minds } from './rules.ts';
import { spreadProblem } from './topology-spread.ts';

const BY_NODE = 'scheduled on';
/** Pods that wait, under the empty name. */
const NOWHERE = '';
const BY_RULE = 'rules about others';
/** Pods that wait and mind where others are, and placed ones that keep others away: few, so that all others go by quickly. */
const MINDFUL = 'minds';
const GUARD = 'keeps away';
/** What waits is looked at again even if nothing seems to have changed. */
const LOOK_AGAIN_MS = 30_000;

/** Pods being written onto a node count as there already, so several turns at once never fill one gap twice. */
export function schedulerController(): ControllerDefinition<Pod> {
  const assumed = new Map<string, Pod>();

  /** Those on a node, and those about to be. */
  function podsOn(turn: Turn<Pod>, node: Node): readonly Pod[] {
    const there = turn.byIndex(Pod, BY_NODE, node.metadata.name);
    const soon = [...assumed.values()].filter(
      (pod) => pod.spec.nodeName === node.metadata.name && !there.some((one) => keyOf(one) === keyOf(pod)),
    );
    return [...there, ...soon];
  }

  /** What the Pod's rules about others, and theirs about it, say against a node. Most Pods have none, and none is looked for. */
  function companyProblems(turn: Turn<Pod>, node: Node): readonly string[] {
    const pod = turn.object;
    const nodes = turn.list(Node);
    const labelsOfNamespace = (name: string) => turn.get(Namespace, '', name)?.metadata.labels;
    const guards = placedAmong(nodes, [
      ...turn.byIndex(Pod, BY_RULE, GUARD),
      ...[...assumed.values()].filter(keepsAway),
    ]);
    const refused = guards.length > 0 ? guardProblem(pod, node, guards, { labelsOfNamespace }) : undefined;
    if (!minds(pod)) return refused ? [refused] : [];
    const placed = placedAmong(
      nodes,
      nodes.flatMap((one) => podsOn(turn, one)),
    );
    const company = { nodes, placed, labelsOfNamespace };
    const problem = spreadProblem(pod, node, company) ?? affinityProblem(pod, node, company) ?? refused;
    return problem ? [problem] : [];
  }

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
      watch(Pod, (pod, reader) => (freesRoom(pod) ? waiting(reader) : mindful(pod, reader))),
      watch(PersistentVolumeClaim, (claim, reader) => waitingFor(claim, reader)),
    ],
    reads: [StorageClass, Namespace],
    indexes: [
      { kind: Pod, name: BY_NODE, valuesOf: (pod) => [(pod as Pod).spec.nodeName ?? NOWHERE] },
      { kind: Pod, name: BY_RULE, valuesOf: (pod) => rulesOf(pod as Pod) },
    ],
    async reconcile(turn) {
      const nodes = turn.list(Node);
      const claims = claimsIn(turn);
      const problem = claimProblem(turn.object, claims);
      if (problem !== undefined) {
        turn.again(LOOK_AGAIN_MS);
        return refuse(turn, unplaceableMessage(nodes.length, problem));
      }
      const reasons: string[][] = [];
      for (const node of nodes) {
        const there = podsOn(turn, node);
        const unfit = unfitReasons(turn.object, node, there);
        const alive = there.filter((pod) => !isOver(pod));
        if (isTaken(turn.object, alive, claims)) unfit.push(TAKEN);
        if (unfit.length === 0) unfit.push(...companyProblems(turn, node));
        if (unfit.length === 0) return assign(turn, node);
        reasons.push(unfit);
      }
      turn.again(LOOK_AGAIN_MS);
      await refuse(turn, unschedulableMessage(reasons));
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

/** Asked of a Pod before and after each change: one that was on a node and may have left it, or no longer keeps others away. */
function freesRoom(pod: Pod): boolean {
  return Boolean(pod.spec.nodeName) && (isOver(pod) || pod.metadata.deletionTimestamp !== undefined || keepsAway(pod));
}

/** Those that wait for the right company, where a Pod on a node has changed. */
function mindful({ spec }: Pod, reader: Reader): string[] {
  return spec.nodeName ? reader.byIndex(Pod, BY_RULE, MINDFUL).filter(isWaiting).map(keyOf) : [];
}

function rulesOf(pod: Pod): readonly string[] {
  if (pod.spec.nodeName) return keepsAway(pod) && !isOver(pod) ? [GUARD] : NONE;
  return minds(pod) ? [MINDFUL] : NONE;
}

const NONE: readonly string[] = [];

function placedAmong(nodes: readonly Node[], pods: readonly Pod[]): readonly Placed[] {
  return pods.flatMap((pod) => {
    const node = isOver(pod) ? undefined : nodes.find(({ metadata }) => metadata.name === pod.spec.nodeName);
    return node ? [{ pod, node }] : [];
  });
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
