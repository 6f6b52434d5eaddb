// What a Deployment says of itself, in the words that kubectl and Knative wait for. Pure.

import { rfc3339 } from '#base/mod.ts';
import type { Deployment, DeploymentStatus, ReplicaSet, StandardCondition } from '#kinds/mod.ts';
import { standardCondition } from '#kinds/mod.ts';
import { availableOf, boundsOf, replicasOf, wantedBy } from './rollout.ts';

/** What is known when the status is made. */
export interface Facts {
  readonly deployment: Deployment;
  /** The ReplicaSet of the present template; absent only while a paused Deployment has none. */
  readonly current: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
  /** Whether `current` was made in this turn. */
  readonly isNew: boolean;
  readonly now: number;
  /** How long ago a wall time of a condition is, as far as the platform was up since. */
  readonly elapsedWhileUp: (stamp: string) => number;
}

type Counts = Pick<
  DeploymentStatus,
  'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas' | 'unavailableReplicas'
>;

export function deploymentStatus(facts: Facts): DeploymentStatus {
  const { deployment } = facts;
  const counts = countsOf(facts);
  const conditions = [availableCondition(facts, counts), progressingCondition(facts, counts), failureCondition(facts)];
  return {
    ...(deployment.metadata.generation === undefined ? {} : { observedGeneration: deployment.metadata.generation }),
    ...nonZero(counts),
    conditions: conditions.flatMap((condition) => condition ?? []),
    ...(deployment.status?.collisionCount === undefined ? {} : { collisionCount: deployment.status.collisionCount }),
  };
}

function countsOf({ deployment, current, old }: Facts): Counts {
  const sets = [...(current ? [current] : []), ...old];
  const sum = (count: (set: ReplicaSet) => number) => sets.reduce((total, set) => total + count(set), 0);
  const availableReplicas = sum(availableOf);
  const total = sum(({ spec }) => spec.replicas ?? 1);
  return {
    replicas: sum(replicasOf),
    updatedReplicas: current ? replicasOf(current) : 0,
    readyReplicas: sum(({ status }) => status?.readyReplicas ?? 0),
    availableReplicas,
    unavailableReplicas: Math.max(0, Math.max(total, wantedBy(deployment)) - availableReplicas),
  };
}

function nonZero(counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

function availableCondition(facts: Facts, { availableReplicas = 0 }: Counts): StandardCondition {
  const { deployment } = facts;
  const isEnough = availableReplicas >= wantedBy(deployment) - boundsOf(deployment).unavailable;
  return isEnough
    ? stamp(facts, 'Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.')
    : stamp(
        facts,
        'Available',
        'False',
        'MinimumReplicasUnavailable',
        'Deployment does not have minimum availability.',
      );
}

/** Whether every Pod is of the present template, and all are there and answer. */
export function isComplete(deployment: Deployment, counts: Counts): boolean {
  const wanted = wantedBy(deployment);
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = counts;
  return updatedReplicas === wanted && replicas === wanted && availableReplicas === wanted;
}

function progressingCondition(facts: Facts, counts: Counts): StandardCondition | undefined {
  const { deployment, current, isNew } = facts;
  const before = standardCondition(deployment.status, 'Progressing');
  const name = `ReplicaSet ${JSON.stringify(current?.metadata.name ?? '')}`;
  if (deployment.spec.paused) return pausedCondition(facts, before);
  if (isNew)
    return stamp(
      facts,
      'Progressing',
      'True',
      'NewReplicaSetCreated',
      `Created new replica set ${JSON.stringify(current?.metadata.name)}`,
    );
  if (isComplete(deployment, counts))
    return stamp(facts, 'Progressing', 'True', 'NewReplicaSetAvailable', `${name} has successfully progressed.`);
  if (!before)
    return stamp(
      facts,
      'Progressing',
      'True',
      'FoundNewReplicaSet',
      `Found new replica set ${JSON.stringify(current?.metadata.name)}`,
    );
  if (isProgress(deployment, counts))
    return renewed(stamp(facts, 'Progressing', 'True', 'ReplicaSetUpdated', `${name} is progressing.`), facts.now);
  // What once was complete and lost a Pod is not a roll-out that hangs.
  if (before.reason === 'NewReplicaSetAvailable') return before;
  if (isLate(facts, before))
    return stamp(facts, 'Progressing', 'False', 'ProgressDeadlineExceeded', `${name} has timed out progressing.`);
  return before;
}

function pausedCondition(facts: Facts, before: StandardCondition | undefined): StandardCondition {
  if (before?.reason === 'ProgressDeadlineExceeded') return before;
  return stamp(facts, 'Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused');
}

/** Whether more is done now than the last status told. */
function isProgress({ status }: Deployment, now: Counts): boolean {
  const oldBefore = (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0);
  const oldNow = (now.replicas ?? 0) - (now.updatedReplicas ?? 0);
  const more = (field: 'updatedReplicas' | 'readyReplicas' | 'availableReplicas') =>
    (now[field] ?? 0) > (status?.[field] ?? 0);
  return more('updatedReplicas') || oldNow < oldBefore || more('readyReplicas') || more('availableReplicas');
}

function isLate({ deployment, elapsedWhileUp }: Facts, before: StandardCondition): boolean {
  if (before.reason === 'ProgressDeadlineExceeded') return true;
  const left = untilDeadline(deployment, elapsedWhileUp, before);
  return left !== undefined && left <= 0;
}

/** Milliseconds until the roll-out counts as hanging; undefined where nothing is under way. */
export function untilDeadline(
  deployment: Deployment,
  elapsedWhileUp: Facts['elapsedWhileUp'],
  condition = standardCondition(deployment.status, 'Progressing'),
): number | undefined {
  const { progressDeadlineSeconds = 600, paused } = deployment.spec;
  if (!condition || paused || condition.status !== 'True' || condition.reason === 'NewReplicaSetAvailable')
    return undefined;
  return (
    progressDeadlineSeconds * 1000 - elapsedWhileUp(condition.lastUpdateTime ?? condition.lastTransitionTime ?? '')
  );
}

function failureCondition({ current, old }: Facts): StandardCondition | undefined {
  const found = [...(current ? [current] : []), ...old].map(({ status }) =>
    standardCondition(status, 'ReplicaFailure'),
  );
  const failure = found.find((condition) => condition?.status === 'True');
  return failure && { ...failure, lastUpdateTime: failure.lastTransitionTime };
}

/** A condition with the times it keeps from before as long as it says the same. */
function stamp(
  { deployment, now }: Facts,
  type: string,
  status: string,
  reason: string,
  message: string,
): StandardCondition {
  const before = standardCondition(deployment.status, type);
  if (before?.status === status && before.reason === reason && before.message === message) return before;
  const at = rfc3339(now);
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : at;
  return { type, status, lastUpdateTime: at, lastTransitionTime, reason, message };
}

/** Each step forward puts the deadline off. */
function renewed(condition: StandardCondition, now: number): StandardCondition {
  return { ...condition, lastUpdateTime: rfc3339(now) };
}
