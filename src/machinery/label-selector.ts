// Label selectors: as text (`app=web,tier in (a,b),!debug`) and as the LabelSelector object of the API.

import { badRequest } from './api-error.ts';
import type { ApiError } from './api-error.ts';
import { labelValue, qualifiedName } from './names.ts';

export type Labels = Readonly<Record<string, string>>;

export interface LabelSelector {
  matches(labels: Labels | undefined): boolean;
}

/** metav1.LabelSelector. */
export interface LabelSelectorObject {
  readonly matchLabels?: Labels | undefined;
  readonly matchExpressions?:
    | readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] | undefined }[]
    | undefined;
}

type Operator = 'in' | 'notin' | '=' | '==' | '!=' | 'gt' | 'lt' | 'exists' | '!';

interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

const BINARY: readonly Operator[] = ['in', 'notin', '=', '==', '!=', 'gt', 'lt'];
const SYMBOLS: Readonly<Record<string, Operator>> = { '>': 'gt', '<': 'lt' };

/** A selector as `kubectl -l` writes it; empty text matches everything. Throws ApiError 400 with Kubernetes' words. */
export function parseLabelSelector(text: string): LabelSelector {
  const requirements = new Parser(text).parse();
  for (const requirement of requirements) check(requirement);
  return { matches: (labels) => requirements.every((requirement) => holds(requirement, labels ?? {})) };
}

/** Whether labels satisfy a selector object. No selector matches nothing; an empty one everything; one with an unknown operator nothing. */
export function matchesLabelSelector(selector: LabelSelectorObject | undefined, labels: Labels | undefined): boolean {
  if (!selector) return false;
  const present = labels ?? {};
  const isMatch = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => valueOf(present, key) === value);
  return isMatch && (selector.matchExpressions ?? []).every((expression) => expressionHolds(expression, present));
}

/** The same selector as text, as `status.selector` of a Scale and queries carry it. */
export function labelSelectorText(selector: LabelSelectorObject | undefined): string {
  const equalities = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const expressions = (selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    return operator === 'DoesNotExist'
      ? `!${key}`
      : `${key} ${operator.toLowerCase()} (${[...values].sort().join(',')})`;
  });
  return [...equalities.sort(), ...expressions].join(',');
}

type Expression = NonNullable<LabelSelectorObject['matchExpressions']>[number];
const EXPRESSION_OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
]);
const NODE_OPERATORS: ReadonlyMap<string, Operator> = new Map([...EXPRESSION_OPERATORS, ['Gt', 'gt'], ['Lt', 'lt']]);

function expressionHolds(expression: Expression, labels: Labels, operators = EXPRESSION_OPERATORS): boolean {
  const { key, operator, values = [] } = expression;
  const known = operators.get(operator);
  return known !== undefined && holds({ key, operator: known, values }, labels);
}

/** Whether labels satisfy an expression of a NodeSelector, which knows Gt and Lt as well. An unknown operator holds for none. */
export function nodeExpressionHolds(expression: Expression, labels: Labels): boolean {
  return expressionHolds(expression, labels, NODE_OPERATORS);
}

function valueOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function holds({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = valueOf(labels, key);
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'notin':
    case '!=':
      return value === undefined || !values.includes(value);
    case 'gt':
      return compare(value, values) > 0;
    case 'lt':
      return compare(value, values) < 0;
    default:
      return value !== undefined && values.includes(value);
  }
}

const INTEGER = /^[+-]?\d+$/;

/** NaN, which is neither more nor less, unless both are whole numbers: a NodeSelector is kept as it came. */
function compare(value: string | undefined, values: readonly string[]): number {
  const [bound] = values;
  if (value === undefined || bound === undefined || values.length > 1) return NaN;
  return INTEGER.test(value) && INTEGER.test(bound) ? Number(BigInt(value) - BigInt(bound)) : NaN;
}

function check({ key, operator, values }: Requirement): void {
  const [keyFault] = qualifiedName(key);
  if (keyFault)
    throw badRequest(`unable to parse requirement: key: Invalid value: ${JSON.stringify(key)}: ${keyFault}`);
  if ((operator === 'gt' || operator === 'lt') && !INTEGER.test(values[0] ?? '')) {
    const shown = JSON.stringify(values[0] ?? '');
    throw badRequest(
      `unable to parse requirement: values[0]: Invalid value: ${shown}: for 'Gt', 'Lt' operators, the value must be an integer`,
    );
  }
  for (const [i, value] of values.entries()) {
    const [fault] = labelValue(value);
    if (!fault) continue;
    throw badRequest(
      `unable to parse requirement: values[${i}][${key}]: Invalid value: ${JSON.stringify(value)}: ${fault}`,
    );
  }
}

const TOKEN = /\s*(?:(==|!=|[=!<>(),])|([^\s=!<>(),]+))\s*/y;

/** Reads requirements from text, left to right. */
class Parser {
  readonly #tokens: readonly string[];
  #next = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    while (this.#peek() !== '') {
      requirements.push(this.#requirement());
      const after = this.#take();
      if (after === '') break;
      if (after !== ',') throw this.#unexpected(after, `',' or 'end of string'`);
      if (this.#peek() === '') throw this.#unexpected('', 'identifier after ,');
    }
    return requirements;
  }

  #peek(): string {
    return this.#tokens[this.#next] ?? '';
  }

  #take(): string {
    const token = this.#peek();
    this.#next++;
    return token;
  }

  #requirement(): Requirement {
    const isNegated = this.#peek() === '!';
    if (isNegated) this.#take();
    const key = this.#take();
    if (!isWord(key)) throw this.#unexpected(key, isNegated ? 'identifier' : "!, identifier, or 'end of string'");
    if (isNegated) return { key, operator: '!', values: [] };
    if (this.#peek() === '' || this.#peek() === ',') return { key, operator: 'exists', values: [] };
    return this.#comparison(key);
  }

  #comparison(key: string): Requirement {
    const token = this.#take();
    const operator = SYMBOLS[token] ?? BINARY.find((known) => known === token && token !== 'gt' && token !== 'lt');
    if (!operator) throw this.#unexpected(token, BINARY.join(', '));
    if (operator === 'in' || operator === 'notin') return { key, operator, values: this.#valuesInBrackets() };
    const isEmpty = this.#peek() === '' || this.#peek() === ',';
    const value = isEmpty ? '' : this.#take();
    if (!isEmpty && !isWord(value)) throw this.#unexpected(value, 'identifier');
    return { key, operator, values: [value] };
  }

  #valuesInBrackets(): string[] {
    const open = this.#take();
    if (open !== '(') throw this.#unexpected(open, `'('`);
    const values: string[] = [];
    for (;;) {
      // A missing word between commas or brackets is the empty value.
      values.push(isWord(this.#peek()) ? this.#take() : '');
      const separator = this.#take();
      if (separator === ')') return [...new Set(values)].sort();
      if (separator !== ',') throw this.#unexpected(separator, `',', ')' or identifier`);
    }
  }

  #unexpected(found: string, expected: string): ApiError {
    return badRequest(`unable to parse requirement: found '${found}', expected: ${expected}`);
  }
}

function isWord(token: string): boolean {
  return token !== '' && !/^[=!<>(),]/.test(token);
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  const trimmed = text.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < trimmed.length) {
    const match = TOKEN.exec(trimmed);
    if (!match) break;
    tokens.push(match[1] ?? match[2] ?? '');
  }
  return tokens;
}
