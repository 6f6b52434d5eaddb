// Values of CESQL, their types, and casts between them (CESQL 1.0 §3.1, §3.7). What fails is a value too: a Failure.

/** An integer is a number of 32 bits, signed. */
export type Value = string | number | boolean;

export type Type = 'Boolean' | 'Integer' | 'String';

/** What can go wrong while an expression is evaluated (§3.3). */
export type ErrorKind = 'math' | 'cast' | 'missingAttribute' | 'missingFunction' | 'functionEvaluation' | 'generic';

export interface EvaluationError {
  readonly kind: ErrorKind;
  /** What was expected and what was met. */
  readonly message: string;
}

/** An error, and the value that the operator or function gives all the same. Evaluation ends with the first one (§4.1). */
export class Failure {
  readonly value: Value;
  readonly error: EvaluationError;

  constructor(value: Value, error: EvaluationError) {
    this.value = value;
    this.error = error;
  }
}

export type Result = Value | Failure;

export const ZERO: Readonly<Record<Type, Value>> = { Boolean: false, Integer: 0, String: '' };

export function typeOf(value: Value): Type {
  if (typeof value === 'string') return 'String';
  return typeof value === 'number' ? 'Integer' : 'Boolean';
}

const INTEGER = /^[+-]?\d+$/;

export function isInteger(value: number): boolean {
  return (value | 0) === value;
}

/** A value as another type; a failed cast has the zero value of that type. */
export function cast(value: Value, type: Type): Result {
  if (typeOf(value) === type) return value;
  if (type === 'String') return String(value);
  return type === 'Integer' ? toInteger(value) : toBoolean(value);
}

function toInteger(value: Value): Result {
  if (typeof value !== 'string') return Number(value);
  const number = INTEGER.test(value) ? Number(value) : Number.NaN;
  // The sign of -0 must go.
  return isInteger(number) ? number | 0 : castFailure(0, value, 'an Integer of 32 bits');
}

function toBoolean(value: Value): Result {
  if (typeof value !== 'string') return value !== 0;
  const lower = value.toLowerCase();
  return lower === 'true' || (lower === 'false' ? false : castFailure(false, value, 'true or false'));
}

function castFailure(zero: Value, value: string, expected: string): Failure {
  return new Failure(zero, { kind: 'cast', message: `expected ${expected}, but met ${JSON.stringify(value)}` });
}
