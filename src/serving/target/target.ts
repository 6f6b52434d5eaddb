// A Revision and its Pods in the gateway's words.

import { SECOND_MS } from '#base/mod.ts';
import type { Endpoint, RequestLogSettings, Target } from '#gateway/mod.ts';
import type { Pod, Revision } from '#kinds/mod.ts';
import type { NamedPort, ObservabilityConfig } from '#kinds/mod.ts';
import { CONFIGURATION_LABEL, instanceSettings, podAddress, SERVICE_LABEL } from '#kinds/mod.ts';
import { isPodReady } from '../pods.ts';
import { portNameOf, protocolOf, userPort } from '../revision/pod.ts';

/** What is set for all Revisions. */
export interface TargetSettings {
  readonly requestLog?: RequestLogSettings | undefined;
  /** Whether it is found out what an unnamed port speaks. */
  readonly detectsHttp2?: boolean;
}

/** What the gateway must know to hold, bound and time the requests of a Revision. */
export function targetOf(revision: Revision, pods: readonly Pod[], settings: TargetSettings = {}): Target {
  const { requestLog, detectsHttp2 } = settings;
  const { metadata, spec } = revision;
  const service = metadata.labels?.[SERVICE_LABEL];
  const configuration = metadata.labels?.[CONFIGURATION_LABEL];
  const { timeoutMs, maxQueue, queueFullStatus, ports = [] } = instanceSettings(metadata.annotations);
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    ...(service ? { service } : {}),
    ...(configuration ? { configuration } : {}),
    concurrency: spec.containerConcurrency ?? 0,
    timeoutMs: timeoutMs ?? (spec.timeoutSeconds ?? 0) * SECOND_MS,
    ...(spec.responseStartTimeoutSeconds
      ? { responseStartTimeoutMs: spec.responseStartTimeoutSeconds * SECOND_MS }
      : {}),
    ...(spec.idleTimeoutSeconds ? { idleTimeoutMs: spec.idleTimeoutSeconds * SECOND_MS } : {}),
    protocol: protocolOf(revision),
    ...(ports.length > 0 ? { protocols: byName(ports, ({ protocol }) => protocol) } : {}),
    ...(maxQueue ? { maxWaiting: maxQueue } : {}),
    ...(queueFullStatus ? { fullStatus: queueFullStatus } : {}),
    ...(detectsHttp2 && !portNameOf(revision) ? { detectsHttp2 } : {}),
    ...(requestLog ? { requestLog } : {}),
    endpoints: pods.flatMap((pod) => endpointOf(pod, userPort(revision), ports)).sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

/** How requests are logged, where they are. */
export function requestLogOf({
  loggingEnableRequestLog: enabled,
  loggingRequestLogTemplate: template,
  loggingEnableProbeRequestLog: probes,
}: ObservabilityConfig): RequestLogSettings | undefined {
  return enabled ? { template, probes } : undefined;
}

/** Only Pods that were ready can be reached; those on their way out finish what they hold. */
function endpointOf(pod: Pod, port: number, named: readonly NamedPort[]): Endpoint[] {
  const draining = pod.metadata.deletionTimestamp !== undefined;
  const address = podAddress(pod, port);
  if (!address || (!draining && !isPodReady(pod))) return [];
  const { uid, name } = pod.metadata;
  const reached = named.flatMap((one) => {
    const found = podAddress(pod, one.port);
    return found ? [{ name: one.name, port: found.port }] : [];
  });
  return [
    {
      id: uid ?? name,
      name,
      ...address,
      state: draining ? 'draining' : 'ready',
      ...(reached.length > 0 ? { ports: byName(reached, ({ port }) => port) } : {}),
    },
  ];
}

function byName<T extends { readonly name: string }, V>(list: readonly T[], value: (one: T) => V): Record<string, V> {
  return Object.fromEntries(list.map((one) => [one.name, value(one)]));
}
