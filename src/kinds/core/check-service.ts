// What Kubernetes refuses in core Services, and what it fills into them. Addresses and node ports are given out elsewhere.

import type { Problems } from '#machinery/mod.ts';
import { checkLabels, dns1123Label, dns1123Subdomain } from '#machinery/mod.ts';
import { portNumber } from '../name-rules.ts';
import { checkPort } from './check-probe.ts';
import type { CoreServiceSpec, ServicePort } from './service-spec.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const AFFINITIES = ['ClientIP', 'None'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const POLICIES = ['Cluster', 'Local'];
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
/** How long a client stays with one Pod under ClientIP affinity: three hours. */
const AFFINITY_SECONDS = 10800;

const isExternal = ({ type, externalIPs }: CoreServiceSpec): boolean =>
  type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && (externalIPs?.length ?? 0) > 0);

/** Fills in what a Service does not say. */
export function defaultService(spec: CoreServiceSpec): void {
  spec.type ||= 'ClusterIP';
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  else if (spec.sessionAffinity === 'ClientIP') {
    spec.sessionAffinityConfig = {
      clientIP: { timeoutSeconds: AFFINITY_SECONDS, ...spec.sessionAffinityConfig?.clientIP },
    };
  }
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  if (isExternal(spec)) spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
}

/** Checks a Service's spec; paths are relative to it. */
export function checkService(problems: Problems, spec: CoreServiceSpec): void {
  const isHeadless = spec.clusterIP === 'None' || spec.clusterIPs?.[0] === 'None';
  const ports = spec.ports ?? [];
  if (ports.length === 0 && !isHeadless && spec.type !== 'ExternalName') problems.required('ports');
  checkType(problems, spec, isHeadless);
  checkPorts(problems, ports);
  checkLabels(spec.selector, problems, 'selector');
  oneOfThese(problems, 'sessionAffinity', spec.sessionAffinity, AFFINITIES);
  checkAffinity(problems, spec);
  oneOfThese(problems, 'type', spec.type, TYPES);
  checkNodePorts(problems, spec, ports);
  checkRepeated(problems, ports);
  checkTraffic(problems, spec);
}

function oneOfThese(problems: Problems, field: string, value: string | undefined, allowed: readonly string[]): void {
  if (!value) problems.required(field);
  else if (!allowed.includes(value)) problems.notSupported(field, value, allowed);
}

function checkType(problems: Problems, spec: CoreServiceSpec, isHeadless: boolean): void {
  if (isHeadless && (spec.type === 'LoadBalancer' || spec.type === 'NodePort')) {
    problems.invalid('clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`);
  }
  if (spec.type !== 'ExternalName') return;
  if (spec.clusterIPs?.length) problems.forbidden('clusterIPs', 'may not be set for ExternalName services');
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (!name) problems.required('externalName');
  else for (const fault of dns1123Subdomain(name)) problems.invalid('externalName', name, fault);
}

function checkPorts(problems: Problems, ports: readonly ServicePort[]): void {
  const names = new Set<string>();
  for (const [index, { name, port, protocol = 'TCP', targetPort = 0 }] of ports.entries()) {
    const place = problems.under(`ports[${index}]`);
    if (!name && ports.length > 1) place.required('name');
    if (name) {
      for (const fault of dns1123Label(name)) place.invalid('name', name, fault);
      if (names.has(name)) place.duplicate('name', name);
      names.add(name);
    }
    for (const fault of portNumber(port)) place.invalid('port', port, fault);
    if (!PROTOCOLS.includes(protocol)) place.notSupported('protocol', protocol, PROTOCOLS);
    checkPort(place, 'targetPort', targetPort);
  }
}

function checkAffinity(problems: Problems, { sessionAffinity, sessionAffinityConfig }: CoreServiceSpec): void {
  if (sessionAffinity !== 'ClientIP') return;
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 0;
  if (seconds <= 0 || seconds > 86400) {
    const field = 'sessionAffinityConfig.clientIP.timeoutSeconds';
    problems.invalid(field, seconds, 'must be greater than 0 and less than 86400');
  }
}

function checkNodePorts(problems: Problems, { type }: CoreServiceSpec, ports: readonly ServicePort[]): void {
  const taken = new Set<string>();
  for (const [index, { nodePort, protocol }] of ports.entries()) {
    if (!nodePort) continue;
    const place = problems.under(`ports[${index}]`);
    if (type === 'ClusterIP') place.forbidden('nodePort', "may not be used when `type` is 'ClusterIP'");
    const key = `${protocol}/${nodePort}`;
    if (taken.has(key)) place.duplicate('nodePort', nodePort);
    taken.add(key);
  }
}

function checkRepeated(problems: Problems, ports: readonly ServicePort[]): void {
  const taken = new Set<string>();
  for (const [index, { port, protocol }] of ports.entries()) {
    const key = `${protocol}/${port}`;
    if (taken.has(key)) problems.duplicate(`ports[${index}]`, { protocol, port });
    taken.add(key);
  }
}

function checkTraffic(problems: Problems, spec: CoreServiceSpec): void {
  const external = spec.externalTrafficPolicy;
  if (isExternal(spec)) {
    if (external && !POLICIES.includes(external)) problems.notSupported('externalTrafficPolicy', external, POLICIES);
  } else if (external) {
    problems.invalid('externalTrafficPolicy', external, 'may only be set for externally-accessible services');
  }
  const internal = spec.internalTrafficPolicy;
  if (internal && !POLICIES.includes(internal)) problems.notSupported('internalTrafficPolicy', internal, POLICIES);
  const distribution = spec.trafficDistribution;
  if (distribution && !DISTRIBUTIONS.includes(distribution)) {
    problems.notSupported('trafficDistribution', distribution, DISTRIBUTIONS);
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer') {
    problems.forbidden('allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'");
  }
}
