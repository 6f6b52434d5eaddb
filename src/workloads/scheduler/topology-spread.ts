// Whether a Pod on a node would leave its like spread evenly enough, in kube-scheduler's words. Pure.

import type { Node, Pod } from '#kinds/mod.ts';
import { matchesLabelSelector } from '#machinery/mod.ts';
import type { Company } from './company.ts';
import { domainOf, UNEVEN, UNEVEN_WITHOUT_LABEL } from './company.ts';
import { repellingTaint } from './fit.ts';
import { isWantedNode } from './node-affinity.ts';
import { withKeys } from './rules.ts';

type Constraint = NonNullable<Pod['spec']['topologySpreadConstraints']>[number];

/** What the constraints that forbid (DoNotSchedule) say against this node; undefined where nothing. */
export function spreadProblem(pod: Pod, node: Node, company: Company): string | undefined {
  const constraints = (pod.spec.topologySpreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule',
  );
  if (constraints.length === 0) return undefined;
  if (!hasAllKeys(node, constraints)) return UNEVEN_WITHOUT_LABEL;
  const nodes = company.nodes.filter((one) => hasAllKeys(one, constraints));
  return constraints.every((one) => isEven(one, pod, node, { ...company, nodes })) ? undefined : UNEVEN;
}

function hasAllKeys(node: Node, constraints: readonly Constraint[]): boolean {
  return constraints.every(({ topologyKey }) => domainOf(node, topologyKey) !== undefined);
}

/** Whether the Pod's domain would have at most `maxSkew` more of them than the one that has fewest. */
function isEven(constraint: Constraint, pod: Pod, node: Node, { nodes, placed }: Company): boolean {
  const { topologyKey, maxSkew, minDomains = 1, matchLabelKeys = [] } = constraint;
  const selector = withKeys(constraint.labelSelector, pod, { In: matchLabelKeys });
  const isLike = ({ metadata }: Pod) =>
    metadata.namespace === pod.metadata.namespace && matchesLabelSelector(selector, metadata.labels);

  const counted = nodes.filter((one) => counts(constraint, pod, one));
  const domains = new Map(counted.map((one) => [domainOf(one, topologyKey), 0]));
  for (const one of placed) {
    if (one.pod.metadata.deletionTimestamp || !counted.includes(one.node) || !isLike(one.pod)) continue;
    const domain = domainOf(one.node, topologyKey);
    domains.set(domain, (domains.get(domain) ?? 0) + 1);
  }
  const fewest = domains.size < minDomains ? 0 : Math.min(...domains.values());
  const here = domains.get(domainOf(node, topologyKey)) ?? 0;
  return here + (isLike(pod) ? 1 : 0) - fewest <= maxSkew;
}

/** Whether a node's domain is one to spread over. */
function counts(
  { nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' }: Constraint,
  pod: Pod,
  node: Node,
): boolean {
  if (nodeAffinityPolicy === 'Honor' && !isWantedNode(pod, node)) return false;
  return nodeTaintsPolicy !== 'Honor' || repellingTaint(pod, node) === undefined;
}
