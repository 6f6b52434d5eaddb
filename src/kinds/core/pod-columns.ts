// What `kubectl get pods` shows: how many containers are ready, and the word that says how the Pod fares.

import type { Column } from '#machinery/mod.ts';
import { age, ageOf, computed, wide } from '#machinery/mod.ts';
import type { Container } from './container.ts';
import type { PodSpec } from './pod-spec.ts';
import type { ContainerStatus, PodStatus } from './pod-status.ts';
import type { Parts } from '../object-parts.ts';

type PodObject = Parts<PodSpec, PodStatus>;

export const podColumns: Readonly<Record<string, Column>> = {
  Ready: computed((pod: PodObject) => readyText(pod)),
  Status: computed((pod: PodObject) => podPhrase(pod)),
  Restarts: computed((pod: PodObject, now) => restartsText(pod, now)),
  Age: age,
  IP: wide(computed((pod: PodObject) => pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '<none>')),
  Node: wide(computed((pod: PodObject) => pod.spec.nodeName ?? '<none>')),
  'Nominated Node': wide(computed((pod: PodObject) => pod.status?.nominatedNodeName ?? '<none>')),
  'Readiness Gates': wide(computed((pod: PodObject) => gatesText(pod))),
};

/** Containers that run for the Pod's whole life: the plain ones, and init containers that restart (sidecars). */
function isSidecar(container: Container | undefined): boolean {
  return container?.restartPolicy === 'Always';
}

function readyText(pod: PodObject): string {
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  const inits = (pod.status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name));
  const running = [...inits, ...(pod.status?.containerStatuses ?? [])];
  const ready = running.filter((status) => status.ready).length;
  return `${ready}/${(pod.spec.containers ?? []).length + sidecars.size}`;
}

/**
 * The word in the STATUS column: the phase, or a reason that says more, in the order in which kubectl's
 * printer lets later findings win.
 */
export function podPhrase(pod: PodObject): string {
  const initPhrase = initializing(pod);
  const phrase = initPhrase ?? containersPhrase(pod);
  if (!pod.metadata.deletionTimestamp) return phrase;
  if (pod.status?.reason === 'NodeLost') return 'Unknown';
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed' ? phrase : 'Terminating';
}

function basePhrase(pod: PodObject): string {
  const gated = pod.status?.conditions?.some((one) => one.type === 'PodScheduled' && one.reason === 'SchedulingGated');
  return pod.status?.reason || (gated ? 'SchedulingGated' : (pod.status?.phase ?? 'Unknown'));
}

function initializing(pod: PodObject): string | undefined {
  const specs = pod.spec.initContainers ?? [];
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const spec = specs.find(({ name }) => name === status.name);
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (isSidecar(spec) && status.started) continue;
    if (terminated) return `Init:${terminatedWord(terminated)}`;
    if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`;
    return `Init:${index}/${specs.length}`;
  }
  return undefined;
}

function terminatedWord(terminated: {
  reason?: string | undefined;
  signal?: number | undefined;
  exitCode: number;
}): string {
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

function containersPhrase(pod: PodObject): string {
  const statuses = pod.status?.containerStatuses ?? [];
  const words = statuses.map(containerWord).filter((word) => word !== undefined);
  const first = words[0] ?? basePhrase(pod);
  const someRunning = statuses.some((status) => status.ready && status.state?.running);
  if (first !== 'Completed' || !someRunning) return first;
  const isReady = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  return isReady ? 'Running' : 'NotReady';
}

function containerWord({ state }: ContainerStatus): string | undefined {
  if (state?.waiting?.reason) return state.waiting.reason;
  return state?.terminated ? terminatedWord(state.terminated) : undefined;
}

function restartsText(pod: PodObject, now: number): string {
  const inits = pod.status?.initContainerStatuses ?? [];
  const counted =
    initializing(pod) === undefined ? [...sidecarsOf(pod), ...(pod.status?.containerStatuses ?? [])] : inits;
  const restarts = counted.reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0);
  const last = counted
    .map(({ lastState }) => lastState?.terminated?.finishedAt ?? '')
    .sort()
    .at(-1);
  return restarts > 0 && last ? `${restarts} (${ageOf(last, now)} ago)` : String(restarts);
}

function sidecarsOf(pod: PodObject): ContainerStatus[] {
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  return (pod.status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name));
}

function gatesText(pod: PodObject): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const met = gates.filter(({ conditionType }) =>
    pod.status?.conditions?.some(({ type, status }) => type === conditionType && status === 'True'),
  );
  return `${met.length}/${gates.length}`;
}
