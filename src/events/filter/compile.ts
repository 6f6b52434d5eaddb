// Filters of the CloudEvents Subscriptions API, and the old attributes of a Trigger, made ready once. Each clause passes, fails, or
// says nothing; only what fails keeps an event out.

import type { Attributes, Expression, Functions, Requirement } from '#cesql/mod.ts';
import { CesqlSyntaxError, parseCesql } from '#cesql/mod.ts';
import type { Filter } from '../control.ts';
import type { CloudEvent } from '../event.ts';
import { isPlain, lookupOf } from './lookup.ts';
import type { FilterResult, Verdict } from './verdict.ts';

export interface CompiledFilter {
  matches(event: CloudEvent): boolean;
  /** The same verdict in words; every clause is asked, also those that `matches` had no need to ask. */
  explain(event: CloudEvent): Verdict;
  /** What must hold for it to match, of each group at least one; under names that mean the attributes themselves. */
  readonly required: Required;
}

type Required = readonly (readonly Requirement[])[];

/** One clause. */
interface Clause {
  test(event: CloudEvent): FilterResult;
  explain(event: CloudEvent): Verdict;
  readonly required: Required;
}

/** Elements that all must hold; none at all lets everything pass. */
export function compileFilters(filters: readonly Filter[], functions?: Functions): CompiledFilter {
  const whole = conjunction(
    'all of',
    filters.flatMap((filter) => clauseOf(filter, functions) ?? []),
  );
  return {
    matches: (event) => whole.test(event) !== 'fail',
    explain: whole.explain,
    required: whole.required,
  };
}

/** Undefined where a filter says nothing: without a dialect, or with an empty name or value, which Knative passes over. */
function clauseOf(filter: Filter, functions: Functions | undefined): Clause | undefined {
  const inner = (filters: readonly Filter[]) => filters.flatMap((one) => clauseOf(one, functions) ?? []);
  if ('exact' in filter) return pairs('exact', filter.exact);
  if ('prefix' in filter) return pairs('prefix', filter.prefix);
  if ('suffix' in filter) return pairs('suffix', filter.suffix);
  if ('all' in filter) return several(inner(filter.all), (clauses) => conjunction('all of', clauses));
  if ('any' in filter) return several(inner(filter.any), disjunction);
  if ('not' in filter) return negation(clauseOf(filter.not, functions));
  if ('cesql' in filter) return cesql(filter.cesql, functions);
  return 'legacy' in filter ? legacy(filter.legacy) : undefined;
}

/** One clause alone needs nobody around it. */
function several(clauses: readonly Clause[], join: (clauses: readonly Clause[]) => Clause): Clause | undefined {
  return clauses.length > 1 ? join(clauses) : clauses[0];
}

function conjunction(clause: string, clauses: readonly Clause[]): Clause {
  return {
    test(event) {
      let result: FilterResult = 'none';
      for (const one of clauses) {
        const next = one.test(event);
        if (next === 'fail') return 'fail';
        if (next === 'pass') result = 'pass';
      }
      return result;
    },
    explain(event) {
      const parts = clauses.map((one) => one.explain(event));
      const result = parts.some((part) => part.result === 'fail')
        ? 'fail'
        : parts.some((part) => part.result === 'pass')
          ? 'pass'
          : 'none';
      return { result, clause, parts };
    },
    required: clauses.flatMap(({ required }) => required),
  };
}

/** The first that passes, else what the last one says. */
function disjunction(clauses: readonly Clause[]): Clause {
  return {
    test(event) {
      let result: FilterResult = 'none';
      for (const one of clauses) {
        result = one.test(event);
        if (result === 'pass') break;
      }
      return result;
    },
    explain(event) {
      const parts = clauses.map((one) => one.explain(event));
      const result = parts.some((part) => part.result === 'pass') ? 'pass' : (parts.at(-1)?.result ?? 'none');
      return { result, clause: 'any of', parts };
    },
    required: eitherOf(clauses),
  };
}

/** A clause that requires anything fails without it, so that what says nothing is not among them. */
function eitherOf(clauses: readonly Clause[]): Required {
  const groups = clauses.flatMap(({ required: [first] }) => (first ? [first] : []));
  return groups.length < clauses.length ? [] : [groups.flat()];
}

