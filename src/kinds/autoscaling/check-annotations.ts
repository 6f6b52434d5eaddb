// What Knative refuses among autoscaling annotations (knative.dev/serving/pkg/apis/autoscaling).

import { parseDuration, parseFloat64 } from '#base/mod.ts';
import { FieldErrors } from '#machinery/mod.ts';
import type { AutoscalingSetting, FoundAnnotation } from '../annotation.ts';
import { AUTOSCALING_KEYS, autoscalingAnnotation } from '../annotation.ts';
import type { AutoscalerConfig } from '../config/autoscaler.ts';
import { HPA_CLASS, KPA_CLASS, TARGET_MIN, WINDOW_MAX_MS, WINDOW_MIN_MS } from '../config/autoscaler.ts';

type Annotations = Readonly<Record<string, string>>;
const MAX_INT32 = 2147483647;
const WHOLE = /^[+-]?\d+$/;

/** Checks all autoscaling annotations; paths are the keys. */
export function checkAutoscaling(config: AutoscalerConfig, annotations: Annotations): FieldErrors {
  const errors = new FieldErrors();
  checkClass(errors, annotations);
  checkScales(errors, config, annotations);
  checkNumbers(errors, annotations);
  checkDurations(errors, annotations);
  checkMetric(errors, config, annotations);
  checkAlgorithm(errors, annotations);
  checkInitialScale(errors, config, annotations);
  return errors;
}

function canonical(setting: AutoscalingSetting): string {
  return AUTOSCALING_KEYS[setting][0] ?? '';
}

function checkClass(errors: FieldErrors, annotations: Annotations): void {
  const found = autoscalingAnnotation(annotations, 'class');
  if (!found || !found.value.endsWith('.knative.dev')) return;
  if (found.value !== KPA_CLASS && found.value !== HPA_CLASS) errors.invalid(found.value, found.key);
}

/** A whole number from 0; 0 where it is absent or refused. */
function scaleOf(errors: FieldErrors, found: FoundAnnotation | undefined): number {
  if (!found) return 0;
  if (!WHOLE.test(found.value)) {
    errors.invalid(found.value, found.key);
    return 0;
  }
  const value = Number(found.value);
  if (value >= 0 && value <= MAX_INT32) return value;
  errors.outOfBounds(found.value, 0, MAX_INT32, found.key);
  return 0;
}

function checkScales(errors: FieldErrors, config: AutoscalerConfig, annotations: Annotations): void {
  const maxFound = autoscalingAnnotation(annotations, 'maxScale');
  const min = scaleOf(errors, autoscalingAnnotation(annotations, 'minScale'));
  const max = scaleOf(errors, maxFound);
  if (max !== 0 && max < min) {
    errors.generic(`max-scale=${max} is less than min-scale=${min}`, canonical('maxScale'), canonical('minScale'));
  }
  const limit = config.maxScaleLimit;
  if (maxFound && limit !== 0) {
    if (max > limit) errors.outOfBounds(max, 1, limit, maxFound.key);
    if (max === 0) errors.generic(`max-scale=0 (unlimited), must be less than ${limit}`, maxFound.key);
  }
  checkActivation(errors, annotations, min, max);
}

function checkActivation(errors: FieldErrors, annotations: Annotations, min: number, max: number): void {
  const found = autoscalingAnnotation(annotations, 'activationScale');
  if (!found) return;
  const scale = Number(found.value);
  if (!WHOLE.test(found.value) || Math.abs(scale) > MAX_INT32) errors.invalid(found.value, found.key);
  else if (min > scale) errors.generic(`min-scale=${min} is greater than activation-scale=${scale}`, found.key);
  else if (max < scale && max !== 0)
    errors.generic(`max-scale=${max} is less than activation-scale=${scale}`, found.key);
  else if (scale < 2) errors.generic(`activation-scale=${scale} must be greater than 1`, found.key);
}

