// Field selectors (`metadata.name=a,status.phase!=Running`).

import { at } from '#base/mod.ts';
import { badRequest } from './api-error.ts';
import type { Kind } from './kind.ts';

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[];
  matches(object: object): boolean;
}

const ALWAYS = ['metadata.name', 'metadata.namespace'];

/**
 * A selector as `kubectl --field-selector` writes it; empty text matches everything. With a kind, only its fields may be asked for.
 * Throws ApiError 400.
 */
export function parseFieldSelector(text: string, kind?: Pick<Kind, 'selectableFields'>): FieldSelector {
  const requirements = termsOf(text)
    .filter((term) => term !== '')
    .map((term) => parseTerm(term, text));
  const known = kind && [...ALWAYS, ...kind.selectableFields];
  for (const { field } of requirements) {
    if (known && !known.includes(field)) throw badRequest(`field label not supported: ${field}`);
  }
  return { requirements, matches: (object) => requirements.every((requirement) => holds(requirement, object)) };
}

function holds({ field, operator, value }: FieldRequirement, object: object): boolean {
  return (shownAt(object, field) === value) === (operator === '=');
}

/** What is absent counts as empty text, as in Kubernetes. */
function shownAt(object: object, field: string): string {
  const value = at(object, field.split('.'));
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** Splits at commas that no backslash precedes. */
function termsOf(text: string): string[] {
  return text.match(/(?:\\.|[^,\\]|\\$)+/gs) ?? [];
}

function parseTerm(term: string, whole: string): FieldRequirement {
  const match = /^((?:\\.|[^=!\\]|!(?!=))*)(==|!=|=)(.*)$/s.exec(term);
  if (!match) throw badRequest(`invalid selector: '${whole}'; can't understand '${term}'`);
  const [, field = '', operator, value = ''] = match;
  return { field, operator: operator === '!=' ? '!=' : '=', value: unescaped(value, whole) };
}

function unescaped(value: string, whole: string): string {
  if (/(?:^|[^\\])(?:\\\\)*[=]/.test(value))
    throw badRequest(`invalid selector: '${whole}'; unescaped '=' in value '${value}'`);
  return value.replace(/\\([\s\S]|$)/g, (_, char: string) => {
    if (char === ',' || char === '=' || char === '\\') return char;
    throw badRequest(`invalid selector: '${whole}'; invalid escape sequence: \\${char}`);
  });
}
