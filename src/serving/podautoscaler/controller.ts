// A PodAutoscaler keeps the copies of a revision in step with its traffic, down to none and back.

import type { AutoscalerSpec, Decision, ScaleFacts, ScaleVerdict } from '#autoscaler/mod.ts';
import { activatorCount, minScaleOf, pathMode, scaleVerdict, totalOf } from '#autoscaler/mod.ts';
import type { Turn } from '#engine/mod.ts';
import { defineController, watch } from '#engine/mod.ts';
import {
  autoscalerConfig,
  Deployment,
  deploymentConfig,
  KPA_CLASS,
  Metric,
  Pod,
  PodAutoscaler,
  REVISION_LABEL,
  ServerlessService,
} from '#kinds/mod.ts';
import type { AutoscalerConfig } from '#kinds/mod.ts';
import type { Condition } from '#machinery/mod.ts';
import { findCondition, isTrue } from '#machinery/mod.ts';
import { countPods, PODS_BY_REVISION, podsByRevision } from '../pods.ts';
import { activeVerdict, neededScale } from './active.ts';
import { autoscalerSpecOf, classOf, progressDeadlineMsOf, retentionMsOf } from './annotations.ts';
import { metricOf, serverlessServiceOf } from './children.ts';
import type { Deciders } from './deciders.ts';
import type { PodAutoscalerMeter } from './meter.ts';

type PaTurn = Turn<PodAutoscaler>;

export function podAutoscalerController(deciders: Deciders, meter?: PodAutoscalerMeter) {
  return defineController({
    name: 'kpa-class-podautoscaler-controller',
    lingerMs: 5,
    statusGivesWay: true,
    of: PodAutoscaler,
    owns: [Metric, ServerlessService],
    watches: [watch(Pod, ({ metadata }) => keysOfPod(metadata))],
    reads: [Deployment],
    indexes: [podsByRevision],
    configs: [autoscalerConfig, deploymentConfig],
    selects: ({ metadata }, config) => classOf(metadata.annotations, config(autoscalerConfig)) === KPA_CLASS,
    listen: (poke) => deciders.listen(poke),
    forget(key) {
      deciders.forget(key);
      meter?.forget(key);
    },

    async reconcile(turn) {
      const config = turn.config(autoscalerConfig);
      const spec = autoscalerSpecOf(turn.object, config);
      const pods = countPods(turn.byIndex(Pod, PODS_BY_REVISION, turn.key));
      const decision = deciders.decide(turn.key, spec, pods.ready);
      const verdict = scaleVerdict(scaleFacts(turn, spec, config, decision, pods.ready));
      await applyScale(turn, verdict);
      await keepServices(turn, spec, config, decision, verdict, pods.ready);
      setStatus(turn, spec, verdict.scale, pods.ready);
      meter?.note(turn.object, { want: verdict.scale, counts: pods });
      if (verdict.again !== undefined) turn.again(verdict.again);
    },
  });
}

function keysOfPod({ namespace, labels }: Pod['metadata']): string[] {
  const revision = labels?.[REVISION_LABEL];
  return revision ? [`${namespace}/${revision}`] : [];
}

function scaleFacts(
  turn: PaTurn,
  spec: AutoscalerSpec,
  config: AutoscalerConfig,
  { desired }: Decision,
  ready: number,
): ScaleFacts {
  const { annotations } = turn.object.metadata;
  const { progressDeadline } = turn.config(deploymentConfig);
  const active = findCondition(turn.object.status, 'Active');
  const initialized = isTrue(turn.object.status, 'ScaleTargetInitialized');
  const isWaiting = active?.status !== 'False' && active?.status !== 'True';
  const needed = neededScale({ ...spec, minScale: minScaleOf(spec), initialized });
  const activated = isWaiting && ready > 0 && ready >= needed;
  return {
    nowMs: turn.now,
    desired,
    minScale: spec.minScale,
    maxScale: spec.maxScale,
    initialScale: spec.initialScale,
    initialized,
    reachability: spec.reachability,
    enableScaleToZero: config.enableScaleToZero,
    // Copies that have come up since the last look end an activation, however long it took.
    active: activated
      ? { status: 'True', sinceMs: turn.now }
      : { status: statusOf(active?.status), sinceMs: activeSinceMs(turn, active) },
    stableWindowMs: spec.stableWindowMs,
    graceMs: config.scaleToZeroGracePeriod,
    retentionMs: spec.reachability === 'unreachable' ? 0 : retentionMsOf(annotations, config),
    progressDeadlineMs: progressDeadlineMsOf(annotations, progressDeadline),
    proxiedSinceMs: proxiedSinceMs(turn),
    // Every request passes the gateway, and the gateway holds what finds no copy: nothing needs proof.
    proven: true,
  };
}

