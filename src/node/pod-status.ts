// A Pod's status from its containers: phase and conditions as kubelet tells them. Pure.

import { rfc3339 } from '#base/mod.ts';
import type { ContainerStatus, Pod, PodCondition, PodStatus } from '#kinds/mod.ts';
import type { Sandbox } from './launcher.ts';

export interface PodObservation {
  readonly pod: Pod;
  readonly sandbox: Sandbox | undefined;
  readonly hostIP: string;
  readonly init: readonly ContainerStatus[];
  readonly main: readonly ContainerStatus[];
  readonly isStopping: boolean;
  /** Why the Pod has failed whatever its containers say, as DeadlineExceeded. */
  readonly failure?: { readonly reason: string; readonly message: string } | undefined;
  readonly now: number;
}

export function podStatus(seen: PodObservation): PodStatus {
  const { pod, sandbox, hostIP, init, main, failure, now } = seen;
  return {
    ...pod.status,
    phase: phaseOf(seen),
    ...failure,
    conditions: conditionsOf(seen),
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(sandbox ? { podIP: sandbox.address, podIPs: [{ ip: sandbox.address }] } : {}),
    startTime: pod.status?.startTime ?? rfc3339(now),
    ...(init.length > 0 ? { initContainerStatuses: [...init] } : {}),
    containerStatuses: [...main],
  };
}

/** Init containers that run on beside the others (restartPolicy Always). */
export function sidecarNames({ spec }: Pod): ReadonlySet<string> {
  return new Set(
    (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name),
  );
}

function phaseOf({ pod, init, main, failure }: PodObservation): string {
  if (failure) return 'Failed';
  const sidecars = sidecarNames(pod);
  const hasFailed = ({ name, state }: ContainerStatus) =>
    !sidecars.has(name) && (state?.terminated?.exitCode ?? 0) !== 0;
  if (init.some(hasFailed)) return 'Failed';
  const ended = main.flatMap(({ state }) => (state?.terminated ? [state.terminated.exitCode] : []));
  if (main.length > 0 && ended.length === main.length)
    return ended.every((code) => code === 0) ? 'Succeeded' : 'Failed';
  const begun = main.some(({ state, restartCount }) => state?.running || state?.terminated || restartCount > 0);
  return begun || pod.status?.phase === 'Running' ? 'Running' : 'Pending';
}

type Draft = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>;
type Verdict = Omit<Draft, 'type'>;

/** The node's own conditions; those of others (readiness gates) are kept. */
function conditionsOf(seen: PodObservation): PodCondition[] {
  const { pod, sandbox, now } = seen;
  const containers = containersVerdict(seen);
  const drafts: Draft[] = [
    { type: 'PodReadyToStartContainers', status: sandbox ? 'True' : 'False' },
    { type: 'Initialized', ...initializedVerdict(seen) },
    { type: 'Ready', ...(containers.status === 'True' ? gatesVerdict(pod) : containers) },
    { type: 'ContainersReady', ...containers },
    { type: 'PodScheduled', status: 'True' },
  ];
  const there = pod.status?.conditions ?? [];
  const own = drafts.map((draft) => {
    const old = there.find(({ type }) => type === draft.type);
    const since = old?.status === draft.status ? old.lastTransitionTime : undefined;
    return { ...draft, lastTransitionTime: since ?? rfc3339(now) };
  });
  return [...own, ...there.filter(({ type }) => !drafts.some((draft) => draft.type === type))];
}

function initializedVerdict(seen: PodObservation): Verdict {
  const { pod, init } = seen;
  const sidecars = sidecarNames(pod);
  const isDone = ({ name, state, started }: ContainerStatus) =>
    sidecars.has(name) ? started === true : state?.terminated?.exitCode === 0;
  const waiting = init.filter((status) => !isDone(status)).map(({ name }) => name);
  if (waiting.length === 0 || phaseOf(seen) === 'Succeeded') return { status: 'True' };
  return {
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${waiting.join(' ')}]`,
  };
}

function containersVerdict(seen: PodObservation): Verdict {
  const { pod, init, main, isStopping } = seen;
  const sidecars = sidecarNames(pod);
  const lasting = [...init.filter(({ name }) => sidecars.has(name)), ...main];
  const waiting = lasting.filter(({ ready }) => !ready).map(({ name }) => name);
  const phase = phaseOf(seen);
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  if (waiting.length === 0 && !isStopping) return { status: 'True' };
  return {
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${waiting.join(' ')}]`,
  };
}

function gatesVerdict({ spec, status }: Pod): Verdict {
  const isMet = (gate: string) => status?.conditions?.some((one) => one.type === gate && one.status === 'True');
  const open = (spec.readinessGates ?? []).filter(({ conditionType }) => !isMet(conditionType));
  if (open.length === 0) return { status: 'True' };
  const message = open
    .map(({ conditionType }) => `the status of pod readiness gate ${JSON.stringify(conditionType)} is not "True"`)
    .join('; ');
  return { status: 'False', reason: 'ReadinessGatesNotReady', message };
}
