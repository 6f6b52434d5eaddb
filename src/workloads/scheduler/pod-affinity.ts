// Whether a node is near the Pods that a Pod needs and far from those it does not bear, in kube-scheduler's words. Pure.

import type { Node, Pod } from '#kinds/mod.ts';
import type { Company, Placed } from './company.ts';
import { domainOf, isMeant, NOT_NEAR } from './company.ts';
import type { PodTerm } from './rules.ts';
import { podTerms } from './rules.ts';

const NOT_FAR = "node(s) didn't match pod anti-affinity rules";
const NOT_BORNE = "node(s) didn't satisfy existing pods anti-affinity rules";

/** What the Pod's own rules say against this node; undefined where nothing. */
export function affinityProblem(pod: Pod, node: Node, company: Company): string | undefined {
  if (!isNear(pod, node, company)) return NOT_NEAR;
  return isFar(pod, node, company) ? undefined : NOT_FAR;
}

/** What rules of Pods that are there already say against it; `guards` are those that keep others away. */
export function guardProblem(
  pod: Pod,
  node: Node,
  guards: readonly Placed[],
  namespaces: Pick<Company, 'labelsOfNamespace'>,
): string | undefined {
  const refuses = ({ pod: owner, node: home }: Placed) =>
    podTerms(owner, 'podAntiAffinity').some(
      (term) => isSameDomain(home, node, term) && isMeant(term, owner, pod, namespaces),
    );
  return guards.some(refuses) ? NOT_BORNE : undefined;
}

/** Near to Pods that all terms mean. The first of a group that wants to be near itself may be anywhere. */
function isNear(pod: Pod, node: Node, company: Company): boolean {
  const terms = podTerms(pod, 'podAffinity');
  if (terms.some(({ topologyKey }) => domainOf(node, topologyKey) === undefined)) return false;
  const isFriend = (other: Pod) => terms.every((term) => isMeant(term, pod, other, company));
  const friends = terms.length === 0 ? [] : company.placed.filter((one) => isFriend(one.pod));
  const hasOneNear = (term: PodTerm) => friends.some((one) => isSameDomain(one.node, node, term));
  if (terms.every(hasOneNear)) return true;
  const isAlone = !friends.some((one) =>
    terms.some(({ topologyKey }) => domainOf(one.node, topologyKey) !== undefined),
  );
  return isAlone && isFriend(pod);
}

/** Far from Pods that any term means. */
function isFar(pod: Pod, node: Node, company: Company): boolean {
  return !podTerms(pod, 'podAntiAffinity').some((term) =>
    company.placed.some((one) => isSameDomain(one.node, node, term) && isMeant(term, pod, one.pod, company)),
  );
}

function isSameDomain(one: Node, other: Node, { topologyKey }: PodTerm): boolean {
  const domain = domainOf(other, topologyKey);
  return domain !== undefined && domainOf(one, topologyKey) === domain;
}
