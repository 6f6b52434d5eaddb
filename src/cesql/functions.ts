// Functions: which there are, and which one a call means (CESQL 1.0 §3.5). A name may have one definition for each number of
// arguments, and one that takes any number beyond all of them.

import { InvariantError } from '#base/mod.ts';
import type { Result, Type, Value } from './value.ts';

/** What a function may read of the event; its attributes by lower-case name. */
export interface Attributes {
  get(name: string): Value | undefined;
}

export interface FunctionDefinition {
  /** Upper-case letters and underscores; calls may use any case. */
  readonly name: string;
  /** Types of the arguments, in order: each is cast to its type. `Any` leaves it as it is. */
  readonly parameters: readonly (Type | 'Any')[];
  /** Type of further arguments, where any number of them may follow. */
  readonly rest?: Type | 'Any';
  readonly returns: Type;
  /** Runs with arguments of the types above. What it throws becomes a FunctionEvaluationError. */
  run(values: readonly Value[], attributes: Attributes): Result;
}

export interface Functions {
  /** The function that takes so many arguments, if any. */
  find(name: string, count: number): FunctionDefinition | undefined;
}

/** Throws where two definitions cannot be told apart. */
export function functionSet(definitions: readonly FunctionDefinition[]): Functions {
  const byName = new Map<string, FunctionDefinition[]>();
  for (const definition of definitions) {
    const others = byName.get(definition.name) ?? [];
    for (const other of others) refuseAlike(definition, other);
    byName.set(definition.name, [...others, definition]);
  }
  return {
    find: (name, count) => byName.get(name)?.find((definition) => takes(definition, count)),
  };
}

function takes({ parameters, rest }: FunctionDefinition, count: number): boolean {
  return rest === undefined ? count === parameters.length : count >= parameters.length;
}

function refuseAlike(a: FunctionDefinition, b: FunctionDefinition): void {
  const alike =
    a.rest !== undefined && b.rest !== undefined
      ? true
      : takes(a, b.parameters.length) || takes(b, a.parameters.length);
  if (alike) throw new InvariantError(`two functions ${a.name} cannot be told apart by their number of arguments`);
}
