// What one metric of a HorizontalPodAutoscaler calls for, in Kubernetes' words. Pure.

import { milliQuantity, parseQuantity } from '#base/mod.ts';
import type { HpaMetric, HpaMetricStatus, HpaMetricTarget, Pod } from '#kinds/mod.ts';
import type { ElapsedSince } from '../pods/readiness.ts';
import { isPodReady } from '../pods/readiness.ts';
import type { Grouped, Reading } from './group.ts';
import { groupPods } from './group.ts';
import type { Gauge } from './replicas.ts';
import {
  averageGauge,
  averageOf,
  replicasByPods,
  replicasByShare,
  replicasByValue,
  utilizationGauge,
  utilizationOf,
} from './replicas.ts';

/** What was found of a metric: readings by Pod, one value in thousandths, or why there is neither. */
export type Measured =
  | { readonly byPod: ReadonlyMap<string, Reading> }
  | { readonly milli: number }
  | { readonly problem: string };

export interface ScaledPods {
  readonly elapsedSince: ElapsedSince;
  /** Of the scale target. */
  readonly pods: readonly Pod[];
  readonly specReplicas: number;
  readonly statusReplicas: number;
}

/** A scale and where it comes from, or why there is none: a reason and the two texts that tell of it. */
export type Proposal =
  | { readonly replicas: number; readonly name: string; readonly status: HpaMetricStatus }
  | { readonly reason: string; readonly problem: string };

const NO_READINGS = 'did not receive metrics for targeted pods (pods might be unready)';
const NO_PODS = 'no pods returned by selector while calculating replica count';

export function proposal(metric: HpaMetric, measured: Measured, scaled: ScaledPods): Proposal {
  switch (metric.type) {
    case 'Resource':
    case 'ContainerResource':
      return byResource(metric, measured, scaled);
    case 'Pods':
      return byPodsMetric(metric, measured, scaled);
    case 'Object':
      return byObject(metric, measured, scaled);
    case 'External':
      return byExternal(metric, measured, scaled);
    default:
      return {
        reason: 'InvalidMetricSourceType',
        problem: `unknown metric source type ${JSON.stringify(metric.type)}`,
      };
  }
}

function byResource(metric: HpaMetric, measured: Measured, scaled: ScaledPods): Proposal {
  const source = metric.containerResource ?? metric.resource;
  const resource = source?.name ?? '';
  const container = metric.containerResource?.container;
  const what = container === undefined ? `${resource} resource` : `${resource} container resource`;
  const failed = (problem: string): Proposal =>
    container === undefined
      ? { reason: 'FailedGetResourceMetric', problem: `failed to get ${resource} utilization: ${problem}` }
      : {
          reason: 'FailedGetContainerResourceMetric',
          problem: `failed to get ${resource} container metric: ${problem}`,
        };
  if (!('byPod' in measured))
    return failed(`unable to get metrics for resource ${resource}: ${'problem' in measured ? measured.problem : ''}`);
  const grouped = groupPods(scaled.pods, measured.byPod, {
    elapsedSince: scaled.elapsedSince,
    isCpu: resource === 'cpu',
  });
  const problem = emptiness(grouped, scaled);
  if (problem) return failed(problem);

  const status = (current: NonNullable<HpaMetricStatus['resource']>['current']): HpaMetricStatus =>
    container === undefined
      ? { type: 'Resource', resource: { name: resource, current } }
      : { type: 'ContainerResource', containerResource: { name: resource, container, current } };
  const averageValue = milliQuantity(averageOf(grouped.ready));
  const target = milliOf(source?.target.averageValue);
  if (target !== undefined) {
    const replicas = replicasByPods(grouped, averageGauge(target), scaled.specReplicas) ?? scaled.specReplicas;
    return { replicas, name: what, status: status({ averageValue }) };
  }
  const requests = requestsOf(scaled.pods, resource, container);
  if (typeof requests === 'string') return failed(requests);
  const percent = utilizationOf(grouped.ready, requests);
  const gauge: Gauge = utilizationGauge(requests, source?.target.averageUtilization ?? 0);
  const replicas = replicasByPods(grouped, gauge, scaled.specReplicas);
  if (percent === undefined || replicas === undefined) return failed('no metrics returned matched known pods');
  return {
    replicas,
    name: `${what} utilization (percentage of request)`,
    status: status({ averageUtilization: percent, averageValue }),
  };
}

