// The Deployment of an ApiServerSource, for those who look at it: it says what is watched, where it may run, and whether it does. It has
// no Pods, for the platform itself watches.

import { rfc3339 } from '#base/mod.ts';
import type { ApiServerSource } from '#kinds/mod.ts';
import { CARRIED_OUT_ANNOTATION, Deployment } from '#kinds/mod.ts';
import { childName, labelSelectorText, splitApiVersion } from '#machinery/mod.ts';
import { guessedPlural } from './event.ts';

export interface AdapterFacts {
  readonly namespaces: readonly string[];
  readonly allNamespaces: boolean;
  /** Whether the adapter ends where it may not watch. */
  readonly failFast: boolean;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly sinkUrl: string;
}

export function adapterName({ metadata: { name, uid = '' } }: ApiServerSource): string {
  return childName(`apiserversource-${name}-`, uid);
}

export function adapterOf(source: ApiServerSource, facts: AdapterFacts): Deployment {
  const { name, namespace = '' } = source.metadata;
  const labels = {
    'eventing.knative.dev/source': 'apiserver-source-controller',
    'eventing.knative.dev/sourceName': name,
  };
  const env = [
    { name: 'K_SINK', value: facts.sinkUrl },
    { name: 'K_SOURCE_CONFIG', value: JSON.stringify(configOf(source, facts)) },
    { name: 'NAMESPACE', value: namespace },
    { name: 'NAME', value: name },
  ];
  return {
    apiVersion: Deployment.apiVersion,
    kind: Deployment.kind,
    metadata: {
      name: adapterName(source),
      namespace,
      labels,
      annotations: { [CARRIED_OUT_ANNOTATION]: 'platform' },
    },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: source.spec.serviceAccountName ?? 'default',
          ...(Object.keys(facts.nodeSelector).length > 0 ? { nodeSelector: { ...facts.nodeSelector } } : {}),
          containers: [{ name: 'receive-adapter', image: 'ebb.dev/apiserver-receive-adapter', env }],
        },
      },
    },
  };
}

const UNAVAILABLE = 'Deployment does not have minimum availability.';

/** The same Deployment, with what it says of whether the platform watches. */
export function adapterTold(adapter: Deployment, isUp: boolean, now: number): Deployment {
  const count = isUp ? 1 : 0;
  const before = adapter.status?.conditions?.find(({ type }) => type === 'Available');
  const status = isUp ? 'True' : 'False';
  const [reason, message] = isUp
    ? ['MinimumReplicasAvailable', 'Deployment has minimum availability.']
    : ['MinimumReplicasUnavailable', UNAVAILABLE];
  const since = before?.status === status ? before.lastTransitionTime : rfc3339(now);
  return {
    ...adapter,
    status: {
      ...(adapter.metadata.generation === undefined ? {} : { observedGeneration: adapter.metadata.generation }),
      replicas: 1,
      updatedReplicas: 1,
      readyReplicas: count,
      availableReplicas: count,
      unavailableReplicas: 1 - count,
      conditions: [{ type: 'Available', status, reason, message, ...(since ? { lastTransitionTime: since } : {}) }],
    },
  };
}

function configOf({ spec }: ApiServerSource, { namespaces, allNamespaces, failFast }: AdapterFacts): object {
  return {
    namespaces,
    allNamespaces,
    resources: (spec.resources ?? []).map(({ apiVersion = '', kind = '', selector }) => {
      const { group, version } = splitApiVersion(apiVersion);
      const gvr = { Group: group, Version: version, Resource: guessedPlural(kind) };
      return { gvr, ...(selector ? { selector: labelSelectorText(selector) } : {}) };
    }),
    ...(spec.owner ? { owner: spec.owner } : {}),
    mode: spec.mode,
    ...(spec.filters ? { filters: spec.filters } : {}),
    failFast,
  };
}
