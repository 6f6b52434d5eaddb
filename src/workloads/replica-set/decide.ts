// How many Pods a ReplicaSet makes or gives up, and what it says of itself. Pure.

import type { Pod, ReplicaSet, StandardCondition } from '#kinds/mod.ts';
import { rfc3339 } from '#base/mod.ts';
import type { ElapsedSince } from '../pods/readiness.ts';
import { isActive, isPodReady, untilAvailable } from '../pods/readiness.ts';
import { byDispensability } from './ranking.ts';

/** As Kubernetes' controller: no more at once, the rest in the next turn. */
const BURST = 500;

export interface ReplicaPlan {
  readonly create: number;
  readonly remove: readonly Pod[];
}

/** What to do so that as many Pods are active as wanted. */
export function planReplicas(wanted: number, pods: readonly Pod[]): ReplicaPlan {
  const active = pods.filter(isActive);
  const missing = wanted - active.length;
  if (missing >= 0) return { create: Math.min(missing, BURST), remove: [] };
  return { create: 0, remove: byDispensability(active).slice(0, Math.min(-missing, BURST)) };
}

type Status = NonNullable<ReplicaSet['status']>;

interface Facts {
  readonly now: number;
  readonly elapsedSince: ElapsedSince;
  /** What the API said to a create or delete. */
  readonly failure?: Failure | undefined;
}

/** The status that these Pods amount to. */
export function replicaStatus(set: ReplicaSet, pods: readonly Pod[], { now, elapsedSince, failure }: Facts): Status {
  const active = pods.filter(isActive);
  const labels = Object.entries(set.spec.template.metadata?.labels ?? {});
  const isLabeled = ({ metadata }: Pod) => labels.every(([key, value]) => metadata.labels?.[key] === value);
  const isAvailable = (pod: Pod) => untilAvailable(pod, set.spec.minReadySeconds ?? 0, elapsedSince) === 0;
  const conditions = conditionsAfter(set.status?.conditions ?? [], now, failure);
  return {
    replicas: active.length,
    ...positive('fullyLabeledReplicas', active.filter(isLabeled).length),
    ...positive('readyReplicas', active.filter(isPodReady).length),
    ...positive('availableReplicas', active.filter(isAvailable).length),
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    ...(conditions.length > 0 ? { conditions } : {}),
  };
}

/** Milliseconds until the next ready Pod counts as available; undefined where none waits for that. */
export function untilNextAvailable(
  { spec: { minReadySeconds = 0 } }: ReplicaSet,
  pods: readonly Pod[],
  elapsedSince: ElapsedSince,
): number | undefined {
  const coming = pods.flatMap((pod) => untilAvailable(pod, minReadySeconds, elapsedSince) || []);
  return coming.length > 0 ? Math.min(...coming) : undefined;
}

export interface Failure {
  readonly reason: 'FailedCreate' | 'FailedDelete';
  readonly message: string;
}

function conditionsAfter(before: readonly StandardCondition[], now: number, failure?: Failure): StandardCondition[] {
  const others = before.filter(({ type }) => type !== 'ReplicaFailure');
  if (!failure) return others;
  const known = before.find(({ type }) => type === 'ReplicaFailure');
  // Each try fails in other words, as they name the Pod: told anew, each would be a change that calls for the next try at once.
  if (known?.status === 'True' && known.reason === failure.reason) return [...others, known];
  const since = known?.status === 'True' ? known.lastTransitionTime : undefined;
  return [...others, { type: 'ReplicaFailure', status: 'True', lastTransitionTime: since ?? rfc3339(now), ...failure }];
}

function positive(field: string, count: number): Record<string, number> {
  return count > 0 ? { [field]: count } : {};
}
