// cesql: the CloudEvents SQL expression language, version 1.0. Parses an expression and evaluates it on an event's attributes.

export type { Expression, Outcome, Requirement } from './expression.ts';
export { functionsWith, parseCesql } from './expression.ts';
export type { Attributes, FunctionDefinition, Functions } from './functions.ts';
export { CesqlSyntaxError } from './lexer.ts';
export type { ErrorKind, EvaluationError, Result, Type, Value } from './value.ts';
export { Failure } from './value.ts';
