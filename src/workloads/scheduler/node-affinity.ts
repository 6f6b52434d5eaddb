// Whether a node is one that a Pod wants to be on. Pure.

import type { Node, Pod } from '#kinds/mod.ts';
import { nodeExpressionHolds } from '#machinery/mod.ts';
import type { Labels, NodeTerm } from './rules.ts';
import { nodeTerms } from './rules.ts';

/** Whether a node has what the Pod's nodeSelector and required node affinity ask for. */
export function isWantedNode(pod: Pod, { metadata }: Node): boolean {
  const labels = metadata.labels ?? {};
  const isSelected = Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const terms = nodeTerms(pod);
  return isSelected && (terms === undefined || terms.some((term) => fits(term, labels, metadata.name)));
}

/** A term that asks for nothing fits no node. */
function fits({ matchExpressions, matchFields }: NodeTerm, labels: Labels, name: string): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  const fields = { 'metadata.name': name };
  return (
    matchExpressions.every((expression) => nodeExpressionHolds(expression, labels)) &&
    matchFields.every((expression) => Object.hasOwn(fields, expression.key) && nodeExpressionHolds(expression, fields))
  );
}
