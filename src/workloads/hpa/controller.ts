// Keeps the replicas of a scale target in step with measured load, as a HorizontalPodAutoscaler says.

import { messageOf, rfc3339 } from '#base/mod.ts';
import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import type { StandardCondition } from '#kinds/mod.ts';
import { Deployment, HorizontalPodAutoscaler, Pod, ReplicaSet, standardCondition, StatefulSet } from '#kinds/mod.ts';
import type { Kind, KubeObject, LabelSelectorObject, ObjectKey } from '#machinery/mod.ts';
import { matchesLabelSelector } from '#machinery/mod.ts';
import type { HpaCondition, HpaDecision } from './decide.ts';
import { decideHpa, noScale, notRescaled } from './decide.ts';
import type { MetricSources } from './measure.ts';
import { measure } from './measure.ts';
import type { Proposal } from './proposal.ts';
import { proposal } from './proposal.ts';
import type { HpaMemory } from './stabilize.ts';

type HpaTurn = Turn<HorizontalPodAutoscaler>;

/** Between two looks, unless the spec has changed. */
const SYNC_MS = 15_000;

const SCALABLE: readonly Kind[] = [Deployment, ReplicaSet, StatefulSet];
type Scalable = KubeObject & {
  readonly spec: { readonly replicas?: number | undefined; readonly selector?: LabelSelectorObject | undefined };
  readonly status?: { readonly replicas?: number | undefined } | undefined;
};

interface Looked {
  /** By the monotonic clock. */
  readonly atMs: number;
  readonly generation: number | undefined;
  readonly memory: HpaMemory;
}

export function hpaController(sources: MetricSources): ControllerDefinition<HorizontalPodAutoscaler> {
  const looks = new Map<ObjectKey, Looked>();
  return defineController<HorizontalPodAutoscaler>({
    name: 'horizontal-pod-autoscaler',
    of: HorizontalPodAutoscaler,
    reads: [...SCALABLE, Pod],
    forget: (key) => void looks.delete(key),

    async reconcile(turn) {
      const { generation } = turn.object.metadata;
      const before = looks.get(turn.key);
      const waitMs = before?.generation === generation ? (before?.atMs ?? 0) + SYNC_MS - turn.steadyNow : 0;
      if (waitMs > 0) return turn.again(waitMs);
      const memory = await look(turn, sources, before?.memory);
      if (memory) looks.set(turn.key, { atMs: turn.steadyNow, generation, memory });
      turn.again(SYNC_MS);
    },
  });
}

/** Undefined where there is no scale to look at. */
async function look(
  turn: HpaTurn,
  sources: MetricSources,
  memory: HpaMemory | undefined,
): Promise<HpaMemory | undefined> {
  const { spec, metadata } = turn.object;
  const namespace = metadata.namespace ?? '';
  const { kind, object } = target(turn);
  if (!kind || !object) {
    const { scaleTargetRef: ref } = spec;
    const problem = kind
      ? `${kind.names.plural}.${kind.group} ${JSON.stringify(ref.name)} not found`
      : `no matches for kind ${JSON.stringify(ref.kind)} in group ${JSON.stringify((ref.apiVersion ?? '').split('/').at(-2) ?? '')}`;
    turn.event('Warning', 'FailedGetScale', problem);
    setConditions(turn, [noScale(problem)]);
    return undefined;
  }
  const current = object.spec.replicas ?? 1;
  const pods = turn
    .list(Pod, namespace)
    .filter((pod) => matchesLabelSelector(object.spec.selector, pod.metadata.labels));
  const elapsedSince = (stamp: string) => turn.elapsedSince(stamp);
  const scaled = { elapsedSince, pods, specReplicas: current, statusReplicas: object.status?.replicas ?? 0 };
  const proposals: Proposal[] = [];
  for (const metric of spec.metrics ?? [])
    proposals.push(proposal(metric, await measure(metric, namespace, pods, sources), scaled));
  const decision = decideHpa({ nowMs: turn.steadyNow, spec, current, memory, proposals });
  for (const { reason, message } of decision.faults) turn.event('Warning', reason, message);
  setStatus(turn, current, decision);
  if (decision.replicas !== current) await rescale(turn, kind, object, decision);
  return decision.memory;
}

/** The scale target, of a kind that can be scaled. */
function target(turn: HpaTurn): { readonly kind: Kind | undefined; readonly object: Scalable | undefined } {
  const { apiVersion, kind: name, name: of } = turn.object.spec.scaleTargetRef;
  const kind = SCALABLE.find((one) => one.kind === name && one.apiVersion === apiVersion);
  const object = kind && turn.get(kind, turn.object.metadata.namespace ?? '', of);
  return { kind, object: object as Scalable | undefined };
}

async function rescale(turn: HpaTurn, kind: Kind, { metadata }: Scalable, decision: HpaDecision): Promise<void> {
  const said = `New size: ${decision.replicas}; reason: ${decision.because}`;
  const body = [{ op: 'add', path: '/spec/replicas', value: decision.replicas }];
  try {
    await turn.client.patch(kind, metadata.namespace ?? '', metadata.name, 'json', body, { subresource: 'scale' });
  } catch (error) {
    turn.event('Warning', 'FailedRescale', `${said}; error: ${messageOf(error)}`);
    setConditions(turn, [notRescaled(messageOf(error))]);
    throw error;
  }
  turn.event('Normal', 'SuccessfulRescale', said);
}

function setStatus(turn: HpaTurn, current: number, { replicas, metrics, conditions }: HpaDecision): void {
  const { status, object } = turn;
  status.observedGeneration = object.metadata.generation;
  status.currentReplicas = current;
  status.desiredReplicas = replicas;
  status.currentMetrics = metrics && [...metrics];
  if (replicas !== current) status.lastScaleTime = rfc3339(turn.now);
  setConditions(turn, conditions);
}

/** Each in its place; those that are not told of stay as they are, and the time is that of the last turn of its status. */
function setConditions(turn: HpaTurn, told: readonly HpaCondition[]): void {
  const { status } = turn;
  const kept: StandardCondition[] = [...(status.conditions ?? [])];
  for (const condition of told) {
    const before = standardCondition(status, condition.type);
    const since = before?.status === condition.status ? before.lastTransitionTime : rfc3339(turn.now);
    const now: StandardCondition = { ...condition, ...(since ? { lastTransitionTime: since } : {}) };
    const at = kept.findIndex(({ type }) => type === condition.type);
    if (at < 0) kept.push(now);
    else kept[at] = now;
  }
  status.conditions = kept;
}
