// What Knative fills into a revision template (knative.dev/serving/pkg/apis/serving/v1/revision_defaults.go).

import { canonicalQuantity } from '#base/mod.ts';
import type { ObjectMeta, WriteContext } from '#machinery/mod.ts';
import { childName } from '#machinery/mod.ts';
import type { DefaultsConfig } from '../config/defaults.ts';
import { defaultsConfig } from '../config/defaults.ts';
import { featuresConfig } from '../config/features.ts';
import { configOf } from '../config/of-context.ts';
import type { Container } from '../core/container.ts';
import type { PodSecurityContext } from '../core/security-context.ts';
import { templateInGoForm } from './go-form.ts';
import type { RevisionSpec, RevisionTemplate } from './revision-spec.ts';

/**
 * Fills in a template. One whose name the user chose and kept is left alone, so that new defaults of the
 * platform are never taken for a change under the same name.
 */
export function defaultTemplate(
  template: RevisionTemplate,
  meta: ObjectMeta,
  context: WriteContext,
  before: RevisionTemplate | undefined,
): void {
  template.spec ??= { containers: [] };
  template.spec.containers ??= [];
  templateInGoForm(template);
  const name = template.metadata?.name;
  if (before && name && name === before.metadata?.name) return;
  defaultRevisionSpec(template.spec, meta, context);
}

/** Fills in a revision's spec. `meta` is of the object the user wrote. */
export function defaultRevisionSpec(spec: RevisionSpec, meta: ObjectMeta, context: WriteContext): void {
  const config = configOf(context, defaultsConfig);
  spec.containers ??= [];
  defaultTimeouts(spec, config);
  spec.containerConcurrency ??= config.containerConcurrency;
  nameContainers(spec, meta, config);
  for (const container of spec.containers) defaultContainer(spec, container, config);
  if (spec.enableServiceLinks === undefined && context.operation === 'CREATE' && spec.containers.length) {
    if (config.enableServiceLinks !== undefined) spec.enableServiceLinks = config.enableServiceLinks;
  }
  secure(spec, context);
}

function defaultTimeouts(spec: RevisionSpec, config: DefaultsConfig): void {
  const timeout = spec.timeoutSeconds || config.revisionTimeoutSeconds;
  spec.timeoutSeconds = timeout;
  const fitting = (seconds: number): number | undefined => (seconds !== 0 && seconds < timeout ? seconds : undefined);
  const idle = spec.idleTimeoutSeconds ?? fitting(config.revisionIdleTimeoutSeconds);
  const start = spec.responseStartTimeoutSeconds ?? fitting(config.revisionResponseStartTimeoutSeconds);
  if (idle !== undefined) spec.idleTimeoutSeconds = idle;
  if (start !== undefined) spec.responseStartTimeoutSeconds = start;
}

function nameContainers(spec: RevisionSpec, meta: ObjectMeta, config: DefaultsConfig): void {
  const { containers } = spec;
  const inits = spec.initContainers ?? [];
  const taken = new Set([...containers, ...inits].map(({ name }) => name));
  const values = {
    Name: meta.name ?? '',
    GenerateName: meta.generateName ?? '',
    Namespace: meta.namespace ?? '',
    Labels: meta.labels ?? {},
    Annotations: meta.annotations ?? {},
  };
  giveNames(containers, taken, config.containerNameTemplate(values));
  giveNames(inits, taken, config.initContainerNameTemplate(values));
}

function giveNames(containers: readonly Container[], taken: ReadonlySet<string>, base: string): void {
  let next = 0;
  for (const container of containers) {
    if (container.name) continue;
    let name = base;
    if (containers.length > 1 || taken.has(name)) {
      do name = childName(base, `-${next++}`);
      while (taken.has(name));
    }
    container.name = name;
  }
}

const RESOURCES = ['cpu', 'memory', 'ephemeral-storage'] as const;

function configured(
  config: DefaultsConfig,
  bound: 'request' | 'limit',
  resource: (typeof RESOURCES)[number],
): string | undefined {
  const all = {
    request: {
      cpu: config.revisionCpuRequest,
      memory: config.revisionMemoryRequest,
      'ephemeral-storage': config.revisionEphemeralStorageRequest,
    },
    limit: {
      cpu: config.revisionCpuLimit,
      memory: config.revisionMemoryLimit,
      'ephemeral-storage': config.revisionEphemeralStorageLimit,
    },
  };
  const amount = all[bound][resource];
  return amount === undefined ? undefined : canonicalQuantity(amount);
}

function defaultContainer(spec: RevisionSpec, container: Container, config: DefaultsConfig): void {
  container.resources ??= {};
  for (const resource of RESOURCES) {
    const request = container.resources.requests?.[resource] ?? configured(config, 'request', resource);
    const limit = container.resources.limits?.[resource] ?? configured(config, 'limit', resource);
    if (request !== undefined) container.resources.requests = { ...container.resources.requests, [resource]: request };
    if (limit !== undefined) container.resources.limits = { ...container.resources.limits, [resource]: limit };
  }
  defaultProbes(spec, container);
  const writable = (spec.volumes ?? []).filter(
    (volume) => volume.emptyDir ?? volume.persistentVolumeClaim ?? volume.ephemeral,
  );
  const names = new Set(writable.map(({ name }) => name));
  for (const mount of container.volumeMounts ?? []) if (!names.has(mount.name)) mount.readOnly = true;
}

function defaultProbes(spec: RevisionSpec, container: Container): void {
  if (spec.containers.length === 1 || container.ports?.length) {
    const probe = (container.readinessProbe ??= {});
    if (!probe.tcpSocket && !probe.httpGet && !probe.exec && !probe.grpc) probe.tcpSocket = { port: 0 };
  }
  const probe = container.readinessProbe;
  if (probe) {
    probe.successThreshold ||= 1;
    if (probe.periodSeconds) {
      probe.failureThreshold ||= 3;
      probe.timeoutSeconds ||= 1;
    }
  }
  for (const one of [probe, container.livenessProbe, container.startupProbe]) if (one?.grpc) one.grpc.service ??= '';
}

/** The first port that needs no capability to be bound. */
const FIRST_FREE_PORT = 1024;

/** With secure-pod-defaults, gives containers the settings of the restricted profile where they say nothing. */
function secure(spec: RevisionSpec, context: WriteContext): void {
  const { securePodDefaults } = configOf(context, featuresConfig);
  if (securePodDefaults === 'disabled') return;
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    secureContainer(container, spec.securityContext ?? {}, securePodDefaults === 'enabled');
  }
}

function secureContainer(container: Container, pod: PodSecurityContext, nonRoot: boolean): void {
  const settings = (container.securityContext ??= {});
  settings.allowPrivilegeEscalation ??= false;
  if (!pod.seccompProfile?.type && !settings.seccompProfile?.type) {
    settings.seccompProfile = { ...settings.seccompProfile, type: 'RuntimeDefault' };
  }
  if (!settings.capabilities) {
    const needsLowPort = (container.ports ?? []).some(({ containerPort }) => containerPort < FIRST_FREE_PORT);
    settings.capabilities = { drop: ['ALL'], ...(needsLowPort ? { add: ['NET_BIND_SERVICE'] } : {}) };
  }
  if (nonRoot && pod.runAsNonRoot === undefined) settings.runAsNonRoot ??= true;
}
