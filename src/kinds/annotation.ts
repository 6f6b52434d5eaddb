// Annotations under several spellings: the first spelling that is there counts.

type Annotations = Readonly<Record<string, string>> | undefined;

export interface FoundAnnotation {
  readonly key: string;
  readonly value: string;
}

/** The annotation under the first of these keys that is set. */
export function findAnnotation(annotations: Annotations, keys: readonly string[]): FoundAnnotation | undefined {
  for (const key of keys) {
    const value = annotations?.[key];
    if (value !== undefined) return { key, value };
  }
  return undefined;
}

const AUTOSCALING = 'autoscaling.knative.dev/';

/** The spellings of autoscaling settings, the one that counts first. */
export const AUTOSCALING_KEYS = {
  class: spellings('class'),
  metric: spellings('metric'),
  metricAggregationAlgorithm: spellings('metric-aggregation-algorithm', 'metricAggregationAlgorithm'),
  target: spellings('target'),
  targetUtilizationPercentage: spellings('target-utilization-percentage', 'targetUtilizationPercentage'),
  targetBurstCapacity: spellings('target-burst-capacity', 'targetBurstCapacity'),
  minScale: spellings('min-scale', 'minScale'),
  maxScale: spellings('max-scale', 'maxScale'),
  initialScale: spellings('initial-scale', 'initialScale'),
  activationScale: spellings('activation-scale'),
  scaleDownDelay: spellings('scale-down-delay', 'scaleDownDelay'),
  scaleToZeroPodRetentionPeriod: spellings('scale-to-zero-pod-retention-period', 'scaleToZeroPodRetentionPeriod'),
  window: spellings('window'),
  panicWindowPercentage: spellings('panic-window-percentage', 'panicWindowPercentage'),
  panicThresholdPercentage: spellings('panic-threshold-percentage', 'panicThresholdPercentage'),
} as const;
export type AutoscalingSetting = keyof typeof AUTOSCALING_KEYS;

function spellings(...names: string[]): readonly string[] {
  return names.map((name) => `${AUTOSCALING}${name}`);
}

/** An autoscaling setting of an object, such as `minScale`. */
export function autoscalingAnnotation(
  annotations: Annotations,
  setting: AutoscalingSetting,
): FoundAnnotation | undefined {
  return findAnnotation(annotations, AUTOSCALING_KEYS[setting]);
}

/** Whether a key is in the autoscaling group. */
export const isAutoscalingKey = (key: string): boolean => key.startsWith('autoscaling.knative.dev');
