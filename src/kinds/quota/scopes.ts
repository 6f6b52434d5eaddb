// Which objects a quota is about, where it names scopes. Scopes speak of Pods alone.

import type { Kind, KubeObject } from '#machinery/mod.ts';
import type { ResourceQuota } from '../core/quota.ts';
import type { Pod } from '../core/pod.ts';
import { qosClass } from '../core/pod-defaults.ts';

interface ScopeTerm {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[] | undefined;
}

/** Whether a quota counts an object of this kind. */
export function isInScope({ spec }: ResourceQuota, kind: Kind, object: KubeObject): boolean {
  const terms: ScopeTerm[] = [
    ...(spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(spec.scopeSelector?.matchExpressions ?? []),
  ];
  if (terms.length === 0) return true;
  return kind.resource === 'pods' && terms.every((term) => matches(term, object as Pod));
}

function matches(term: ScopeTerm, { spec }: Pod): boolean {
  const isBounded = spec.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds >= 0;
  switch (term.scopeName) {
    case 'Terminating':
      return isBounded;
    case 'NotTerminating':
      return !isBounded;
    case 'BestEffort':
      return qosClass(spec) === 'BestEffort';
    case 'NotBestEffort':
      return qosClass(spec) !== 'BestEffort';
    case 'PriorityClass':
      return selects(term, spec.priorityClassName ?? '');
    case 'CrossNamespacePodAffinity':
      return reachesOtherNamespaces(spec.affinity);
    default:
      return false;
  }
}

function selects({ operator, values = [] }: ScopeTerm, value: string): boolean {
  switch (operator) {
    case 'In':
      return value !== '' && values.includes(value);
    case 'NotIn':
      return !values.includes(value);
    case 'Exists':
      return value !== '';
    default:
      return value === '';
  }
}

/** Whether an affinity names Pods of other namespaces, at whatever depth. */
function reachesOtherNamespaces(affinity: unknown): boolean {
  if (Array.isArray(affinity)) return affinity.some(reachesOtherNamespaces);
  if (typeof affinity !== 'object' || affinity === null) return false;
  return Object.entries(affinity).some(
    ([field, value]) =>
      (field === 'namespaces' && Array.isArray(value) && value.length > 0) ||
      field === 'namespaceSelector' ||
      reachesOtherNamespaces(value),
  );
}
