// What Kubernetes refuses in the containers of a Pod.

import { parseQuantity } from '#base/mod.ts';
import type { Problems } from '#machinery/mod.ts';
import { dns1123Label, qualifiedName } from '#machinery/mod.ts';
import { envName, portName, portNumber } from '../name-rules.ts';
import { checkLifecycle, checkProbes } from './check-probe.ts';
import type { Container, ContainerPort, ResourceRequirements, VolumeMount } from './container.ts';
import type { EnvFromSource, EnvVar } from './env.ts';
import type { PodSpec } from './pod-spec.ts';

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const MAX_INT32 = 2147483647;

/** Checks all containers of a Pod against its volumes' names. */
export function checkContainers(problems: Problems, spec: PodSpec, volumes: ReadonlySet<string>): void {
  if (spec.containers.length === 0) problems.required('containers');
  const names = new Set<string>();
  const named = (place: Problems, container: Container): void => {
    if (container.name && names.has(container.name)) place.duplicate('name', container.name);
    names.add(container.name);
  };
  for (const [index, container] of spec.containers.entries()) {
    const place = problems.under(`containers[${index}]`);
    named(place, container);
    checkContainer(place, container, volumes);
    checkProbes(place, container);
    checkLifecycle(place.under('lifecycle'), container.lifecycle);
    if (container.restartPolicy) checkRestart(place, container.restartPolicy, ['Always', 'Never', 'OnFailure']);
  }
  for (const [index, container] of (spec.initContainers ?? []).entries()) {
    const place = problems.under(`initContainers[${index}]`);
    named(place, container);
    checkContainer(place, container, volumes);
    checkInit(place, container);
  }
  for (const [index, container] of (spec.ephemeralContainers ?? []).entries()) {
    const place = problems.under(`ephemeralContainers[${index}]`);
    named(place, container);
    checkContainer(place, container, volumes);
  }
  checkHostPorts(problems, spec.containers);
}

function checkRestart(problems: Problems, policy: string, allowed: readonly string[]): void {
  if (!allowed.includes(policy)) problems.notSupported('restartPolicy', policy, allowed);
}

function checkInit(problems: Problems, container: Container): void {
  if (container.restartPolicy) checkRestart(problems, container.restartPolicy, ['Always', 'Never', 'OnFailure']);
  if (container.restartPolicy === 'Always') {
    checkProbes(problems, container);
    checkLifecycle(problems.under('lifecycle'), container.lifecycle);
    return;
  }
  for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    if (container[field]) problems.forbidden(field, 'may not be set for init containers without restartPolicy=Always');
  }
}

function checkContainer(problems: Problems, container: Container, volumes: ReadonlySet<string>): void {
  if (!container.name) problems.required('name');
  else for (const fault of dns1123Label(container.name)) problems.invalid('name', container.name, fault);
  if (!container.image) problems.required('image');
  const { terminationMessagePolicy, imagePullPolicy } = container;
  if (!MESSAGE_POLICIES.includes(terminationMessagePolicy ?? '')) {
    problems.notSupported('terminationMessagePolicy', terminationMessagePolicy ?? '', MESSAGE_POLICIES);
  }
  checkPorts(problems.under('ports'), container.ports ?? []);
  checkEnv(problems.under('env'), container.env ?? []);
  checkEnvFrom(problems.under('envFrom'), container.envFrom ?? []);
  checkMounts(problems.under('volumeMounts'), container.volumeMounts ?? [], volumes);
  if (!PULL_POLICIES.includes(imagePullPolicy ?? '')) {
    problems.notSupported('imagePullPolicy', imagePullPolicy ?? '', PULL_POLICIES);
  }
  checkResources(problems.under('resources'), container.resources ?? {});
  checkSecurity(problems.under('securityContext'), container);
}

function checkPorts(problems: Problems, ports: readonly ContainerPort[]): void {
  const names = new Set<string>();
  for (const [index, { name, containerPort, hostPort, protocol = 'TCP' }] of ports.entries()) {
    const place = problems.under(`[${index}]`);
    const faults = name ? portName(name) : [];
    for (const fault of faults) place.invalid('name', name, fault);
    if (name && faults.length === 0 && names.has(name)) place.duplicate('name', name);
    if (name) names.add(name);
    if (!containerPort) place.required('containerPort');
    else for (const fault of portNumber(containerPort)) place.invalid('containerPort', containerPort, fault);
    if (hostPort) for (const fault of portNumber(hostPort)) place.invalid('hostPort', hostPort, fault);
    if (!PROTOCOLS.includes(protocol)) place.notSupported('protocol', protocol, PROTOCOLS);
  }
}

function checkHostPorts(problems: Problems, containers: readonly Container[]): void {
  const taken = new Set<string>();
  for (const [index, { ports = [] }] of containers.entries()) {
    for (const [at, { hostPort, hostIP = '', protocol = 'TCP' }] of ports.entries()) {
      if (!hostPort) continue;
      const key = `${protocol}/${hostIP}/${hostPort}`;
      if (taken.has(key)) problems.duplicate(`containers[${index}].ports[${at}].hostPort`, key);
      taken.add(key);
    }
  }
}

const SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const;
const NO_SOURCE =
  'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
const MANY_SOURCES = 'may not have more than one field specified at a time';

function checkEnv(problems: Problems, env: readonly EnvVar[]): void {
  for (const [index, { name, value, valueFrom }] of env.entries()) {
    const place = problems.under(`[${index}]`);
    if (!name) place.required('name');
    else for (const fault of envName(name)) place.invalid('name', name, fault);
    if (!valueFrom) continue;
    const given = SOURCES.filter((source) => valueFrom[source] !== undefined);
    checkKeyRefs(place.under('valueFrom'), valueFrom);
    if (given.length === 0) place.invalid('valueFrom', '', NO_SOURCE);
    else if (value) place.invalid('valueFrom', '', 'may not be specified when `value` is not empty');
    else if (given.length > 1) place.invalid('valueFrom', '', MANY_SOURCES);
  }
}

function checkKeyRefs(problems: Problems, valueFrom: NonNullable<EnvVar['valueFrom']>): void {
  for (const field of ['configMapKeyRef', 'secretKeyRef'] as const) {
    const ref = valueFrom[field];
    if (!ref) continue;
    if (!ref.name) problems.required(`${field}.name`);
    if (!ref.key) problems.required(`${field}.key`);
  }
  if (valueFrom.fieldRef && !valueFrom.fieldRef.fieldPath) problems.required('fieldRef.fieldPath');
  if (valueFrom.resourceFieldRef && !valueFrom.resourceFieldRef.resource)
    problems.required('resourceFieldRef.resource');
}

function checkEnvFrom(problems: Problems, sources: readonly EnvFromSource[]): void {
  for (const [index, { prefix, configMapRef, secretRef }] of sources.entries()) {
    const place = problems.under(`[${index}]`);
    if (prefix) for (const fault of envName(prefix)) place.invalid('prefix', prefix, fault);
    if (configMapRef && !configMapRef.name) place.required('configMapRef.name');
    if (secretRef && !secretRef.name) place.required('secretRef.name');
    if (!configMapRef && !secretRef) problems.invalid('', '', 'must specify one of: `configMapRef` or `secretRef`');
    if (configMapRef && secretRef) problems.invalid('', '', MANY_SOURCES);
  }
}

function checkMounts(problems: Problems, mounts: readonly VolumeMount[], volumes: ReadonlySet<string>): void {
  const paths = new Set<string>();
  for (const [index, { name, mountPath, subPath, subPathExpr }] of mounts.entries()) {
    const place = problems.under(`[${index}]`);
    if (!name) place.required('name');
    if (!volumes.has(name)) place.notFound('name', name);
    if (!mountPath) place.required('mountPath');
    if (paths.has(mountPath)) place.invalid('mountPath', mountPath, 'must be unique');
    paths.add(mountPath);
    if (subPath && subPathExpr) {
      place.invalid('subPathExpr', subPathExpr, 'subPathExpr and subPath are mutually exclusive');
    }
    for (const [field, path] of [
      ['subPath', subPath],
      ['subPathExpr', subPathExpr],
    ] as const) {
      if (path?.startsWith('/')) problems.invalid(field, path, 'must be a relative path');
      if (path?.split('/').includes('..')) problems.invalid(field, path, "must not contain '..'");
    }
  }
}

/** Checks limits and requests: amounts from zero, and no request above its limit. */
export function checkResources(problems: Problems, { limits = {}, requests = {} }: ResourceRequirements): void {
  for (const [field, amounts] of [
    ['limits', limits],
    ['requests', requests],
  ] as const) {
    for (const [resource, amount] of Object.entries(amounts)) {
      const place = problems.under(`${field}[${resource}]`);
      for (const fault of qualifiedName(resource)) place.invalid('', resource, fault);
      if ((parseQuantity(amount) ?? 0) < 0) place.invalid('', String(amount), 'must be greater than or equal to 0');
    }
  }
  for (const [resource, amount] of Object.entries(requests)) {
    const limit = limits[resource];
    if (limit === undefined || (parseQuantity(amount) ?? 0) <= (parseQuantity(limit) ?? 0)) continue;
    problems.invalid('requests', String(amount), `must be less than or equal to ${resource} limit of ${limit}`);
  }
}

function checkSecurity(problems: Problems, { securityContext }: Container): void {
  if (!securityContext) return;
  for (const field of ['runAsUser', 'runAsGroup'] as const) {
    const id = securityContext[field];
    if (id !== undefined && (id < 0 || id > MAX_INT32)) {
      problems.invalid(field, id, 'must be between 0 and 2147483647, inclusive');
    }
  }
  if (securityContext.privileged && securityContext.allowPrivilegeEscalation === false) {
    const why = 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true';
    problems.invalid('', securityContext, why);
  }
}
