// The tree of an expression (CESQL 1.0 §2).

import type { Value } from './value.ts';

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';
export type ComparisonOperator = '=' | '!=' | '<' | '<=' | '>' | '>=';
export type LogicOperator = 'AND' | 'OR' | 'XOR';

export type Node =
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'attribute'; readonly name: string }
  | { readonly kind: 'exists'; readonly name: string }
  | { readonly kind: 'not'; readonly of: Node }
  | { readonly kind: 'negate'; readonly of: Node }
  | { readonly kind: 'like'; readonly of: Node; readonly pattern: string }
  | { readonly kind: 'in'; readonly of: Node; readonly set: readonly Node[] }
  | { readonly kind: 'arithmetic'; readonly operator: ArithmeticOperator; readonly left: Node; readonly right: Node }
  | { readonly kind: 'comparison'; readonly operator: ComparisonOperator; readonly left: Node; readonly right: Node }
  | { readonly kind: 'logic'; readonly operator: LogicOperator; readonly left: Node; readonly right: Node }
  | { readonly kind: 'call'; readonly name: string; readonly arguments: readonly Node[] };

/** The nodes right below a node. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'not':
    case 'negate':
    case 'like':
      return [node.of];
    case 'in':
      return [node.of, ...node.set];
    case 'arithmetic':
    case 'comparison':
    case 'logic':
      return [node.left, node.right];
    case 'call':
      return node.arguments;
    default:
      return [];
  }
}
