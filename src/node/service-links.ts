// Where the Services of a Pod's namespace are, as variables of its environment (kubelet's envvars.FromServices). Pure.

import type { CoreService, ServicePort } from '#kinds/mod.ts';

/** Of those that have an address of their own, by name: variables of Kubernetes' form, and of Docker's old links. */
export function serviceLinks(services: readonly CoreService[]): [string, string][] {
  const sorted = [...services].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return sorted.flatMap(({ metadata, spec: { clusterIP = '', ports = [] } }) => {
    const [first] = ports;
    if (clusterIP === '' || clusterIP === 'None' || !first) return [];
    return linksOf(variableName(metadata.name), clusterIP, ports, first);
  });
}

function linksOf(name: string, address: string, ports: readonly ServicePort[], first: ServicePort): [string, string][] {
  return [
    [`${name}_SERVICE_HOST`, address],
    [`${name}_SERVICE_PORT`, String(first.port)],
    ...ports.flatMap((port): [string, string][] =>
      port.name ? [[`${name}_SERVICE_PORT_${variableName(port.name)}`, String(port.port)]] : [],
    ),
    [`${name}_PORT`, urlOf(first, address)],
    ...ports.flatMap((port) => portLinks(name, address, port)),
  ];
}

function portLinks(name: string, address: string, port: ServicePort): [string, string][] {
  const prefix = `${name}_PORT_${port.port}_${protocolOf(port).toUpperCase()}`;
  return [
    [prefix, urlOf(port, address)],
    [`${prefix}_PROTO`, protocolOf(port)],
    [`${prefix}_PORT`, String(port.port)],
    [`${prefix}_ADDR`, address],
  ];
}

function urlOf(port: ServicePort, address: string): string {
  return `${protocolOf(port)}://${address.includes(':') ? `[${address}]` : address}:${port.port}`;
}

function protocolOf({ protocol }: ServicePort): string {
  return (protocol || 'TCP').toLowerCase();
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}
