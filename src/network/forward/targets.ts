// Where connections to a Service's port go. Pure.

import type { CoreService, Endpoints, EndpointSlice, ServicePort } from '#kinds/mod.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** A port of a Service at its ClusterIP: something to listen on. */
export interface ServiceAddress {
  readonly address: string;
  readonly port: number;
  readonly portName: string;
}

/** Everything that a Service wants listened on. Headless Services and those that are only another name have nothing. */
export function addressesOf({ spec }: CoreService): ServiceAddress[] {
  const { clusterIP, type, ports = [] } = spec;
  if (!clusterIP || clusterIP === 'None' || type === 'ExternalName') return [];
  const tcp = ports.filter(({ protocol = 'TCP' }: ServicePort) => protocol === 'TCP');
  return tcp.map(({ port, name = '' }) => ({ address: clusterIP, port, portName: name }));
}

/** Who is ready behind a port: from slices, or from the older list where somebody keeps only that. */
export function targetsOf(
  portName: string,
  slices: readonly EndpointSlice[],
  endpoints: Endpoints | undefined,
): Target[] {
  const fromSlices = slices.flatMap(({ ports = [], endpoints: there }) => {
    const port = ports.find(({ name = '' }) => name === portName)?.port;
    const ready = there.filter(({ conditions }) => conditions?.ready !== false);
    return port === undefined ? [] : ready.flatMap(({ addresses }) => addresses.map((host) => ({ host, port })));
  });
  if (slices.length > 0 || !endpoints) return fromSlices;
  return (endpoints.subsets ?? []).flatMap(({ addresses = [], ports = [] }) => {
    const port = ports.find(({ name = '' }) => name === portName)?.port;
    return port === undefined ? [] : addresses.map(({ ip }) => ({ host: ip, port }));
  });
}
