// Which Pods a ReplicaSet gives up first (k8s.io/kubernetes/pkg/controller ActivePodsWithRanks).

import type { Pod } from '#kinds/mod.ts';
import { isPodReady, readySince, restartsOf } from '../pods/readiness.ts';

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const PHASE_RANK: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/** Each gives a number; the Pod with the smaller one goes first. Earlier rules weigh more. */
const RULES: readonly ((pod: Pod) => number)[] = [
  ({ spec }) => (spec.nodeName ? 1 : 0),
  ({ status }) => PHASE_RANK[status?.phase ?? 'Pending'] ?? 1,
  (pod) => (isPodReady(pod) ? 1 : 0),
  ({ metadata }) => Number.parseInt(metadata.annotations?.[DELETION_COST] ?? '', 10) || 0,
  (pod) => -(readySince(pod) ?? 0),
  (pod) => -restartsOf(pod),
  ({ metadata }) => -Date.parse(metadata.creationTimestamp ?? ''),
];

/** The Pods in the order in which they go. */
export function byDispensability(pods: readonly Pod[]): Pod[] {
  return [...pods].sort((a, b) => {
    for (const rule of RULES) {
      const difference = rule(a) - rule(b);
      if (difference) return difference;
    }
    return a.metadata.name < b.metadata.name ? -1 : 1;
  });
}
