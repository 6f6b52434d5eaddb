// What a PodAutoscaler makes: a Metric and a ServerlessService for clients to see, and where it is of that class a HorizontalPodAutoscaler.

import type { AutoscalerSpec } from '#autoscaler/mod.ts';
import { minScaleOf, panicWindowMs } from '#autoscaler/mod.ts';
import type { AutoscalerConfig, HpaMetric, PodAutoscaler } from '#kinds/mod.ts';
import { HorizontalPodAutoscaler, Metric, ServerlessService } from '#kinds/mod.ts';
import { autoscalerSpecOf, durationOf, numberOf, textOf } from './annotations.ts';

const NS_PER_MS = 1_000_000;

/** `scrapeTarget` is the private Service, or empty where requests are always counted on their way. */
export function metricOf(pa: PodAutoscaler, spec: AutoscalerSpec, scrapeTarget: string): Metric {
  return {
    apiVersion: Metric.apiVersion,
    kind: Metric.kind,
    metadata: identity(pa),
    spec: {
      stableWindow: spec.stableWindowMs * NS_PER_MS,
      panicWindow: panicWindowMs(spec) * NS_PER_MS,
      scrapeTarget,
    },
  };
}

export function serverlessServiceOf(
  pa: PodAutoscaler,
  mode: 'Serve' | 'Proxy',
  numActivators: number,
): ServerlessService {
  const { apiVersion, kind, name } = pa.spec.scaleTargetRef;
  return {
    apiVersion: ServerlessService.apiVersion,
    kind: ServerlessService.kind,
    metadata: identity(pa),
    spec: {
      mode,
      objectRef: { apiVersion, kind, name },
      protocolType: pa.spec.protocolType,
      numActivators,
    },
  };
}

const MOST_REPLICAS = 2 ** 31 - 1;

/** What Kubernetes' autoscaler is to do for a PodAutoscaler of its class. Without a target it goes by its own defaults. */
export function horizontalPodAutoscalerOf(pa: PodAutoscaler, config: AutoscalerConfig): HorizontalPodAutoscaler {
  const { annotations } = pa.metadata;
  const { apiVersion = '', kind = '', name = '' } = pa.spec.scaleTargetRef;
  const settings = autoscalerSpecOf(pa, config);
  const min = minScaleOf(settings);
  const metric = hpaMetricOf(textOf(annotations, 'metric') ?? 'cpu', numberOf(annotations, 'target'));
  const windowMs = durationOf(annotations, 'window');
  const calm = { stabilizationWindowSeconds: Math.floor((windowMs ?? 0) / 1000) };
  return {
    apiVersion: HorizontalPodAutoscaler.apiVersion,
    kind: HorizontalPodAutoscaler.kind,
    metadata: identity(pa),
    spec: {
      scaleTargetRef: { apiVersion, kind, name },
      ...(min > 0 ? { minReplicas: min } : {}),
      maxReplicas: settings.maxScale || MOST_REPLICAS,
      ...(metric ? { metrics: [metric] } : {}),
      ...(windowMs === undefined ? {} : { behavior: { scaleUp: calm, scaleDown: calm } }),
    },
  };
}

function hpaMetricOf(name: string, target: number | undefined): HpaMetric | undefined {
  if (target === undefined) return undefined;
  switch (name) {
    case 'cpu':
      return {
        type: 'Resource',
        resource: { name, target: { type: 'Utilization', averageUtilization: Math.ceil(target) } },
      };
    case 'memory':
      return {
        type: 'Resource',
        resource: { name, target: { type: 'AverageValue', averageValue: mebibytes(target) } },
      };
    default:
      return {
        type: 'Pods',
        pods: { metric: { name }, target: { type: 'AverageValue', averageValue: String(Math.trunc(target)) } },
      };
  }
}

function mebibytes(target: number): string {
  const whole = Math.trunc(target);
  return whole > 0 && whole % 1024 === 0 ? `${whole / 1024}Gi` : `${whole}Mi`;
}

function identity({ metadata }: PodAutoscaler) {
  const { name, namespace, labels, annotations } = metadata;
  return { name, namespace, labels: { ...labels }, annotations: { ...annotations } };
}
