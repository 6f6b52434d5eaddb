// Which Pods are where: what rules about other Pods are held against. Pure.

import type { Node, Pod } from '#kinds/mod.ts';
import { matchesLabelSelector } from '#machinery/mod.ts';
import type { Labels, PodTerm } from './rules.ts';

export const NOT_NEAR = "node(s) didn't match pod affinity rules";
export const UNEVEN = "node(s) didn't match pod topology spread constraints";
export const UNEVEN_WITHOUT_LABEL = `${UNEVEN} (missing required label)`;

/** A Pod that has its node. */
export interface Placed {
  readonly pod: Pod;
  readonly node: Node;
}

export interface Company {
  readonly nodes: readonly Node[];
  /** Those that are not over. */
  readonly placed: readonly Placed[];
  labelsOfNamespace(name: string): Labels | undefined;
}

/** Whether a Pod is one of those that a term of `owner` is about. */
export function isMeant(
  { labelSelector, namespaces, namespaceSelector }: PodTerm,
  owner: Pod,
  { metadata }: Pod,
  { labelsOfNamespace }: Pick<Company, 'labelsOfNamespace'>,
): boolean {
  if (!matchesLabelSelector(labelSelector, metadata.labels)) return false;
  const { namespace = '' } = metadata;
  if (namespaces.length === 0 && !namespaceSelector) return namespace === owner.metadata.namespace;
  return (
    namespaces.includes(namespace) ||
    (namespaceSelector !== undefined && matchesLabelSelector(namespaceSelector, labelsOfNamespace(namespace)))
  );
}

/** Where a node is, by the label that the key names; undefined where it has no such label. */
export function domainOf({ metadata }: Node, topologyKey: string): string | undefined {
  const labels = metadata.labels ?? {};
  return Object.hasOwn(labels, topologyKey) ? labels[topologyKey] : undefined;
}
