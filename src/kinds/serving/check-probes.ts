// What Knative refuses in probes.

import { FieldErrors } from '#machinery/mod.ts';
import type { Probe } from '../core/probe.ts';

const MAX_INT32 = 2147483647;
/** The kinds of probes, in the words of Knative's messages. */
const HANDLERS = { httpGet: 'httpGet', tcpSocket: 'tcpSocket', exec: 'exec', grpc: 'gRPC' } as const;

/**
 * Checks a probe; paths are relative to it. `portName` is the name of the serving container's port; a container
 * beside it (undefined) must name a port itself.
 */
export function checkProbe(probe: Probe | undefined, portName: string | undefined): FieldErrors {
  let errors = new FieldErrors();
  if (!probe) return errors;
  // Where there are several handlers, Knative tells what is wrong with one under each that follows.
  for (const field of ['httpGet', 'tcpSocket', 'exec', 'grpc'] as const) {
    if (!probe[field]) continue;
    errors = new FieldErrors().merge(errors, field);
    if (field === 'httpGet' || field === 'tcpSocket') {
      checkPort(errors, `${field}.port`, probe[field]?.port ?? 0, portName);
    }
  }
  const given = (Object.keys(HANDLERS) as (keyof typeof HANDLERS)[]).filter((kind) => probe[kind] !== undefined);
  if (given.length === 0) errors.generic('expected exactly one, got neither', 'httpGet', 'tcpSocket', 'exec', 'grpc');
  if (given.length > 1) errors.generic('expected exactly one, got both', ...given.map((kind) => HANDLERS[kind]));
  return errors;
}

function checkPort(errors: FieldErrors, path: string, port: number | string, portName: string | undefined): void {
  const isNamed = typeof port === 'string' && port !== '';
  if (portName === undefined) {
    if (!isNamed && (port === 0 || port === '')) errors.invalid(port, path, 'Probe port must be specified');
  } else if (isNamed && port !== portName) {
    errors.invalid(port, path, 'Probe port must match container port');
  }
}

/** Checks a readiness probe. A period of 0 stands for Knative's own eager probing, which has no further numbers. */
export function checkReadinessProbe(probe: Probe | undefined, portName: string | undefined): FieldErrors {
  const errors = checkProbe(probe, portName);
  if (!probe) return errors;
  const { periodSeconds = 0, initialDelaySeconds = 0, successThreshold = 0 } = probe;
  const { failureThreshold = 0, timeoutSeconds = 0 } = probe;
  if (periodSeconds < 0) errors.outOfBounds(periodSeconds, 0, MAX_INT32, 'periodSeconds');
  if (initialDelaySeconds < 0) errors.outOfBounds(initialDelaySeconds, 0, MAX_INT32, 'initialDelaySeconds');
  if (successThreshold < 1) errors.outOfBounds(successThreshold, 1, MAX_INT32, 'successThreshold');
  if (periodSeconds === 0) {
    if (failureThreshold !== 0) {
      errors.generic('failureThreshold is disallowed when periodSeconds is zero', 'failureThreshold');
    }
    if (timeoutSeconds !== 0)
      errors.generic('timeoutSeconds is disallowed when periodSeconds is zero', 'timeoutSeconds');
  } else {
    if (timeoutSeconds < 1) errors.outOfBounds(timeoutSeconds, 1, MAX_INT32, 'timeoutSeconds');
    if (failureThreshold < 1) errors.outOfBounds(failureThreshold, 1, MAX_INT32, 'failureThreshold');
  }
  return errors;
}
