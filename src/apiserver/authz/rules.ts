// The meaning of one rule of a Role: what it allows, and which rules cover which others.

import type { Attributes, PolicyRule } from './attributes.ts';
import { full } from './attributes.ts';

/** Whether a rule allows what is asked (k8s.io/kubernetes plugin/pkg/auth/authorizer/rbac RuleAllows). */
export function allows(rule: PolicyRule, asked: Attributes): boolean {
  if (!holds(rule.verbs, asked.verb)) return false;
  if (!asked.isResource) return (rule.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, asked.path));
  return holds(rule.apiGroups, asked.group) && resourceMatches(rule, asked) && nameMatches(rule, asked.name);
}

function holds(list: readonly string[] | undefined, wanted: string): boolean {
  return (list ?? []).some((entry) => entry === '*' || entry === wanted);
}

function resourceMatches({ resources = [] }: PolicyRule, asked: Attributes): boolean {
  const wanted = full(asked);
  return resources.some(
    (entry) => entry === '*' || entry === wanted || (asked.subresource !== '' && entry === `*/${asked.subresource}`),
  );
}

function nameMatches({ resourceNames = [] }: PolicyRule, name: string): boolean {
  return resourceNames.length === 0 || resourceNames.includes(name);
}

/** `*`, a path, or a prefix that ends in `*`. */
function pathMatches(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true;
  return pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1));
}

/** Those of the wanted rules that the held ones do not cover, broken down to single grants. */
export function uncovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  return wanted.flatMap(breakDown).filter((grant) => !held.some((rule) => covers(rule, grant)));
}

/** A rule as rules that grant one verb on one resource (and name) or path each. */
function breakDown(rule: PolicyRule): PolicyRule[] {
  const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const names = resourceNames.length > 0 ? resourceNames.map((name) => ({ resourceNames: [name] })) : [{}];
  const ofResources = apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) =>
        names.map((named) => ({ apiGroups: [group], resources: [resource], verbs: [verb], ...named })),
      ),
    ),
  );
  return [
    ...ofResources,
    ...nonResourceURLs.flatMap((url) => verbs.map((verb) => ({ nonResourceURLs: [url], verbs: [verb] }))),
  ];
}

/** Whether one rule gives all that a single grant gives (k8s.io/kubernetes pkg/registry/rbac/validation ruleCovers). */
function covers(rule: PolicyRule, grant: PolicyRule): boolean {
  if (!every(grant.verbs, (verb) => holds(rule.verbs, verb))) return false;
  if (grant.nonResourceURLs)
    return every(grant.nonResourceURLs, (url) =>
      (rule.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, url)),
    );
  return (
    every(grant.apiGroups, (group) => holds(rule.apiGroups, group)) &&
    every(grant.resources, (resource) => coversResource(rule, resource)) &&
    coversNames(rule, grant)
  );
}

function every(list: readonly string[] | undefined, test: (entry: string) => boolean): boolean {
  return (list ?? []).every(test);
}

function coversResource({ resources = [] }: PolicyRule, resource: string): boolean {
  const slash = resource.indexOf('/');
  return resources.some(
    (entry) => entry === '*' || entry === resource || (slash >= 0 && entry === `*${resource.slice(slash)}`),
  );
}

function coversNames({ resourceNames = [] }: PolicyRule, grant: PolicyRule): boolean {
  if (resourceNames.length === 0) return true;
  const wanted = grant.resourceNames ?? [];
  return wanted.length > 0 && wanted.every((name) => resourceNames.includes(name));
}

/** A rule as Kubernetes prints it in the refusal of an escalation: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`. */
export function shownRule(rule: PolicyRule): string {
  const parts = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['ResourceNames', rule.resourceNames],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['Verbs', rule.verbs],
  ] as const;
  const shown = parts
    .filter(([, list]) => list && list.length > 0)
    .map(([name, list]) => `${name}:[${(list ?? []).map((entry) => JSON.stringify(entry)).join(' ')}]`);
  return `{${shown.join(', ')}}`;
}

/** Rules that differ only in their verbs or resources drawn together again, so that a refusal stays readable. */
export function compact(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  return gather(gather(rules, 'verbs'), 'resources');
}

function gather(rules: readonly PolicyRule[], field: 'verbs' | 'resources'): PolicyRule[] {
  const byRest = new Map<string, PolicyRule>();
  for (const rule of rules) {
    const key = JSON.stringify({ ...rule, [field]: undefined });
    const known = byRest.get(key);
    byRest.set(
      key,
      known ? { ...known, [field]: [...new Set([...(known[field] ?? []), ...(rule[field] ?? [])])] } : rule,
    );
  }
  return [...byRest.values()];
}
