// Keeps as many Pods of a ReplicaSet as it says.

import type { Random } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import { Pod, ReplicaSet } from '#kinds/mod.ts';
import { isReason } from '#machinery/mod.ts';
import { stampPod } from '../pods/stamp.ts';
import type { Failure } from './decide.ts';
import { planReplicas, replicaStatus, untilNextAvailable } from './decide.ts';

export function replicaSetController(random: Random): ControllerDefinition<ReplicaSet> {
  return defineController<ReplicaSet>({
    name: 'replicaset-controller',
    childLingerMs: 5,
    statusGivesWay: true,
    of: ReplicaSet,
    owns: [Pod],
    async reconcile(turn) {
      const set = turn.object;
      const { create, remove } = planReplicas(set.spec.replicas ?? 1, turn.owned(Pod));
      const failure = (await createPods(turn, create, random)) ?? (await removePods(turn, remove));
      const pods = turn.owned(Pod);
      const elapsedSince = (stamp: string) => turn.elapsedSince(stamp);
      Object.assign(clear(turn.status), replicaStatus(set, pods, { now: turn.now, elapsedSince, failure }));
      const wait = untilNextAvailable(set, pods, elapsedSince);
      if (wait !== undefined) turn.again(wait);
      if (failure) throw new Error(failure.message);
    },
  });
}

async function createPods(turn: Turn<ReplicaSet>, count: number, random: Random): Promise<Failure | undefined> {
  const set = turn.object;
  const create = async (): Promise<void> => {
    const pod = await turn.client.create(Pod, stampPod(set, set.spec.template, random));
    turn.event('Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
  };
  // One, then two, then four …: what is refused once is refused a thousand times.
  for (let made = 0, batch = 1; made < count; made += batch, batch *= 2) {
    const tries = Array.from({ length: Math.min(batch, count - made) }, create);
    const [fault] = rejections(await Promise.allSettled(tries));
    if (fault === undefined) continue;
    if (isReason(fault, 'NamespaceTerminating') || isReason(fault, 'AlreadyExists')) return undefined;
    turn.event('Warning', 'FailedCreate', `Error creating: ${messageOf(fault)}`);
    return { reason: 'FailedCreate', message: messageOf(fault) };
  }
  return undefined;
}

async function removePods(turn: Turn<ReplicaSet>, pods: readonly Pod[]): Promise<Failure | undefined> {
  const remove = async (pod: Pod): Promise<void> => {
    await turn.remove(Pod, pod);
    turn.event('Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
  };
  const [fault] = rejections(await Promise.allSettled(pods.map(remove)));
  return fault === undefined ? undefined : { reason: 'FailedDelete', message: messageOf(fault) };
}

function rejections(results: readonly PromiseSettledResult<void>[]): unknown[] {
  return results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
}

function clear<S extends object>(status: S): S {
  for (const field of Object.keys(status)) Reflect.deleteProperty(status, field);
  return status;
}
