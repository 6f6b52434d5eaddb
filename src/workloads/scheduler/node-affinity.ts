// Whether a node is one that a Pod wants to be on. Pure.

import type { Node, Pod } from '#kinds/mod.ts';
import type { Expression, Labels, NodeTerm } from './rules.ts';
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
    matchExpressions.every((expression) => holds(expression, labels)) &&
    matchFields.every((expression) => expression.key in fields && holds(expression, fields))
  );
}

function holds({ key, operator, values }: Expression, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return compare(value, values) > 0;
    case 'Lt':
      return compare(value, values) < 0;
    default:
      return false;
  }
}

const INTEGER = /^[+-]?\d+$/;

/** NaN, which is neither more nor less, unless both are whole numbers. */
function compare(value: string | undefined, values: readonly string[]): number {
  const [bound] = values;
  if (value === undefined || bound === undefined || values.length > 1) return NaN;
  return INTEGER.test(value) && INTEGER.test(bound) ? Number(BigInt(value) - BigInt(bound)) : NaN;
}
