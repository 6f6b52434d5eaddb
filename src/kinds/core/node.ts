// A Node: the machine Pods run on.

import type { KubeObject, ObjectOf, TypeOf } from '#machinery/mod.ts';
import {
  age,
  any,
  computed,
  defineKind,
  flag,
  int32,
  int64,
  list,
  listByKey,
  map,
  object,
  quantity,
  set,
  text,
  time,
  wide,
} from '#machinery/mod.ts';
import type { JsonObject } from '#base/mod.ts';
import { StandardConditionsSchema } from './references.ts';

const NodeSpecSchema = object({
  podCIDR: text(),
  podCIDRs: set(text()),
  providerID: text(),
  unschedulable: flag(),
  taints: list(object({ key: text().required(), value: text(), effect: text().required(), timeAdded: time() })),
  configSource: any<JsonObject>(),
  externalID: text(),
});

const NodeInfoSchema = object({
  machineID: text(),
  systemUUID: text(),
  bootID: text(),
  kernelVersion: text(),
  osImage: text(),
  containerRuntimeVersion: text(),
  kubeletVersion: text(),
  kubeProxyVersion: text(),
  operatingSystem: text(),
  architecture: text(),
  swap: object({ capacity: int64() }),
});

const NodeStatusSchema = object({
  capacity: map(quantity()),
  allocatable: map(quantity()),
  phase: text(),
  conditions: StandardConditionsSchema,
  addresses: listByKey(object({ type: text().required(), address: text().required() }), 'type'),
  daemonEndpoints: object({ kubeletEndpoint: object({ Port: int32() }) }),
  nodeInfo: NodeInfoSchema,
  images: list(object({ names: list(text()), sizeBytes: int64() })),
  volumesInUse: list(text()),
  volumesAttached: list(any<JsonObject>()),
  config: any<JsonObject>(),
  runtimeHandlers: list(any<JsonObject>()),
  features: any<JsonObject>(),
});
type Parts = KubeObject & { spec: TypeOf<typeof NodeSpecSchema>; status?: TypeOf<typeof NodeStatusSchema> };

function statusText({ spec, status }: Parts): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  const words = [ready === undefined ? 'Unknown' : ready === 'True' ? 'Ready' : 'NotReady'];
  return (spec?.unschedulable ? [...words, 'SchedulingDisabled'] : words).join(',');
}

const ROLE_PREFIX = 'node-role.kubernetes.io/';

function rolesText({ metadata }: Parts): string {
  const roles = Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) return [key.slice(ROLE_PREFIX.length)];
    return key === 'kubernetes.io/role' && value ? [value] : [];
  });
  return roles.sort().join(',') || '<none>';
}

function addressText({ status }: Parts, type: string): string {
  return status?.addresses?.find((address) => address.type === type)?.address ?? '<none>';
}

export const Node = defineKind({
  apiVersion: 'v1',
  kind: 'Node',
  names: { plural: 'nodes', short: ['no'] },
  scope: 'Cluster',
  doc: 'Node is a worker node.',
  spec: NodeSpecSchema,
  status: NodeStatusSchema,
  columns: {
    Status: computed((node: Parts) => statusText(node)),
    Roles: computed((node: Parts) => rolesText(node)),
    Age: age,
    Version: computed(({ status }: Parts) => status?.nodeInfo?.kubeletVersion ?? ''),
    'Internal-IP': wide(computed((node: Parts) => addressText(node, 'InternalIP'))),
    'External-IP': wide(computed((node: Parts) => addressText(node, 'ExternalIP'))),
    'OS-Image': wide(computed(({ status }: Parts) => status?.nodeInfo?.osImage || '<unknown>')),
    'Kernel-Version': wide(computed(({ status }: Parts) => status?.nodeInfo?.kernelVersion || '<unknown>')),
    'Container-Runtime': wide(
      computed(({ status }: Parts) => status?.nodeInfo?.containerRuntimeVersion || '<unknown>'),
    ),
  },
  lossy: 'status',
  selectableFields: ['spec.unschedulable'],
});
export type Node = ObjectOf<typeof Node>;
