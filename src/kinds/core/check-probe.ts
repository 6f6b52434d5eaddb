// What Kubernetes refuses in probes and lifecycle hooks.

import type { Problems } from '#machinery/mod.ts';
import { headerName, portName, portNumber } from '../name-rules.ts';
import type { Container } from './container.ts';
import type { HttpGetAction, Lifecycle, LifecycleHandler, Probe } from './probe.ts';

/** Checks the three probes of a container. */
export function checkProbes(problems: Problems, { livenessProbe, readinessProbe, startupProbe }: Container): void {
  checkProbe(problems.under('livenessProbe'), livenessProbe);
  mustSucceedOnce(problems.under('livenessProbe'), livenessProbe);
  checkProbe(problems.under('readinessProbe'), readinessProbe);
  if (readinessProbe?.terminationGracePeriodSeconds !== undefined) {
    const seconds = readinessProbe.terminationGracePeriodSeconds;
    const place = problems.under('readinessProbe');
    place.invalid('terminationGracePeriodSeconds', seconds, 'must not be set for readinessProbes');
  }
  checkProbe(problems.under('startupProbe'), startupProbe);
  mustSucceedOnce(problems.under('startupProbe'), startupProbe);
}

function mustSucceedOnce(problems: Problems, probe: Probe | undefined): void {
  const threshold = probe?.successThreshold ?? 1;
  if (threshold !== 1) problems.invalid('successThreshold', threshold, 'must be 1');
}

const COUNTS = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const;

function checkProbe(problems: Problems, probe: Probe | undefined): void {
  if (!probe) return;
  checkHandler(problems, probe);
  for (const field of COUNTS) {
    const value = probe[field] ?? 0;
    if (value < 0) problems.invalid(field, value, 'must be greater than or equal to 0');
  }
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) {
    problems.invalid('terminationGracePeriodSeconds', grace, 'must be greater than 0');
  }
}

/** Checks the hooks of a container. */
export function checkLifecycle(problems: Problems, lifecycle: Lifecycle | undefined): void {
  if (lifecycle?.postStart) checkHandler(problems.under('postStart'), lifecycle.postStart);
  if (lifecycle?.preStop) checkHandler(problems.under('preStop'), lifecycle.preStop);
}

type Handler = Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> & Pick<LifecycleHandler, 'sleep'>;
const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

function checkHandler(problems: Problems, handler: Handler): void {
  const given = HANDLERS.filter((kind) => handler[kind] !== undefined);
  if (given.length === 0) problems.required('', 'must specify a handler type');
  for (const extra of given.slice(1)) problems.forbidden(extra, 'may not specify more than 1 handler type');
  const { exec, httpGet, tcpSocket, grpc } = handler;
  if (given[0] === 'exec' && !exec?.command?.length) problems.required('exec.command');
  if (given[0] === 'httpGet' && httpGet) checkHttpGet(problems.under('httpGet'), httpGet);
  if (given[0] === 'tcpSocket' && tcpSocket) checkPort(problems, 'tcpSocket.port', tcpSocket.port);
  if (given[0] === 'grpc' && grpc) checkPort(problems, 'grpc.port', grpc.port);
}

function checkHttpGet(problems: Problems, { path, port, scheme, httpHeaders }: HttpGetAction): void {
  if (!path) problems.required('path');
  checkPort(problems, 'port', port);
  if (scheme !== 'HTTP' && scheme !== 'HTTPS') problems.notSupported('scheme', scheme ?? '', ['HTTP', 'HTTPS']);
  for (const { name } of httpHeaders ?? []) {
    for (const fault of headerName(name)) problems.invalid('httpHeaders', name, fault);
  }
}

/** Checks a port by number or by name. */
export function checkPort(problems: Problems, field: string, port: number | string): void {
  const faults = typeof port === 'number' ? portNumber(port) : portName(port);
  for (const fault of faults) problems.invalid(field, port, fault);
}
