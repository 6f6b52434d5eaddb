// ClusterRoles with an aggregationRule are given the rules of those that its selectors pick; what Kubernetes' controller for it does.

import { equal } from '#base/mod.ts';
import type { ClusterRole, PolicyRule } from '#kinds/mod.ts';
import { matchesLabelSelector } from '#machinery/mod.ts';

/** The rules that an aggregating role ought to have, in the order of the roles' names; each once. */
export function aggregatedRules(
  { metadata: { name }, aggregationRule }: ClusterRole,
  all: readonly ClusterRole[],
): PolicyRule[] {
  const selectors = aggregationRule?.clusterRoleSelectors ?? [];
  const picked = all
    .filter(
      ({ metadata }) =>
        metadata.name !== name && selectors.some((selector) => matchesLabelSelector(selector, metadata.labels)),
    )
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const rules: PolicyRule[] = [];
  for (const rule of picked.flatMap((role) => role.rules ?? [])) {
    if (!rules.some((known) => equal(known, rule))) rules.push(rule);
  }
  return rules;
}
