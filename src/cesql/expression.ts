// An expression, ready to be asked about many events.

import { BUILT_IN } from './built-in.ts';
import { compile } from './evaluate.ts';
import type { Attributes, FunctionDefinition, Functions } from './functions.ts';
import { functionSet } from './functions.ts';
import { literalEnds } from './like.ts';
import { parseTree } from './parser.ts';
import type { LogicOperator, Node } from './syntax.ts';
import { childrenOf } from './syntax.ts';
import type { EvaluationError, Value } from './value.ts';
import { cast, Failure } from './value.ts';

/** That the text of an attribute is, begins with, or ends with another that is not empty. */
export interface Requirement {
  readonly name: string;
  readonly kind: 'exact' | 'prefix' | 'suffix';
  readonly text: string;
}

export interface Outcome {
  readonly value: Value;
  /** Where there is one, evaluation ended with it. */
  readonly error?: EvaluationError;
}

export interface Expression {
  readonly text: string;
  /** Attributes that it names, in order. */
  readonly names: readonly string[];
  /** What must hold of attributes for it to be true: of each group at least one. Whatever else it says, no other event matches. */
  readonly required: readonly (readonly Requirement[])[];
  evaluate(attributes: Attributes): Outcome;
  /** Whether it is true, and without error (§1.2). */
  matches(attributes: Attributes): boolean;
}

const builtIn = functionSet(BUILT_IN);

/** The functions of CESQL and some more. */
export function functionsWith(more: readonly FunctionDefinition[]): Functions {
  return functionSet([...BUILT_IN, ...more]);
}

/** Throws a CesqlSyntaxError where the text is no expression. */
export function parseCesql(text: string, functions: Functions = builtIn): Expression {
  const tree = parseTree(text);
  const run = compile(tree, functions);
  return {
    text,
    names: [...new Set(namesIn(tree))],
    required: requiredBy(tree).filter((group) => group.every(({ text: wanted }) => wanted !== '')),
    evaluate(attributes) {
      const result = run(attributes);
      return result instanceof Failure ? { value: result.value, error: result.error } : { value: result };
    },
    matches: (attributes) => run(attributes) === true,
  };
}

function namesIn(node: Node): string[] {
  if (node.kind === 'attribute' || node.kind === 'exists') return [node.name];
  return childrenOf(node).flatMap(namesIn);
}

type Groups = readonly (readonly Requirement[])[];

function requiredBy(node: Node): Groups {
  switch (node.kind) {
    case 'logic':
      return requiredByLogic(node.operator, requiredBy(node.left), requiredBy(node.right));
    case 'like':
      return node.of.kind === 'attribute' ? requiredByPattern(node.of.name, node.pattern) : [];
    case 'in':
      return node.of.kind === 'attribute' ? requiredBySet(node.of.name, node.set) : [];
    case 'comparison':
      return node.operator === '=' ? requiredByEquality(node.left, node.right) : [];
    default:
      return [];
  }
}

/** Of OR either side's must hold, where both have one. */
function requiredByLogic(operator: LogicOperator, left: Groups, right: Groups): Groups {
  if (operator === 'AND') return [...left, ...right];
  const [first] = left;
  const [second] = right;
  return operator === 'OR' && first && second ? [[...first, ...second]] : [];
}

function requiredByEquality(left: Node, right: Node): Groups {
  if (left.kind !== 'attribute' || right.kind !== 'literal' || typeof right.value !== 'string') return [];
  return [[{ name: left.name, kind: 'exact', text: right.value }]];
}

function requiredByPattern(name: string, pattern: string): Groups {
  const { prefix, suffix, whole } = literalEnds(pattern);
  if (whole) return [[{ name, kind: 'exact', text: prefix }]];
  return [[{ name, kind: 'prefix', text: prefix }], [{ name, kind: 'suffix', text: suffix }]];
}

/** Texts alone, and none that an attribute of another type equals by another text: `01` is 1, `TRUE` is true. */
function requiredBySet(name: string, set: readonly Node[]): Groups {
  const texts = set.flatMap((node) => (node.kind === 'literal' && typeof node.value === 'string' ? [node.value] : []));
  if (texts.length < set.length || texts.some((text) => !isCanonical(text))) return [];
  return [texts.map((text) => ({ name, kind: 'exact', text }))];
}

function isCanonical(text: string): boolean {
  return (['Integer', 'Boolean'] as const).every((type) => {
    const value = cast(text, type);
    return value instanceof Failure || String(value) === text;
  });
}
