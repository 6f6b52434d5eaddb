// The autoscaling annotations of a revision over the settings of config-autoscaler.

import type { AutoscalerSpec, Reachability } from '#autoscaler/mod.ts';
import { parseDuration } from '#base/mod.ts';
import type { AutoscalerConfig, AutoscalingSetting, PodAutoscaler } from '#kinds/mod.ts';
import { autoscalingAnnotation, PROGRESS_DEADLINE_ANNOTATION } from '#kinds/mod.ts';

type Annotations = Readonly<Record<string, string>> | undefined;

/** A setting as it is annotated, in whichever of its spellings counts. */
export function textOf(annotations: Annotations, setting: AutoscalingSetting): string | undefined {
  return autoscalingAnnotation(annotations, setting)?.value;
}

export function numberOf(annotations: Annotations, setting: AutoscalingSetting): number | undefined {
  const text = textOf(annotations, setting);
  const value = text === undefined || text.trim() === '' ? NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

export function durationOf(annotations: Annotations, setting: AutoscalingSetting): number | undefined {
  const text = textOf(annotations, setting);
  return text === undefined ? undefined : parseDuration(text);
}

export function classOf(annotations: Annotations, config: AutoscalerConfig): string {
  return textOf(annotations, 'class') ?? config.podAutoscalerClass;
}

/** How many copies a revision begins with: at least its minimum. Zero only where the platform allows it. */
export function initialScaleOf(annotations: Annotations, config: AutoscalerConfig): number {
  const asked = numberOf(annotations, 'initialScale');
  const allowed = asked !== undefined && (asked > 0 || config.allowZeroInitialScale);
  return allowed ? asked : config.initialScale;
}

/** How long a revision may take to come up. */
export function progressDeadlineMsOf(annotations: Annotations, configured: number): number {
  const asked = parseDuration(annotations?.[PROGRESS_DEADLINE_ANNOTATION] ?? '');
  return asked !== undefined && asked > 0 ? asked : configured;
}

/** How long the last copy is kept after it fell idle. */
export function retentionMsOf(annotations: Annotations, config: AutoscalerConfig): number {
  return durationOf(annotations, 'scaleToZeroPodRetentionPeriod') ?? config.scaleToZeroPodRetentionPeriod;
}

/** Both spellings of it. */
const EXPONENTIAL = new Set(['weighted-exponential', 'weightedExponential']);

/** All settings of one revision's autoscaling. */
export function autoscalerSpecOf({ metadata, spec }: PodAutoscaler, config: AutoscalerConfig): AutoscalerSpec {
  const { annotations } = metadata;
  const metric = textOf(annotations, 'metric') === 'rps' ? 'rps' : 'concurrency';
  const target = numberOf(annotations, 'target');
  return {
    metric,
    aggregation: EXPONENTIAL.has(textOf(annotations, 'metricAggregationAlgorithm') ?? '')
      ? 'weighted-exponential'
      : 'linear',
    stableWindowMs: durationOf(annotations, 'window') ?? config.stableWindow,
    panicWindowPercentage: numberOf(annotations, 'panicWindowPercentage') ?? config.panicWindowPercentage,
    panicThresholdPercentage: numberOf(annotations, 'panicThresholdPercentage') ?? config.panicThresholdPercentage,
    ...(target === undefined ? {} : { target }),
    defaultTarget: metric === 'rps' ? config.requestsPerSecondTargetDefault : config.containerConcurrencyTargetDefault,
    utilization: utilizationOf(annotations, metric, config),
    targetBurstCapacity: numberOf(annotations, 'targetBurstCapacity') ?? config.targetBurstCapacity,
    containerConcurrency: spec.containerConcurrency ?? 0,
    initialScale: initialScaleOf(annotations, config),
    minScale: numberOf(annotations, 'minScale') ?? config.minScale,
    maxScale: numberOf(annotations, 'maxScale') ?? config.maxScale,
    activationScale: numberOf(annotations, 'activationScale') ?? 1,
    scaleDownDelayMs: durationOf(annotations, 'scaleDownDelay') ?? config.scaleDownDelay,
    maxScaleUpRate: config.maxScaleUpRate,
    maxScaleDownRate: config.maxScaleDownRate,
    reachability: reachOf(spec.reachability),
  };
}

/** For requests a second the share is fixed, as Knative has it. */
const RPS_UTILIZATION = 0.7;

function utilizationOf(annotations: Annotations, metric: 'rps' | 'concurrency', config: AutoscalerConfig): number {
  const percent = numberOf(annotations, 'targetUtilizationPercentage');
  if (percent !== undefined) return percent / 100;
  return metric === 'rps' ? RPS_UTILIZATION : config.containerConcurrencyTargetFraction;
}

function reachOf(text: string | undefined): Reachability {
  if (text === 'Reachable') return 'reachable';
  return text === 'Unreachable' ? 'unreachable' : 'unknown';
}
