// Which events a Trigger, a policy or a source lets through, and what Knative refuses in such filters.

import { isRecord } from '#base/mod.ts';
import { CesqlSyntaxError, parseCesql } from '#cesql/mod.ts';
import type { Schema } from '#machinery/mod.ts';
import { FieldErrors, list, map, object, openObject, text } from '#machinery/mod.ts';

/** One filter, in one dialect (CloudEvents Subscriptions API). */
export interface SubscriptionsFilter {
  exact?: Record<string, string> | undefined;
  prefix?: Record<string, string> | undefined;
  suffix?: Record<string, string> | undefined;
  all?: SubscriptionsFilter[] | undefined;
  any?: SubscriptionsFilter[] | undefined;
  not?: SubscriptionsFilter | undefined;
  cesql?: string | undefined;
}

const attributes = (doc: string) => map(text()).doc(doc);

/** Filters within filters are of any depth, so they are looked at by `checkFilters` and not by the schema. */
const FilterSchema = object({
  exact: attributes('Attributes that must be equal.'),
  prefix: attributes('How attributes must begin.'),
  suffix: attributes('How attributes must end.'),
  all: list(openObject({})).doc('Filters that must all let an event through.'),
  any: list(openObject({})).doc('Filters of which one must let an event through.'),
  not: openObject({}).doc('A filter that must not let an event through.'),
  cesql: text().doc('An expression of CloudEvents SQL.'),
}) as unknown as Schema<SubscriptionsFilter>;
export const FiltersSchema: Schema<SubscriptionsFilter[]> = list(FilterSchema);

const MAPS = ['exact', 'prefix', 'suffix'];
const LISTS = ['all', 'any'];
const DIALECTS = [...MAPS, ...LISTS, 'not', 'cesql'];

/** Checks a list of filters; paths are relative to it. */
export function checkFilters(filters: unknown): FieldErrors {
  const errors = new FieldErrors();
  if (filters === undefined) return errors;
  if (!Array.isArray(filters)) return errors.invalid(JSON.stringify(filters), '', 'expected a list of filters');
  for (const [i, filter] of filters.entries()) errors.merge(checkFilter(filter), `[${i}]`);
  return errors;
}

function checkFilter(filter: unknown): FieldErrors {
  const errors = new FieldErrors();
  if (!isRecord(filter)) return errors.invalid(JSON.stringify(filter), '', 'expected a filter');
  const unknown = Object.keys(filter).filter((key) => !DIALECTS.includes(key));
  for (const key of unknown) errors.generic(`unknown field ${JSON.stringify(key)}`, key);
  if (DIALECTS.filter((dialect) => isSet(dialect, filter[dialect])).length > 1)
    errors.generic('multiple dialects found, filters can have only one dialect set');
  for (const dialect of MAPS) errors.merge(checkAttributes(filter[dialect]), dialect);
  for (const dialect of LISTS) errors.merge(checkFilters(filter[dialect]), dialect);
  if (filter['not'] !== undefined) errors.merge(checkFilter(filter['not']), 'not');
  const { cesql } = filter;
  if (cesql !== undefined && typeof cesql !== 'string') return errors.invalid(JSON.stringify(cesql), 'cesql');
  const fault = cesql ? syntaxFault(cesql) : undefined;
  return fault === undefined ? errors : errors.invalid(cesql, 'cesql', fault);
}

/** Why an expression cannot be parsed. */
function syntaxFault(expression: string): string | undefined {
  try {
    parseCesql(expression);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof CesqlSyntaxError) return thrown.message;
    throw thrown;
  }
}

/** Whether a dialect says something: empty maps, lists and expressions say nothing, but `not: {}` does. */
function isSet(dialect: string, value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isRecord(value)) return dialect === 'not' || Object.keys(value).length > 0;
  return typeof value === 'string' ? value !== '' : value !== undefined && value !== null;
}

const NAME = /^[a-z][a-z0-9]*$/;
const NAME_RULE = 'Attribute name must start with a letter and can only contain lowercase alphanumeric';

/** Checks attributes that a filter names; paths are relative to them. */
export function checkAttributes(attributes: unknown): FieldErrors {
  const errors = new FieldErrors();
  if (attributes === undefined) return errors;
  if (!isRecord(attributes)) return errors.invalid(JSON.stringify(attributes), '', 'expected attributes and values');
  for (const [name, value] of Object.entries(attributes)) {
    if (!NAME.test(name)) errors.invalidKey(name, `[${name}]`, NAME_RULE);
    if (typeof value !== 'string') errors.invalid(JSON.stringify(value), `[${name}]`, 'expected a string');
  }
  return errors;
}
