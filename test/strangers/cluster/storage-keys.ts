// Under which keys Kubernetes' API server keeps its objects in etcd.

import type { Kind, KubeObject } from '#machinery/mod.ts';

/** Kinds whose place is not called as their resource. */
const PLACES: Readonly<Record<string, string>> = {
  services: 'services/specs',
  endpoints: 'services/endpoints',
  nodes: 'minions',
};

/** Below which key all objects of a kind are. */
export function prefixOf({ group, names, resource, custom }: Kind): string {
  return `/registry/${custom ? `${group}/${names.plural}` : (PLACES[resource] ?? names.plural)}/`;
}

export function keyOf(kind: Kind, { metadata }: KubeObject): string {
  return prefixOf(kind) + (metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name);
}
