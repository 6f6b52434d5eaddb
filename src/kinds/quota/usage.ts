// How much of which quota an object uses (k8s.io/kubernetes/pkg/quota/v1/evaluator/core).

import type { Amount } from '#base/mod.ts';
import { countOf } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import type { PersistentVolumeClaim } from '../core/persistent-volume-claim.ts';
import type { Pod } from '../core/pod.ts';
import type { CoreService } from '../core/service.ts';
import type { Amounts } from './pod-amounts.ts';
import { amountsOf, podAmounts } from './pod-amounts.ts';

/** The core kinds that are counted under their plain names too. */
const PLAIN_COUNTS = new Set(['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets']);
const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
const STORAGE_CLASS = '.storageclass.storage.k8s.io/';
const ONE = countOf(1);

/** `count/deployments.apps`, `count/pods`: how a quota names the number of objects of a kind. */
export function countName({ group, names }: Kind): string {
  return `count/${names.plural}${group ? `.${group}` : ''}`;
}

/** Whether a quota's resource is one that objects of the kind use up. */
export function isUsedBy(kind: Kind, resource: string): boolean {
  if (resource === countName(kind)) return true;
  switch (kind.resource) {
    case 'pods':
      return isOfPods(resource);
    case 'services':
      return resource === 'services' || resource === 'services.nodeports' || resource === 'services.loadbalancers';
    case 'persistentvolumeclaims':
      return (
        resource === 'persistentvolumeclaims' || resource === 'requests.storage' || resource.includes(STORAGE_CLASS)
      );
    default:
      return PLAIN_COUNTS.has(kind.resource) && resource === kind.resource;
  }
}

function isOfPods(resource: string): boolean {
  if (resource === 'pods' || COMPUTE.includes(resource) || resource.startsWith('hugepages-')) return true;
  return /^(requests|limits)\./.test(resource) && resource !== 'requests.storage';
}

/** What an object uses. A Pod that is over is counted as an object only. */
export function usageOf(kind: Kind, object: KubeObject, now: number): Amounts {
  const count = { [countName(kind)]: ONE };
  switch (kind.resource) {
    case 'pods':
      return isOver(object as Pod, now) ? count : { ...count, ...podUsage(object as Pod) };
    case 'services':
      return { ...count, ...serviceUsage(object as CoreService) };
    case 'persistentvolumeclaims':
      return { ...count, ...claimUsage(object as PersistentVolumeClaim) };
    default:
      return PLAIN_COUNTS.has(kind.resource) ? { ...count, [kind.resource]: ONE } : count;
  }
}

/** Over, or past the time it was given to end. */
function isOver({ metadata, status }: Pod, now: number): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return true;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (!deletionTimestamp || deletionGracePeriodSeconds === undefined) return false;
  return now > Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

function podUsage({ spec }: Pod): Amounts {
  return { pods: ONE, ...computeUsage(podAmounts(spec, 'requests'), podAmounts(spec, 'limits')) };
}

/** Requests and limits under the names by which quotas know them. */
export function computeUsage(requests: Amounts, limits: Amounts): Amounts {
  const usage: Record<string, Amount> = {};
  for (const [name, amount] of Object.entries(requests)) {
    if (COMPUTE.includes(name) || name.startsWith('hugepages-')) usage[name] = amount;
    if (COMPUTE.includes(name) || name.startsWith('hugepages-') || isExtended(name)) usage[`requests.${name}`] = amount;
  }
  for (const [name, amount] of Object.entries(limits)) if (COMPUTE.includes(name)) usage[`limits.${name}`] = amount;
  return usage;
}

/** A resource of somebody else's making, such as `example.com/gpu`. */
function isExtended(name: string): boolean {
  return name.includes('/') && !name.includes('kubernetes.io/');
}

function serviceUsage({ spec }: CoreService): Amounts {
  const ports = spec.ports ?? [];
  const isBalanced = spec.type === 'LoadBalancer';
  const hasAll = spec.type === 'NodePort' || (isBalanced && (spec.allocateLoadBalancerNodePorts ?? true));
  const opened = hasAll ? ports.length : isBalanced ? ports.filter(({ nodePort }) => nodePort).length : 0;
  return {
    services: ONE,
    'services.nodeports': countOf(opened),
    'services.loadbalancers': countOf(isBalanced ? 1 : 0),
  };
}

function claimUsage({ metadata, spec }: PersistentVolumeClaim): Amounts {
  const { storage } = amountsOf(spec.resources?.requests);
  const className = spec.storageClassName ?? metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? '';
  return {
    persistentvolumeclaims: ONE,
    ...(storage ? { 'requests.storage': storage } : {}),
    ...(className ? { [`${className}${STORAGE_CLASS}persistentvolumeclaims`]: ONE } : {}),
    ...(className && storage ? { [`${className}${STORAGE_CLASS}requests.storage`]: storage } : {}),
  };
}
