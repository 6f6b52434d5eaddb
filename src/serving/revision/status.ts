// What the conditions of a Revision follow from: its Deployment, one of its Pods, and its PodAutoscaler.

import type { Deployment, Pod, PodAutoscaler } from '#kinds/mod.ts';
import { QUEUE_CONTAINER, standardCondition } from '#kinds/mod.ts';
import type { Conditioned } from '#machinery/mod.ts';
import { findCondition, isTrue, living, Marker } from '#machinery/mod.ts';

/** The Deployment's own view: not ready where Pods cannot be made or no progress was made in time. */
export function propagateDeployment(mark: Marker, { status }: Deployment): void {
  const view: Conditioned = {};
  const own = new Marker(living('ReplicaSetReady', 'Progressing'), view, () => 0);
  own.initialize();
  own.true('ReplicaSetReady');
  own.unknown('Progressing', 'Deploying');
  const progress = standardCondition(status, 'Progressing');
  if (progress) put(own, 'Progressing', progress.status, progress);
  const failure = standardCondition(status, 'ReplicaFailure');
  if (failure) put(own, 'ReplicaSetReady', OPPOSITES[failure.status] ?? 'Unknown', failure);
  const ready = own.get('Ready');
  put(mark, 'ResourcesAvailable', ready?.status, ready);
}

const OPPOSITES: Readonly<Record<string, string>> = { True: 'False', False: 'True' };

function put(
  mark: Marker,
  type: string,
  status: string | undefined,
  { reason = '', message = '' }: { reason?: string | undefined; message?: string | undefined } = {},
): void {
  if (status === 'True') mark.true(type);
  else if (status === 'False') mark.false(type, reason, message);
  else mark.unknown(type, reason, message);
}

/**
 * What stands behind a Deployment without a single available Pod, as one of its Pods tells it. `minds` says whether a Pod that finds
 * no place says anything against its Revision.
 */
export function propagatePod(mark: Marker, pod: Pod, deployment: Deployment, { minds }: { minds: boolean }): void {
  const scheduled = (pod.status?.conditions ?? []).find(({ type }) => type === 'PodScheduled');
  if (minds && scheduled?.status === 'False')
    mark.false('ResourcesAvailable', scheduled.reason ?? '', scheduled.message ?? '');
  const late = hasTimedOut(deployment);
  for (const { name, lastState, state } of pod.status?.containerStatuses ?? []) {
    if (name === QUEUE_CONTAINER) continue;
    const ended = lastState?.terminated;
    if (ended) return mark.false('ContainerHealthy', `ExitCode${ended.exitCode}`, exitMessage(ended));
    const { waiting } = state ?? {};
    if (waiting && late) return mark.false('ResourcesAvailable', waiting.reason ?? '', waiting.message ?? '');
  }
}

function exitMessage({ exitCode, message = '' }: { exitCode: number; message?: string | undefined }): string {
  return `Container failed with: ${exitCode === 0 && !message ? 'container exited with no error' : message}`;
}

function hasTimedOut({ status }: Deployment): boolean {
  const progress = standardCondition(status, 'Progressing');
  return progress?.status === 'False' && progress.reason === 'ProgressDeadlineExceeded';
}

/** The PodAutoscaler's view: whether requests are served now, and whether the Revision ever came up. */
export function propagateAutoscaler(mark: Marker, { status }: PodAutoscaler): void {
  const unavailable = ['ResourcesAvailable', 'ContainerHealthy'].some((type) => mark.get(type)?.status === 'False');
  const ready = findCondition(status, 'Ready');
  if (!ready) {
    mark.unknown('Active', 'Deploying');
    if (!unavailable) mark.unknown('ResourcesAvailable', 'Deploying');
    return;
  }
  const initialized = isTrue(status, 'ScaleTargetInitialized');
  if (initialized && !unavailable) {
    mark.true('ResourcesAvailable');
    mark.true('ContainerHealthy');
  }
  // Nothing is available before requests find it, though the Deployment may be content.
  const isReachable = initialized && Boolean(status?.serviceName);
  if (mark.get('ResourcesAvailable')?.status === 'True' && !isReachable)
    mark.unknown('ResourcesAvailable', 'Deploying');
  if (ready.status === 'False' && !initialized && !unavailable && status?.serviceName)
    mark.false('ResourcesAvailable', 'ProgressDeadlineExceeded', 'Initial scale was never achieved');
  put(mark, 'Active', ready.status, ready);
}