const OPPOSITE: Readonly<Record<FilterResult, FilterResult>> = { pass: 'fail', fail: 'pass', none: 'none' };

/** The opposite of nothing is nothing. */
function negation(of: Clause | undefined): Clause {
  return {
    test: (event) => (of ? OPPOSITE[of.test(event)] : 'none'),
    explain(event) {
      const part = of?.explain(event);
      return part
        ? { result: OPPOSITE[part.result], clause: 'not', parts: [part] }
        : { result: 'none', clause: 'not', met: 'nothing to negate' };
    },
    required: [],
  };
}

type Dialect = Requirement['kind'];

const COMPARE: Readonly<Record<Dialect, (text: string, value: string) => boolean>> = {
  exact: (text, value) => text === value,
  prefix: (text, value) => text.startsWith(value),
  suffix: (text, value) => text.endsWith(value),
};

function pairs(dialect: Dialect, wanted: Readonly<Record<string, string>>): Clause | undefined {
  const entries = Object.entries(wanted);
  if (entries.length === 0 || entries.some(([name, value]) => name === '' || value === '')) return undefined;
  const clauses = entries.map(([name, value]) => pair(dialect, name, value));
  return several(clauses, (all) => conjunction(dialect, all));
}

function pair(dialect: Dialect, name: string, value: string): Clause {
  const lookup = lookupOf(name);
  const compare = COMPARE[dialect];
  const test = (event: CloudEvent): FilterResult => {
    const text = lookup(event);
    return text !== undefined && compare(text, value) ? 'pass' : 'fail';
  };
  return {
    test,
    explain: (event) => ({
      result: test(event),
      clause: `${dialect} ${name} ${dialect === 'exact' ? '= ' : ''}${JSON.stringify(value)}`,
      met: met(lookup(event)),
    }),
    required: isPlain(name) ? [[{ name, kind: dialect, text: value }]] : [],
  };
}

/** Each attribute must have its value; an empty value asks only that something is there. */
function legacy(wanted: Readonly<Record<string, string>>): Clause | undefined {
  const clauses = Object.entries(wanted).map(([name, value]) =>
    value === '' ? presence(name) : pair('exact', name, value),
  );
  return several(clauses, (all) => conjunction('attributes', all));
}

function presence(name: string): Clause {
  const lookup = lookupOf(name);
  const test = (event: CloudEvent): FilterResult => ((lookup(event) ?? '') === '' ? 'fail' : 'pass');
  return {
    test,
    explain: (event) => ({ result: test(event), clause: `${name} is set`, met: met(lookup(event)) }),
    required: [],
  };
}

function met(text: string | undefined): string {
  return text === undefined ? 'not set' : JSON.stringify(text);
}

/** True passes; anything else, errors included, fails (CESQL 1.0 §1.2). */
function cesql(text: string, functions: Functions | undefined): Clause {
  const expression = parsed(text, functions);
  if (expression instanceof CesqlSyntaxError) {
    const verdict: Verdict = { result: 'fail', clause: `cesql ${text}`, met: expression.message };
    return { test: () => 'fail', explain: () => verdict, required: [] };
  }
  return {
    test: ({ attributes }) => (expression.matches(attributes) ? 'pass' : 'fail'),
    explain: ({ attributes }) => ({
      result: expression.matches(attributes) ? 'pass' : 'fail',
      clause: `cesql ${text}`,
      met: outcomeOf(expression, attributes),
    }),
    required: expression.required.filter((group) => group.every(({ name }) => isPlain(name))),
  };
}

function parsed(text: string, functions: Functions | undefined): Expression | CesqlSyntaxError {
  try {
    return parseCesql(text, functions);
  } catch (thrown) {
    if (thrown instanceof CesqlSyntaxError) return thrown;
    throw thrown;
  }
}

/** What it evaluated to, and the attributes that it did so from. */
function outcomeOf(expression: Expression, attributes: Attributes): string {
  const { value, error } = expression.evaluate(attributes);
  const result = error ? `${error.kind}: ${error.message}` : JSON.stringify(value);
  const of = expression.names.map((name) => {
    const attribute = attributes.get(name);
    return `${name} ${attribute === undefined ? 'not set' : JSON.stringify(attribute)}`;
  });
  return of.length === 0 ? result : `${result}, with ${of.join(', ')}`;
}
