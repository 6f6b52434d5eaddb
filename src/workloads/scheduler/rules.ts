// What a Pod demands of nodes and of its company, read with care: the API keeps an affinity as it came, and what one Pod says
// wrongly must not keep others from being placed. Pure.

import { isRecord } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import type { LabelSelectorObject } from '#machinery/mod.ts';

export type Labels = Readonly<Record<string, string>>;

/** A demand on a label, or on a field of a node. */
export interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** A set of demands that a node must meet all at once. */
export interface NodeTerm {
  readonly matchExpressions: readonly Expression[];
  readonly matchFields: readonly Expression[];
}

/** Pods to be near to or far from. */
export interface PodTerm {
  readonly topologyKey: string;
  readonly labelSelector: LabelSelectorObject | undefined;
  readonly namespaces: readonly string[];
  /** Undefined: none is chosen by labels. */
  readonly namespaceSelector: LabelSelectorObject | undefined;
}

/** The terms of a required node affinity, of which one must hold; undefined where there is none. */
export function nodeTerms({ spec }: Pod): readonly NodeTerm[] | undefined {
  const required = requiredOf(spec.affinity?.['nodeAffinity']);
  if (!isRecord(required)) return undefined;
  return records(required['nodeSelectorTerms']).map(({ matchExpressions, matchFields }) => ({
    matchExpressions: expressions(matchExpressions),
    matchFields: expressions(matchFields),
  }));
}

/** The terms of a required affinity or anti-affinity of Pods, all of which must hold. */
export function podTerms(pod: Pod, which: 'podAffinity' | 'podAntiAffinity'): readonly PodTerm[] {
  return records(requiredOf(pod.spec.affinity?.[which])).map((term) => ({
    topologyKey: typeof term['topologyKey'] === 'string' ? term['topologyKey'] : '',
    labelSelector: withKeys(selector(term['labelSelector']), pod, {
      In: texts(term['matchLabelKeys']),
      NotIn: texts(term['mismatchLabelKeys']),
    }),
    namespaces: texts(term['namespaces']),
    namespaceSelector: selector(term['namespaceSelector']),
  }));
}

/** The selector narrowed to Pods that have, or have not, the same values of some labels as this one. */
export function withKeys(
  base: LabelSelectorObject | undefined,
  { metadata }: Pod,
  keys: { readonly In: readonly string[]; readonly NotIn?: readonly string[] },
): LabelSelectorObject | undefined {
  if (!base) return undefined;
  const labels = metadata.labels ?? {};
  const added = Object.entries(keys).flatMap(([operator, names]) =>
    names.filter((key) => Object.hasOwn(labels, key)).map((key) => ({ key, operator, values: [labels[key] ?? ''] })),
  );
  return added.length === 0 ? base : { ...base, matchExpressions: [...(base.matchExpressions ?? []), ...added] };
}

/** Whether where other Pods are has a say in where this one may be. */
export function minds(pod: Pod): boolean {
  return (
    keepsAway(pod) ||
    requiredOf(pod.spec.affinity?.['podAffinity']) !== undefined ||
    (pod.spec.topologySpreadConstraints ?? []).some(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule')
  );
}

/** Whether this Pod has a say in where others may be. */
export function keepsAway({ spec }: Pod): boolean {
  return requiredOf(spec.affinity?.['podAntiAffinity']) !== undefined;
}

function requiredOf(rules: unknown): unknown {
  return isRecord(rules) ? (rules['requiredDuringSchedulingIgnoredDuringExecution'] ?? undefined) : undefined;
}

function records(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function expressions(value: unknown): readonly Expression[] {
  return records(value).map(({ key, operator, values }) => ({
    key: String(key),
    operator: String(operator),
    values: texts(values),
  }));
}

function selector(value: unknown): LabelSelectorObject | undefined {
  if (!isRecord(value)) return undefined;
  const labels = isRecord(value['matchLabels']) ? value['matchLabels'] : {};
  return {
    matchLabels: Object.fromEntries(Object.entries(labels).map(([key, label]) => [key, String(label)])),
    matchExpressions: expressions(value['matchExpressions']),
  };
}
