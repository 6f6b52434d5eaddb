// What rules about other Pods say against a node, its own and theirs, in kube-scheduler's order. Pure.

import type { Node, Pod } from '#kinds/mod.ts';
import type { Company, Placed } from './company.ts';
import { affinityProblem, guardProblem } from './pod-affinity.ts';
import { spreadProblem } from './topology-spread.ts';

/** The Pods that have a say in where one may be. */
export interface Neighbours {
  /** Those that its own rules may mean; none need be placed where it has no such rules. */
  readonly company: Company;
  /** Those that keep others away. */
  readonly guards: readonly Placed[];
}

/** The first that speaks against: spread, then affinity, then what guards say. Undefined where nothing does. */
export function companyProblem(pod: Pod, node: Node, { company, guards }: Neighbours): string | undefined {
  return (
    spreadProblem(pod, node, company) ?? affinityProblem(pod, node, company) ?? guardProblem(pod, node, guards, company)
  );
}