function statusOf(status: string | undefined): 'True' | 'False' | 'Unknown' {
  return status === 'True' || status === 'False' ? status : 'Unknown';
}

/** An activation has a deadline, and it is not under way while the platform is off. */
function activeSinceMs(turn: PaTurn, active: Condition | undefined): number {
  const { status, lastTransitionTime } = active ?? {};
  if (statusOf(status) !== 'Unknown' || lastTransitionTime === undefined) return sinceMs(turn, lastTransitionTime);
  return turn.now - turn.elapsedWhileUp(lastTransitionTime);
}

function sinceMs(turn: PaTurn, time: string | undefined): number {
  return turn.now - (time === undefined ? 0 : turn.elapsedSince(time));
}

function proxiedSinceMs(turn: PaTurn): number | undefined {
  const { namespace = '', name } = turn.object.metadata;
  const proxied = findCondition(turn.get(ServerlessService, namespace, name)?.status, 'ActivatorEndpointsPopulated');
  return proxied?.status === 'True' ? sinceMs(turn, proxied.lastTransitionTime) : undefined;
}

/** Writes the number of copies where it is another one. */
async function applyScale(turn: PaTurn, { apply, scale }: ScaleVerdict): Promise<void> {
  if (!apply || scale < 0) return;
  const { namespace = '' } = turn.object.metadata;
  const deployment = turn.get(Deployment, namespace, turn.object.spec.scaleTargetRef.name ?? '');
  if (!deployment || deployment.spec.replicas === scale) return;
  const body = [{ op: 'add', path: '/spec/replicas', value: scale }];
  await turn.client.patch(Deployment, namespace, deployment.metadata.name, 'json', body, { subresource: 'scale' });
}

async function keepServices(
  turn: PaTurn,
  spec: AutoscalerSpec,
  config: AutoscalerConfig,
  decision: Decision,
  { scale }: ScaleVerdict,
  ready: number,
): Promise<void> {
  const mode = pathMode({ scale, excessBurstCapacity: decision.excessBurstCapacity });
  const activators = activatorCount({
    ready,
    total: totalOf(spec),
    targetBurstCapacity: spec.targetBurstCapacity,
    activatorCapacity: config.activatorCapacity,
  });
  const { object: sks } = await turn.apply(ServerlessService, serverlessServiceOf(turn.object, mode, activators), {
    metadata: 'merge',
  });
  turn.status.serviceName = sks.status?.serviceName ?? '';
  turn.status.metricsServiceName = sks.status?.privateServiceName ?? '';
  const sksReady = findCondition(sks.status, 'Ready');
  if (sksReady?.status === 'True') turn.mark.true('SKSReady');
  else turn.mark.unknown('SKSReady', 'NotReady', sksReady ? (sksReady.message ?? '') : 'No Private Service Name');
  const scraped = spec.targetBurstCapacity === -1 ? '' : (sks.status?.privateServiceName ?? '');
  await turn.apply(Metric, metricOf(turn.object, spec, scraped), { metadata: 'merge' });
}

const MARKS = {
  inactive: ['NoTraffic', 'The target is not receiving traffic.'],
  'timed-out': ['TimedOut', 'The target could not be activated.'],
  activating: ['Queued', 'Requests to the target are being buffered as resources are provisioned.'],
} as const;

function setStatus(turn: PaTurn, spec: AutoscalerSpec, want: number, ready: number): void {
  const { status, mark, object } = turn;
  status.actualScale = ready;
  if (want >= 0 || status.desiredScale === undefined) status.desiredScale = want;
  const { initialized, active } = activeVerdict({
    want,
    ready,
    minScale: minScaleOf(spec),
    initialScale: spec.initialScale,
    initialized: isTrue(object.status, 'ScaleTargetInitialized'),
    hasService: Boolean(status.serviceName),
    wasActive: statusOf(findCondition(object.status, 'Active')?.status),
  });
  if (initialized) mark.true('ScaleTargetInitialized');
  if (active === 'active') mark.true('Active');
  else {
    const [reason, message] = MARKS[active];
    if (active === 'activating') mark.unknown('Active', reason, message);
    else mark.false('Active', reason, message);
  }
}