function checkNumbers(errors: FieldErrors, annotations: Annotations): void {
  checkBetween(errors, autoscalingAnnotation(annotations, 'panicWindowPercentage'), 1, 100);
  checkBetween(errors, autoscalingAnnotation(annotations, 'panicThresholdPercentage'), 110, 1000);
  checkBetween(errors, autoscalingAnnotation(annotations, 'targetUtilizationPercentage'), 1, 100);
  const target = autoscalingAnnotation(annotations, 'target');
  const aim = target && parseFloat64(target.value);
  if (target && aim === undefined) errors.invalid(target.value, target.key);
  else if (target && aim !== undefined && aim < TARGET_MIN) {
    errors.generic(`target ${target.value} should be at least ${TARGET_MIN}`, target.key);
  }
  const burst = autoscalingAnnotation(annotations, 'targetBurstCapacity');
  if (!burst) return;
  const capacity = parseFloat64(burst.value);
  if (capacity === undefined || (capacity < 0 && capacity !== -1)) errors.invalid(burst.value, burst.key);
}

function checkBetween(errors: FieldErrors, found: FoundAnnotation | undefined, low: number, high: number): void {
  if (!found) return;
  const value = parseFloat64(found.value);
  if (value === undefined) errors.invalid(found.value, found.key);
  else if (value < low || value > high) errors.outOfBounds(found.value, low, high, found.key);
}

const PRECISION = 'must be specified with at most second precision';

function checkDurations(errors: FieldErrors, annotations: Annotations): void {
  const window = autoscalingAnnotation(annotations, 'window');
  checkDuration(errors, window, WINDOW_MIN_MS, '6s', true);
  checkDuration(errors, autoscalingAnnotation(annotations, 'scaleToZeroPodRetentionPeriod'), 0, '0s', false);
  checkDuration(errors, autoscalingAnnotation(annotations, 'scaleDownDelay'), 0, '0s', true);
}

function checkDuration(
  errors: FieldErrors,
  found: FoundAnnotation | undefined,
  lowMs: number,
  low: string,
  wholeSeconds: boolean,
): void {
  if (!found) return;
  const ms = parseDuration(found.value);
  if (ms === undefined) errors.invalid(found.value, found.key);
  else if (ms < lowMs || ms > WINDOW_MAX_MS) errors.outOfBounds(found.value, low, '1h0m0s', found.key);
  else if (wholeSeconds && ms % 1000) errors.generic(PRECISION, found.key);
}

function checkMetric(errors: FieldErrors, config: AutoscalerConfig, annotations: Annotations): void {
  const found = autoscalingAnnotation(annotations, 'metric');
  if (!found) return;
  const scaler = autoscalingAnnotation(annotations, 'class')?.value ?? config.podAutoscalerClass;
  const isKnown = scaler !== KPA_CLASS || found.value === 'concurrency' || found.value === 'rps';
  const isGiven = scaler !== HPA_CLASS || found.value !== '';
  if (!isKnown || !isGiven) errors.invalid(found.value, found.key);
}

const ALGORITHMS = ['linear', 'weighted-exponential', 'weightedExponential'];

function checkAlgorithm(errors: FieldErrors, annotations: Annotations): void {
  if (autoscalingAnnotation(annotations, 'class')?.value !== KPA_CLASS) return;
  const found = autoscalingAnnotation(annotations, 'metricAggregationAlgorithm');
  if (found?.value && !ALGORITHMS.includes(found.value)) errors.invalid(found.value, found.key);
}

function checkInitialScale(errors: FieldErrors, config: AutoscalerConfig, annotations: Annotations): void {
  const found = autoscalingAnnotation(annotations, 'initialScale');
  if (!found) return;
  const scale = Number(found.value);
  if (!WHOLE.test(found.value)) errors.invalid(found.value, found.key);
  else if (scale < 0) errors.invalid(found.value, `${found.key} must be greater than 0`);
  else if (scale === 0 && !config.allowZeroInitialScale) {
    errors.invalid(found.value, `${found.key}=0 not allowed by cluster`);
  }
}
