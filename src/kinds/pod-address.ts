// Where a port of a Pod is really reached, whichever launcher runs it.

import { isRecord } from '#base/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { HOST_PORTS_ANNOTATION } from './labels.ts';

export interface PodAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * The address of a container's port: a port of this machine where the node agent has noted one for the
 * Pod, else the Pod's own address. Undefined while the Pod has neither.
 */
export function podAddress(
  pod: KubeObject & { status?: { podIP?: string | undefined } | undefined },
  containerPort: number,
): PodAddress | undefined {
  const noted = pod.metadata.annotations?.[HOST_PORTS_ANNOTATION];
  if (noted !== undefined) {
    const port = hostPort(noted, containerPort);
    return port === undefined ? undefined : { host: '127.0.0.1', port };
  }
  const host = pod.status?.podIP;
  return host ? { host, port: containerPort } : undefined;
}

function hostPort(noted: string, containerPort: number): number | undefined {
  let map: unknown;
  try {
    map = JSON.parse(noted);
  } catch {
    return undefined;
  }
  const port = isRecord(map) ? map[String(containerPort)] : undefined;
  return typeof port === 'number' ? port : undefined;
}
