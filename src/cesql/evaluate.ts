// A tree made into a function of an event's attributes, once. The first error ends evaluation; each operator above it gives
// the zero value of its own type (CESQL 1.0 §3.2, §4.1).

import { messageOf } from '#base/mod.ts';
import type { Attributes, FunctionDefinition, Functions } from './functions.ts';
import { likePattern } from './like.ts';
import type { ArithmeticOperator, ComparisonOperator, Node } from './syntax.ts';
import type { EvaluationError, Result, Type, Value } from './value.ts';
import { cast, Failure, typeOf, ZERO } from './value.ts';

export type Evaluate = (attributes: Attributes) => Result;

/** Attributes that every event has. */
const ALWAYS: ReadonlySet<string> = new Set(['specversion', 'id', 'source', 'type']);

export function compile(node: Node, functions: Functions): Evaluate {
  const inner = (child: Node) => compile(child, functions);
  switch (node.kind) {
    case 'literal':
      return () => node.value;
    case 'attribute':
      return attribute(node.name);
    case 'exists':
      return ALWAYS.has(node.name) ? () => true : (attributes) => attributes.get(node.name) !== undefined;
    case 'not':
      return unary(inner(node.of), 'Boolean', 'Boolean', (value) => !value);
    case 'negate':
      return unary(inner(node.of), 'Integer', 'Integer', (value) => -value | 0);
    case 'like': {
      const fits = likePattern(node.pattern);
      return unary(inner(node.of), 'String', 'Boolean', (value) => fits(String(value)));
    }
    case 'in':
      return within(inner(node.of), node.set.map(inner));
    case 'arithmetic':
      return integers(inner(node.left), inner(node.right), 'Integer', ARITHMETIC[node.operator]);
    case 'comparison':
      return comparison(node.operator, inner(node.left), inner(node.right));
    case 'logic':
      return LOGIC[node.operator](inner(node.left), inner(node.right));
    case 'call':
      return call(node.name, node.arguments.map(inner), functions);
  }
}

function attribute(name: string): Evaluate {
  const missing = new Failure(false, {
    kind: 'missingAttribute',
    message: `expected the attribute ${name}, but the event has none`,
  });
  return (attributes) => attributes.get(name) ?? missing;
}

/** A failure as an operator hands it on: the error of what is within, and a zero value of its own. */
function passed(failure: Failure, type: Type): Failure {
  return new Failure(ZERO[type], failure.error);
}

function unary(of: Evaluate, from: Type, to: Type, run: (value: never) => Value): Evaluate {
  return (attributes) => {
    const value = operand(of, from, attributes);
    return value instanceof Failure ? passed(value, to) : run(value as never);
  };
}

function operand(of: Evaluate, type: Type, attributes: Attributes): Result {
  const value = of(attributes);
  return value instanceof Failure ? value : cast(value, type);
}

/** Both sides are evaluated before either is cast. */
function integers(
  left: Evaluate,
  right: Evaluate,
  returns: Type,
  run: (left: number, right: number) => Result,
): Evaluate {
  return (attributes) => {
    const a = left(attributes);
    if (a instanceof Failure) return passed(a, returns);
    const b = right(attributes);
    if (b instanceof Failure) return passed(b, returns);
    const x = cast(a, 'Integer');
    if (x instanceof Failure) return passed(x, returns);
    const y = cast(b, 'Integer');
    if (y instanceof Failure) return passed(y, returns);
    return run(x as number, y as number);
  };
}

const BY_ZERO = new Failure(0, { kind: 'math', message: 'expected a divisor that is not 0, but met 0' });

/** Beyond 32 bits they wrap. */
const ARITHMETIC: Readonly<Record<ArithmeticOperator, (x: number, y: number) => Result>> = {
  '+': (x, y) => (x + y) | 0,
  '-': (x, y) => (x - y) | 0,
  '*': (x, y) => Math.imul(x, y),
  '/': (x, y) => (y === 0 ? BY_ZERO : (x / y) | 0),
  '%': (x, y) => (y === 0 ? BY_ZERO : (x % y) | 0),
};

function comparison(operator: ComparisonOperator, left: Evaluate, right: Evaluate): Evaluate {
  switch (operator) {
    case '=':
      return equality(left, right, true);
    case '!=':
      return equality(left, right, false);
    case '<':
      return integers(left, right, 'Boolean', (x, y) => x < y);
    case '<=':
      return integers(left, right, 'Boolean', (x, y) => x <= y);
    case '>':
      return integers(left, right, 'Boolean', (x, y) => x > y);
    case '>=':
      return integers(left, right, 'Boolean', (x, y) => x >= y);
  }
}

/** There is an equality for each type; the right side says which it is (§3.7). */
function equality(left: Evaluate, right: Evaluate, equal: boolean): Evaluate {
  return (attributes) => {
    const a = left(attributes);
    if (a instanceof Failure) return passed(a, 'Boolean');
    const b = right(attributes);
    if (b instanceof Failure) return passed(b, 'Boolean');
    const x = cast(a, typeOf(b));
    return x instanceof Failure ? passed(x, 'Boolean') : (x === b) === equal;
  };
}

/** The left side says the type. */
function within(left: Evaluate, set: readonly Evaluate[]): Evaluate {
  return (attributes) => {
    const value = left(attributes);
    if (value instanceof Failure) return passed(value, 'Boolean');
    for (const item of set) {
      const member = operand(item, typeOf(value), attributes);
      if (member instanceof Failure) return passed(member, 'Boolean');
      if (member === value) return true;
    }
    return false;
  };
}

type Logic = (left: Evaluate, right: Evaluate) => Evaluate;

/** The right side of AND and OR is evaluated only where the left one does not settle it. */
const LOGIC: Readonly<Record<'AND' | 'OR' | 'XOR', Logic>> = {
  AND: (left, right) => logic(left, right, false, (_, y) => y),
  OR: (left, right) => logic(left, right, true, (_, y) => y),
  XOR: (left, right) => logic(left, right, undefined, (x, y) => x !== y),
};

function logic(
  left: Evaluate,
  right: Evaluate,
  settles: boolean | undefined,
  run: (x: Value, y: Value) => Value,
): Evaluate {
  return (attributes) => {
    const x = operand(left, 'Boolean', attributes);
    if (x instanceof Failure) return passed(x, 'Boolean');
    if (x === settles) return x;
    const y = operand(right, 'Boolean', attributes);
    return y instanceof Failure ? passed(y, 'Boolean') : run(x, y);
  };
}

function call(name: string, values: readonly Evaluate[], functions: Functions): Evaluate {
  const definition = functions.find(name, values.length);
  if (definition) return (attributes) => invoke(definition, values, attributes);
  const missing = new Failure(false, {
    kind: 'missingFunction',
    message: `expected a function that exists, but met ${name} with ${values.length} arguments`,
  });
  return () => missing;
}

function invoke(definition: FunctionDefinition, values: readonly Evaluate[], attributes: Attributes): Result {
  const { parameters, rest, returns } = definition;
  const ready: Value[] = [];
  for (const [at, evaluate] of values.entries()) {
    const type = parameters[at] ?? rest ?? 'Any';
    const value = type === 'Any' ? evaluate(attributes) : operand(evaluate, type, attributes);
    if (value instanceof Failure) return passed(value, returns);
    ready.push(value);
  }
  try {
    return definition.run(ready, attributes);
  } catch (thrown) {
    const error: EvaluationError = { kind: 'functionEvaluation', message: `${definition.name}: ${messageOf(thrown)}` };
    return new Failure(ZERO[returns], error);
  }
}
