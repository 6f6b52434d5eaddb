// config-autoscaler: how revisions follow their traffic.

import { formatDuration } from '#base/mod.ts';
import type { ConfigOf, ConfigValues } from './define.ts';
import { defineConfigMap } from './define.ts';
import { decimal, duration, onOff, whole32, words } from './settings.ts';

export const KPA_CLASS = 'kpa.autoscaling.knative.dev';
export const HPA_CLASS = 'hpa.autoscaling.knative.dev';
/** The bounds of a stable window, milliseconds. */
export const WINDOW_MIN_MS = 6000;
export const WINDOW_MAX_MS = 3_600_000;
/** The least that may be aimed at. */
export const TARGET_MIN = 0.01;

const rows = {
  'container-concurrency-target-percentage': decimal(
    70,
    'How full an instance should be kept, in percent of its limit. Values up to 1 are read as fractions.',
  ),
  'container-concurrency-target-default': decimal(
    100,
    'Requests at once that an instance should hold where it has no limit of its own.',
  ),
  'requests-per-second-target-default': decimal(
    200,
    'Requests per second that an instance should take where rps is the metric.',
  ),
  'target-burst-capacity': decimal(
    211,
    'How large a burst should be buffered rather than sent straight to instances. 0 buffers only while there is no instance, -1 always.',
  ),
  'stable-window': duration(60_000, 'The time over which load is averaged in quiet times, from 6s to 1h.'),
  'panic-window-percentage': decimal(
    10,
    'How long the window for sudden load is, in percent of the stable window.',
    '10.0',
  ),
  'panic-threshold-percentage': decimal(
    200,
    'From which share of what the present instances can take on sudden load counts as panic.',
    '200.0',
  ),
  'max-scale-up-rate': decimal(1000, 'The most by which the number of instances may be multiplied at once.', '1000.0'),
  'max-scale-down-rate': decimal(2, 'The most by which the number of instances may be divided at once.', '2.0'),
  'enable-scale-to-zero': onOff(true, 'Whether a revision without traffic may have no instances.'),
  'scale-to-zero-grace-period': duration(
    30_000,
    'How long to wait at most for the network to be ready before the last instance goes.',
  ),
  'scale-to-zero-pod-retention-period': duration(
    0,
    'How long the last instance is kept at least after it was decided that it should go.',
  ),
  'pod-autoscaler-class': words(KPA_CLASS, 'Which autoscaler looks after revisions that name none.'),
  'activator-capacity': decimal(100, 'How many requests at once one activator can hold.', '100.0'),
  'initial-scale': whole32(1, 'How many instances a new revision must reach before it is ready.'),
  'allow-zero-initial-scale': onOff(false, 'Whether a revision may start with no instance.'),
  'min-scale': whole32(0, 'The fewest instances of revisions that say nothing of it.'),
  'max-scale': whole32(0, 'The most instances of revisions that say nothing of it; 0 is no limit.'),
  'scale-down-delay': duration(0, 'How long less load must last before there are fewer instances.'),
  'max-scale-limit': whole32(0, 'The most that a revision may ask for as its max-scale; 0 is no limit.'),
} as const;
type Values = ConfigValues<typeof rows>;

/** Percent or fraction in, fraction out. */
const fraction = (value: number): number => (value > 1 ? value / 100 : value);

export const autoscalerConfig = defineConfigMap('config-autoscaler', rows, {
  component: 'autoscaler',
  doc: '',
  faultPrefix: 'failed to parse data: ',
  derive: (values) => ({
    /** container-concurrency-target-percentage as a fraction of 1. */
    containerConcurrencyTargetFraction: fraction(values.containerConcurrencyTargetPercentage),
  }),
  check: (values) => durationFault(values) ?? targetFault(values) ?? rateFault(values) ?? scaleFault(values),
});
export type AutoscalerConfig = ConfigOf<typeof autoscalerConfig>;

function durationFault(values: Values): string | undefined {
  const { scaleToZeroGracePeriod: grace, scaleDownDelay: delay, scaleToZeroPodRetentionPeriod: retention } = values;
  const { stableWindow } = values;
  if (grace <= 0) return `scale-to-zero-grace-period must be positive, was: ${formatDuration(grace)}`;
  if (delay < 0) return `scale-down-delay cannot be negative, was: ${formatDuration(delay)}`;
  if (delay % 1000)
    return `scale-down-delay = ${formatDuration(delay)}, must be specified with at most second precision`;
  if (retention < 0) {
    return `scale-to-zero-pod-retention-period cannot be negative, was: ${formatDuration(retention)}`;
  }
  if (stableWindow < WINDOW_MIN_MS || stableWindow > WINDOW_MAX_MS) {
    return `stable-window = ${formatDuration(stableWindow)}, must be in [6s; 1h0m0s] range`;
  }
  if (stableWindow % 1000) {
    return `stable-window = ${formatDuration(stableWindow)}, must be specified with at most second precision`;
  }
  return undefined;
}

function targetFault(values: Values): string | undefined {
  const share = fraction(values.containerConcurrencyTargetPercentage);
  const burst = values.targetBurstCapacity;
  if (burst < 0 && burst !== -1) {
    return `target-burst-capacity must be either non-negative or -1 (for unlimited), was: ${burst.toFixed(6)}`;
  }
  if (share <= 0 || share > 1) {
    return `container-concurrency-target-percentage = ${share.toFixed(6)} is outside of valid range of (0, 100]`;
  }
  const target = share * values.containerConcurrencyTargetDefault;
  if (target < TARGET_MIN) {
    return `container-concurrency-target-percentage and container-concurrency-target-default yield target concurrency of ${target}, can't be less than ${TARGET_MIN}`;
  }
  const rps = values.requestsPerSecondTargetDefault;
  if (rps < TARGET_MIN) return `requests-per-second-target-default must be at least ${TARGET_MIN}, was: ${rps}`;
  return undefined;
}

function rateFault(values: Values): string | undefined {
  const { activatorCapacity, maxScaleUpRate, maxScaleDownRate, panicWindowPercentage: panic } = values;
  if (activatorCapacity < 1) return `activator-capacity = ${activatorCapacity}, must be at least 1`;
  if (maxScaleUpRate <= 1) return `max-scale-up-rate = ${maxScaleUpRate}, must be greater than 1.0`;
  if (maxScaleDownRate <= 1) return `max-scale-down-rate = ${maxScaleDownRate}, must be greater than 1.0`;
  if (panic < 1 || panic > 100) return `panic-window-percentage = ${panic}, must be in [1, 100] interval`;
  return undefined;
}

function scaleFault(values: Values): string | undefined {
  const { initialScale, allowZeroInitialScale, minScale, maxScale, maxScaleLimit } = values;
  if (initialScale < 0 || (initialScale === 0 && !allowZeroInitialScale)) {
    return `initial-scale = ${initialScale}, must be at least 0 (or at least 1 when allow-zero-initial-scale is false)`;
  }
  if (minScale < 0) return `min-scale = ${minScale}, must be at least 0`;
  const least = maxScaleLimit > 0 ? 1 : 0;
  if (maxScale < least || (maxScaleLimit > 0 && maxScale > maxScaleLimit)) {
    return `max-scale = ${maxScale}, must be in [${least}, max-scale-limit(${maxScaleLimit})] range`;
  }
  if (maxScaleLimit < 0) return `max-scale-limit = ${maxScaleLimit}, must be at least 0`;
  if (minScale > maxScale && maxScale > 0) return `min-scale (${minScale}) must be less than max-scale (${maxScale})`;
  return undefined;
}
