// How far each ReplicaSet of a Deployment is scaled next, so that never too many Pods exist and never too few answer. Pure.

import type { Deployment, ReplicaSet } from '#kinds/mod.ts';

/** The bounds of a rolling update, in Pods. */
export interface Bounds {
  readonly surge: number;
  readonly unavailable: number;
}

/** A ReplicaSet and the number of Pods it should have. */
export interface Scaling {
  readonly set: ReplicaSet;
  readonly replicas: number;
}

export const wantedBy = ({ spec }: Deployment): number => spec.replicas ?? 1;
export const specOf = ({ spec }: ReplicaSet): number => spec.replicas ?? 1;
export const replicasOf = ({ status }: ReplicaSet): number => status?.replicas ?? 0;
export const availableOf = ({ status }: ReplicaSet): number => status?.availableReplicas ?? 0;

/** Percentages of the wanted number: a surge is rounded up, what may be missing down; both zero would stand still. */
export function boundsOf(deployment: Deployment): Bounds {
  const { strategy } = deployment.spec;
  if (strategy?.type === 'Recreate') return { surge: 0, unavailable: wantedBy(deployment) };
  const wanted = wantedBy(deployment);
  const surge = share(strategy?.rollingUpdate?.maxSurge ?? '25%', wanted, Math.ceil);
  const unavailable = Math.min(wanted, share(strategy?.rollingUpdate?.maxUnavailable ?? '25%', wanted, Math.floor));
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

function share(value: number | string, whole: number, round: (exact: number) => number): number {
  if (typeof value === 'number') return value;
  return round((Number.parseFloat(value) / 100) * whole);
}

/** What to scale now. `current` is the ReplicaSet of the present template, `old` all others. */
export function planRollout(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): Scaling[] {
  const wanted = wantedBy(deployment);
  const active = old.filter((set) => specOf(set) > 0);
  if (deployment.spec.paused) return planPaused(deployment, current, active);
  if (active.length === 0 && old.every((set) => replicasOf(set) === 0))
    return changed([{ set: current, replicas: wanted }]);
  if (deployment.spec.strategy?.type === 'Recreate') return planRecreate(wanted, current, old);
  const grown = planGrowth(deployment, current, active);
  if (grown) return changed([{ set: current, replicas: grown }]);
  return changed(planShrink(deployment, current, active));
}

/** Nothing new is rolled out, but the Deployment can be scaled: the newest that runs takes the difference. */
function planPaused(deployment: Deployment, current: ReplicaSet, active: readonly ReplicaSet[]): Scaling[] {
  const running = [current, ...active].filter((set) => specOf(set) > 0);
  const [first = current] = running;
  const others = running.filter((set) => set !== first).reduce((sum, set) => sum + specOf(set), 0);
  return changed([{ set: first, replicas: Math.max(0, wantedBy(deployment) - others) }]);
}

function planRecreate(wanted: number, current: ReplicaSet, old: readonly ReplicaSet[]): Scaling[] {
  const stopping = changed(old.map((set) => ({ set, replicas: 0 })));
  if (stopping.length > 0) return stopping;
  return old.some((set) => replicasOf(set) > 0) ? [] : changed([{ set: current, replicas: wanted }]);
}

/** How many Pods the present template may have now; undefined where it has as many already. */
function planGrowth(deployment: Deployment, current: ReplicaSet, active: readonly ReplicaSet[]): number | undefined {
  const wanted = wantedBy(deployment);
  if (specOf(current) > wanted) return wanted;
  const total = specOf(current) + active.reduce((sum, set) => sum + specOf(set), 0);
  const room = wanted + boundsOf(deployment).surge - total;
  const grown = Math.min(wanted, specOf(current) + Math.max(0, room));
  return grown === specOf(current) ? undefined : grown;
}

/** Old Pods that may go now: first those that do not answer anyway, then the oldest template's. */
function planShrink(deployment: Deployment, current: ReplicaSet, active: readonly ReplicaSet[]): Scaling[] {
  const wanted = wantedBy(deployment);
  const least = wanted - boundsOf(deployment).unavailable;
  const total = specOf(current) + active.reduce((sum, set) => sum + specOf(set), 0);
  const newUnavailable = specOf(current) - availableOf(current);
  const mayGo = total - least - newUnavailable;
  const sizes = new Map(active.map((set) => [set, specOf(set)]));
  const oldestFirst = [...active].sort((a, b) => stampOf(a) - stampOf(b));
  let unhealthyBudget = Math.max(0, mayGo);
  for (const set of oldestFirst) {
    const unhealthy = Math.min(unhealthyBudget, Math.max(0, specOf(set) - availableOf(set)));
    sizes.set(set, specOf(set) - unhealthy);
    unhealthyBudget -= unhealthy;
  }
  const available =
    availableOf(current) + active.reduce((sum, set) => sum + Math.min(sizes.get(set) ?? 0, availableOf(set)), 0);
  let budget = Math.max(0, available - least);
  for (const set of oldestFirst) {
    const size = sizes.get(set) ?? 0;
    const gone = Math.min(budget, size);
    sizes.set(set, size - gone);
    budget -= gone;
  }
  return active.map((set) => ({ set, replicas: sizes.get(set) ?? specOf(set) }));
}

function changed(scalings: readonly Scaling[]): Scaling[] {
  return scalings.filter(({ set, replicas }) => specOf(set) !== replicas);
}

/** When a set was made, in milliseconds. */
export function stampOf({ metadata }: ReplicaSet): number {
  return Date.parse(metadata.creationTimestamp ?? '') || 0;
}