function byPodsMetric({ pods }: HpaMetric, measured: Measured, scaled: ScaledPods): Proposal {
  const name = pods?.metric.name ?? '';
  const failed = (problem: string): Proposal => ({
    reason: 'FailedGetPodsMetric',
    problem: `failed to get pods metric value: ${problem}`,
  });
  if (!pods || !('byPod' in measured))
    return failed(`unable to get metric ${name}: ${'problem' in measured ? measured.problem : ''}`);
  const grouped = groupPods(scaled.pods, measured.byPod, { elapsedSince: scaled.elapsedSince, isCpu: false });
  const problem = emptiness(grouped, scaled);
  if (problem) return failed(problem);
  const gauge = averageGauge(milliOf(pods.target.averageValue) ?? 0);
  return {
    replicas: replicasByPods(grouped, gauge, scaled.specReplicas) ?? scaled.specReplicas,
    name: `pods metric ${name}`,
    status: {
      type: 'Pods',
      pods: { metric: pods.metric, current: { averageValue: milliQuantity(averageOf(grouped.ready)) } },
    },
  };
}

function byObject({ object }: HpaMetric, measured: Measured, scaled: ScaledPods): Proposal {
  const name = object?.metric.name ?? '';
  if (!object || !('milli' in measured))
    return {
      reason: 'FailedGetObjectMetric',
      problem: `failed to get object metric value: unable to get metric ${name}: ${'problem' in measured ? measured.problem : ''}`,
    };
  const { describedObject, metric, target } = object;
  const { replicas, current } = byOneValue(target, measured.milli, scaled);
  const title = `${describedObject.kind} metric ${name}`;
  return { replicas, name: title, status: { type: 'Object', object: { describedObject, metric, current } } };
}

function byExternal({ external }: HpaMetric, measured: Measured, scaled: ScaledPods): Proposal {
  const name = external?.metric.name ?? '';
  if (!external || !('milli' in measured))
    return {
      reason: 'FailedGetExternalMetric',
      problem: `failed to get ${name} external metric value: failed to get external metric ${name}: ${'problem' in measured ? measured.problem : ''}`,
    };
  const { metric, target } = external;
  const { replicas, current } = byOneValue(target, measured.milli, scaled);
  const selector = metric.selector ? JSON.stringify(metric.selector) : 'nil';
  return {
    replicas,
    name: `external metric ${name}(${selector})`,
    status: { type: 'External', external: { metric, current } },
  };
}

/** A value that all Pods share out, or one that stands for all of them. */
function byOneValue(target: HpaMetricTarget, milli: number, { pods, specReplicas, statusReplicas }: ScaledPods) {
  const each = milliOf(target.averageValue);
  if (each !== undefined) {
    const averageValue = milliQuantity(Math.ceil(milli / Math.max(1, statusReplicas)));
    return { replicas: replicasByShare(milli, each, statusReplicas), current: { averageValue } };
  }
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isPodReady(pod)).length;
  const replicas = replicasByValue(milli, milliOf(target.value) ?? 0, specReplicas, ready);
  return { replicas, current: { value: milliQuantity(milli) } };
}

function emptiness({ ready }: Grouped, { pods }: ScaledPods): string | undefined {
  if (pods.length === 0) return NO_PODS;
  return ready.size === 0 ? NO_READINGS : undefined;
}

function milliOf(value: string | number | undefined): number | undefined {
  const plain = value === undefined ? undefined : parseQuantity(value);
  return plain === undefined ? undefined : Math.round(plain * 1000);
}

/** What each Pod requests, in thousandths, or which container does not say. */
function requestsOf(
  pods: readonly Pod[],
  resource: string,
  container: string | undefined,
): ReadonlyMap<string, number> | string {
  const requests = new Map<string, number>();
  for (const { metadata, spec } of pods) {
    let sum = 0;
    for (const { name, resources } of spec.containers) {
      if (container !== undefined && name !== container) continue;
      const request = milliOf(resources?.requests?.[resource]);
      if (request === undefined) return `missing request for ${resource} in container ${name} of Pod ${metadata.name}`;
      sum += request;
    }
    requests.set(metadata.name, sum);
  }
  return requests;
}
