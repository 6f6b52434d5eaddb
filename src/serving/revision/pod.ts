// The Pods of a Revision: the user's own containers with what Knative's runtime contract adds to them.

import type { Container, EnvVar, PodSpec, Probe, Revision, RuntimeClassChoice } from '#kinds/mod.ts';
import {
  CONFIGURATION_LABEL,
  DEFAULT_USER_PORT,
  instanceSettings,
  REVISION_LABEL,
  runtimeClassFor,
  SERVICE_LABEL,
  servingContainerOf,
  USER_PORT_NAME,
} from '#kinds/mod.ts';

/** The container that takes requests. */
export function servingContainer({ spec }: Revision): Container | undefined {
  return servingContainerOf(spec.containers);
}

/** The port that requests go to. */
export function userPort(revision: Revision): number {
  return servingContainer(revision)?.ports?.[0]?.containerPort || DEFAULT_USER_PORT;
}

/** `h2c` or `http1` where the user has named the port so. */
export function portNameOf(revision: Revision): string | undefined {
  return servingContainer(revision)?.ports?.[0]?.name;
}

/** What is spoken to the serving container. */
export function protocolOf(revision: Revision): 'http1' | 'h2c' {
  return portNameOf(revision) === 'h2c' ? 'h2c' : 'http1';
}

/** What the platform's settings say about every Revision's Pods. */
export interface PodSettings {
  /** Pods of one Revision rather stand on different nodes. */
  readonly spread: boolean;
  /** A liveness probe may ask another port than the user port (`multi-container-probing`). */
  readonly freeLivenessPort: boolean;
  /** For Revisions that name no runtime class themselves. */
  readonly runtimeClasses: readonly RuntimeClassChoice[];
}

/** The Pod that a Revision asks for, with what the contract and the settings add. */
export function podSpecOf(revision: Revision, settings: PodSettings): PodSpec {
  const { spread, runtimeClasses } = settings;
  const {
    containerConcurrency: _concurrency,
    timeoutSeconds,
    responseStartTimeoutSeconds: _start,
    idleTimeoutSeconds: _idle,
    ...pod
  } = revision.spec;
  const serving = servingContainer(revision);
  const runtimeClassName = pod.runtimeClassName ?? runtimeClassFor(runtimeClasses, revision.metadata.labels ?? {});
  const { timeoutMs } = instanceSettings(revision.metadata.annotations);
  // A Pod that goes lets its longest request finish.
  const longest = timeoutMs === undefined ? timeoutSeconds : Math.max(timeoutSeconds ?? 0, timeoutMs / 1000);
  return {
    ...pod,
    ...(pod.initContainers ? { initContainers: pod.initContainers.map((one) => withContract(one, revision)) } : {}),
    containers: pod.containers.map((container) => {
      const pinned = { ...container, ...pinnedImage(container, revision) };
      return withContract(container === serving ? asServing(pinned, revision, settings) : pinned, revision);
    }),
    ...(longest === undefined ? {} : { terminationGracePeriodSeconds: longest }),
    ...(runtimeClassName === undefined ? {} : { runtimeClassName }),
    ...(spread && !pod.affinity ? { affinity: spreadOver(revision) } : {}),
  };
}

function pinnedImage({ name }: Container, { status }: Revision): { image?: string } {
  const digest = status?.containerStatuses?.find((one) => one.name === name)?.imageDigest;
  return digest ? { image: digest } : {};
}

function asServing(
  container: Container,
  revision: Revision,
  { freeLivenessPort }: Pick<PodSettings, 'freeLivenessPort'>,
): Container {
  const { readinessProbe, livenessProbe, startupProbe } = container;
  const port = userPort(revision);
  const { ports: named = [] } = instanceSettings(revision.metadata.annotations);
  return {
    ...container,
    ports: [
      { name: USER_PORT_NAME, containerPort: port, protocol: 'TCP' },
      ...named.map((one) => ({ name: one.name, containerPort: one.port, protocol: 'TCP' as const })),
    ],
    env: [
      ...(container.env ?? []),
      { name: 'PORT', value: String(port) },
      ...named.map((one) => ({ name: portVariable(one.name), value: String(one.port) })),
    ],
    ...(readinessProbe ? { readinessProbe: hostless(aimed(readinessProbe, port)) } : {}),
    ...(livenessProbe ? { livenessProbe: aimed(livenessProbe, port, freeLivenessPort) } : {}),
    ...(startupProbe ? { startupProbe: aimed(startupProbe, port) } : {}),
  };
}

/** `PORT_GRPC` for the port `grpc`. */
function portVariable(name: string): string {
  return `PORT_${name.toUpperCase().replaceAll('-', '_')}`;
}

/**
 * A probe that names no port (0), or calls the user port by the name that its author gave it, asks the user port; so does one that
 * may not ask another by HTTP or TCP. A scheme may be written as in a URL, which a Pod would refuse.
 */
function aimed(probe: Probe, userPort: number, isFree = true): Probe {
  const { httpGet, tcpSocket, grpc } = probe;
  const aim = (port: number | string) => (isFree && typeof port === 'number' && port !== 0 ? port : userPort);
  return {
    ...probe,
    ...(httpGet ? { httpGet: { ...httpGet, ...upperScheme(httpGet), port: aim(httpGet.port) } } : {}),
    ...(tcpSocket ? { tcpSocket: { ...tcpSocket, port: aim(tcpSocket.port) } } : {}),
    ...(grpc ? { grpc: { ...grpc, port: grpc.port || userPort } } : {}),
  };
}

/** A Pod is ready by its own answer, so another host is not asked, whatever the probe names. */
function hostless(probe: Probe): Probe {
  const { httpGet, tcpSocket } = probe;
  const atHome = <T extends { readonly host?: string }>({ host: _elsewhere, ...asked }: T) => asked;
  return {
    ...probe,
    ...(httpGet ? { httpGet: atHome(httpGet) } : {}),
    ...(tcpSocket ? { tcpSocket: atHome(tcpSocket) } : {}),
  };
}

function upperScheme({ scheme }: { readonly scheme?: string }): { scheme?: string } {
  return scheme ? { scheme: scheme.toUpperCase() } : {};
}

function withContract(container: Container, revision: Revision): Container {
  return {
    ...container,
    env: [...(container.env ?? []), ...identity(revision)],
    terminationMessagePolicy: container.terminationMessagePolicy || 'FallbackToLogsOnError',
  };
}

function identity({ metadata }: Revision): EnvVar[] {
  return [
    { name: 'K_REVISION', value: metadata.name },
    { name: 'K_CONFIGURATION', value: metadata.labels?.[CONFIGURATION_LABEL] ?? '' },
    { name: 'K_SERVICE', value: metadata.labels?.[SERVICE_LABEL] ?? '' },
  ];
}

function spreadOver({ metadata }: Revision) {
  return {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          podAffinityTerm: {
            labelSelector: { matchLabels: { [REVISION_LABEL]: metadata.name } },
            topologyKey: 'kubernetes.io/hostname',
          },
        },
      ],
    },
  };
}
