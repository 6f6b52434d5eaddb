// What a Pod's place in the network is to be like, from its spec. Pure.

import type { Pod } from '#kinds/mod.ts';
import type { SandboxRequest } from './launcher.ts';

/** Fields by which a Pod asks for a share in what the machine or its containers have; none of them is given here. */
const SHARED = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const;

/** Throws in words where the Pod asks for a place that no launcher makes. */
export function placeRequest(pod: Pod): SandboxRequest {
  const { metadata, spec } = pod;
  const shared = SHARED.find((field) => spec[field]);
  if (shared)
    throw new Error(
      `the Pod asks for ${shared}, but each container of this node has namespaces of its own; leave ${shared} out`,
    );
  const { subdomain, hostAliases, dnsPolicy, dnsConfig } = spec;
  return {
    podUid: metadata.uid ?? '',
    podName: metadata.name,
    namespace: metadata.namespace ?? '',
    containerPorts: spec.containers.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort)),
    hostname: hostnameOf(pod),
    subdomain,
    hostAliases,
    dnsPolicy,
    dnsConfig,
  };
}

/** What a Pod calls itself, cut to what a host may be named. */
export function hostnameOf({ metadata, spec }: Pod): string {
  return (spec.hostname ?? metadata.name).slice(0, 63).replace(/[-.]+$/, '');
}
