// Which addresses are behind a Service. Pure. Pods whose ports are reached by different numbers go into different slices.

import { fnv32a } from '#base/mod.ts';
import type { CoreService, Endpoint, EndpointPort, EndpointSubset, Pod, ServicePort } from '#kinds/mod.ts';
import { Endpoints, EndpointSlice, podAddress, SERVICE_NAME_LABEL } from '#kinds/mod.ts';
import { controllerRef } from '#machinery/mod.ts';
import { isOver, isPodReady } from '../pods/readiness.ts';

const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const MANAGER = 'endpointslice-controller.k8s.io';
const HEADLESS = 'service.kubernetes.io/headless';
/** As many as a slice of Kubernetes' own holds. */
const MOST_IN_A_SLICE = 100;

/** A Pod behind a Service: where it is and by which port numbers it is reached. */
interface Reached {
  readonly pod: Pod;
  readonly host: string;
  readonly ports: readonly EndpointPort[];
  readonly isReady: boolean;
}

/** Whether this Service's endpoints are found by its selector. */
export function hasSelector({ spec }: CoreService): boolean {
  return spec.type !== 'ExternalName' && Object.keys(spec.selector ?? {}).length > 0;
}

/** By what a Service is found from a Pod that it may select: one of the labels that it wants, with its namespace. */
export function firstSelected(service: CoreService): string[] {
  const [first] = hasSelector(service) ? Object.entries(service.spec.selector ?? {}) : [];
  return first ? [labelIn(service, ...first)] : [];
}

/** Each label of a Pod as `firstSelected` writes it. */
export function labelsOf(pod: Pod): string[] {
  return Object.entries(pod.metadata.labels ?? {}).map(([key, value]) => labelIn(pod, key, value));
}

function labelIn({ metadata }: CoreService | Pod, key: string, value: string): string {
  return `${metadata.namespace} ${key}=${value}`;
}

export function selectsPod({ spec }: CoreService, { metadata }: Pod): boolean {
  return Object.entries(spec.selector ?? {}).every(([key, value]) => metadata.labels?.[key] === value);
}

/** The slices that should be there, and the older list beside them. */
export function endpointsOf(
  service: CoreService,
  pods: readonly Pod[],
): { slices: EndpointSlice[]; endpoints: Endpoints } {
  const reached = pods
    .filter((pod) => selectsPod(service, pod) && !isOver(pod))
    .flatMap((pod) => reach(service, pod) ?? []);
  const groups = groupBy(reached, ({ ports }) => ports.map(({ name, port }) => `${name}=${port}`).join(','));
  return { slices: slicesOf(service, groups), endpoints: listOf(service, groups) };
}

function reach(service: CoreService, pod: Pod): Reached | undefined {
  const places = (service.spec.ports ?? []).map((port) => ({ port, place: placeOf(port, pod) }));
  const found = places.flatMap(({ port, place }) => (place ? [{ port, place }] : []));
  const host = found[0]?.place.host ?? (places.length === 0 ? pod.status?.podIP : undefined);
  if (!host) return undefined;
  const ports = found.map(({ port, place }) => ({
    name: port.name ?? '',
    port: place.port,
    protocol: port.protocol ?? 'TCP',
    ...(port.appProtocol ? { appProtocol: port.appProtocol } : {}),
  }));
  return {
    pod,
    host,
    ports,
    isReady: service.spec.publishNotReadyAddresses || (isPodReady(pod) && !pod.metadata.deletionTimestamp),
  };
}

function placeOf({ targetPort, port }: ServicePort, pod: Pod) {
  const number = typeof targetPort === 'string' ? portNamed(pod, targetPort) : targetPort || port;
  return number === undefined ? undefined : podAddress(pod, number);
}

function portNamed({ spec }: Pod, name: string): number | undefined {
  const containers = [
    ...spec.containers,
    ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
  ];
  return containers.flatMap(({ ports = [] }) => ports).find((port) => port.name === name)?.containerPort;
}

function slicesOf(service: CoreService, groups: readonly (readonly Reached[])[]): EndpointSlice[] {
  const parts = groups.flatMap((group) => chunks(group, MOST_IN_A_SLICE));
  // A Service without Pods still has a slice, as Kubernetes makes one: so that it can be seen that nobody is there.
  return (parts.length > 0 ? parts : [[]]).map((part, index) => sliceOf(service, part, index));
}

function sliceOf(service: CoreService, part: readonly Reached[], index: number): EndpointSlice {
  const { name, namespace, labels } = service.metadata;
  const ports = part[0]?.ports ?? [];
  const word = fnv32a(`${index} ${JSON.stringify(ports)}`)
    .toString(36)
    .padStart(5, '0')
    .slice(-5);
  const isHeadless = service.spec.clusterIP === 'None';
  return {
    apiVersion: EndpointSlice.apiVersion,
    kind: EndpointSlice.kind,
    metadata: {
      name: `${name}-${word}`,
      generateName: `${name}-`,
      namespace,
      labels: {
        ...labels,
        ...(isHeadless ? { [HEADLESS]: '' } : {}),
        [MANAGED_BY]: MANAGER,
        [SERVICE_NAME_LABEL]: name,
      },
      ownerReferences: [controllerRef(service)],
    },
    addressType: 'IPv4',
    endpoints: part.map(endpointOf),
    ports: [...ports],
  };
}

function endpointOf({ pod, host, isReady }: Reached): Endpoint {
  const isGoing = pod.metadata.deletionTimestamp !== undefined;
  return {
    addresses: [host],
    conditions: { ready: isReady, serving: isPodReady(pod), terminating: isGoing },
    ...(pod.spec.hostname ? { hostname: pod.spec.hostname } : {}),
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: refOf(pod),
  };
}

function refOf({ metadata: { name, namespace, uid } }: Pod) {
  return { kind: 'Pod', namespace, name, uid };
}

function listOf(service: CoreService, groups: readonly (readonly Reached[])[]): Endpoints {
  const { name, namespace, labels } = service.metadata;
  const subsets = groups.map((group): EndpointSubset => {
    const [first] = group;
    const addresses = group.filter(({ isReady }) => isReady).map(addressOf);
    const others = group.filter(({ isReady, pod }) => !isReady && !pod.metadata.deletionTimestamp).map(addressOf);
    const ports = (first?.ports ?? []).map(({ name, port = 0, protocol = 'TCP', appProtocol }) => ({
      ...(name ? { name } : {}),
      port,
      protocol,
      ...(appProtocol ? { appProtocol } : {}),
    }));
    return {
      ...(addresses.length > 0 ? { addresses } : {}),
      ...(others.length > 0 ? { notReadyAddresses: others } : {}),
      ports,
    };
  });
  const told = subsets.filter(({ addresses, notReadyAddresses }) => addresses ?? notReadyAddresses);
  return {
    apiVersion: Endpoints.apiVersion,
    kind: Endpoints.kind,
    metadata: { name, namespace, ...(labels ? { labels } : {}), ownerReferences: [controllerRef(service)] },
    ...(told.length > 0 ? { subsets: told } : {}),
  };
}

function addressOf({ pod, host }: Reached) {
  return { ip: host, ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}), targetRef: refOf(pod) };
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  return Object.values(Object.groupBy(items, keyOf)).flatMap((group) => (group ? [group] : []));
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
