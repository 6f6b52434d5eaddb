// What Kubernetes refuses in a HorizontalPodAutoscaler (apis/autoscaling validation).

import { parseQuantity } from '#base/mod.ts';
import type { Problems } from '#machinery/mod.ts';
import type {
  HpaMetric,
  HpaMetricIdentifier,
  HpaMetricTarget,
  HpaScalingRules,
  HpaSpec,
} from './horizontal-pod-autoscaler.ts';

/** Seconds. */
const LONGEST_WINDOW = 3600;
const LONGEST_PERIOD = 1800;
const SELECT_POLICIES = ['Disabled', 'Max', 'Min'];
const POLICY_TYPES = ['Percent', 'Pods'];

/** By the metric's type: its field. */
const SOURCES = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const;
type Source = (typeof SOURCES)[keyof typeof SOURCES];

/** `problems` are seen from the spec. */
export function checkHpa(spec: HpaSpec, problems: Problems): void {
  const { minReplicas = 1, maxReplicas, scaleTargetRef, behavior } = spec;
  if (minReplicas < 1) problems.invalid('minReplicas', minReplicas, 'must be greater than or equal to 1');
  if (maxReplicas < 1) problems.invalid('maxReplicas', maxReplicas, 'must be greater than 0');
  if (maxReplicas < minReplicas) {
    problems.invalid('maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`');
  }
  checkReference(scaleTargetRef, problems.under('scaleTargetRef'));
  for (const [at, metric] of (spec.metrics ?? []).entries()) checkMetric(metric, problems.under(`metrics[${at}]`));
  checkRules(behavior?.scaleUp, problems.under('behavior.scaleUp'));
  checkRules(behavior?.scaleDown, problems.under('behavior.scaleDown'));
}

function checkReference({ kind, name }: HpaSpec['scaleTargetRef'], problems: Problems): void {
  if (!kind) problems.required('kind');
  if (!name) problems.required('name');
}

function checkMetric(metric: HpaMetric, problems: Problems): void {
  if (!metric.type) problems.required('type', 'must specify a metric source type');
  const wanted = SOURCES[metric.type as keyof typeof SOURCES] as Source | undefined;
  if (metric.type && !wanted) problems.notSupported('type', metric.type, Object.keys(SOURCES));
  const present = Object.values(SOURCES).filter((source) => metric[source] !== undefined);
  const [first] = present;
  if (first) checkSource(first, metric, problems.under(first));
  if (!wanted) return;
  if (!present.includes(wanted)) problems.required(wanted, 'must populate information for the given metric source');
  for (const other of present)
    if (other !== wanted) problems.forbidden(other, 'must populate the given metric source only');
}

function checkSource(source: Source, metric: HpaMetric, problems: Problems): void {
  const { resource, containerResource, pods, object, external } = metric;
  switch (source) {
    case 'resource':
    case 'containerResource': {
      const found = resource ?? containerResource;
      if (!found?.name) problems.required('name', 'must specify a resource name');
      if (source === 'containerResource' && !containerResource?.container) {
        problems.required('container', 'must specify a container');
      }
      return checkResourceTarget(found?.target, problems.under('target'));
    }
    case 'pods':
      checkIdentifier(pods?.metric, problems.under('metric'));
      checkTarget(pods?.target, problems.under('target'));
      if (!isPositive(pods?.target.averageValue))
        problems.required('target.averageValue', 'must specify a positive target averageValue');
      return;
    case 'object':
      if (object) checkReference(object.describedObject, problems.under('describedObject'));
      checkIdentifier(object?.metric, problems.under('metric'));
      return checkOneTarget(object?.target, problems.under('target'), 'must set either a target value or averageValue');
    case 'external':
      checkIdentifier(external?.metric, problems.under('metric'));
      return checkOneTarget(
        external?.target,
        problems.under('target'),
        'must set either a target value for metric or a per-pod target',
      );
  }
}

function checkIdentifier(metric: HpaMetricIdentifier | undefined, problems: Problems): void {
  if (!metric?.name) problems.required('name', 'must specify a metric name');
  else if (metric.name.includes('/')) problems.invalid('name', metric.name, "must not contain '/'");
}

function checkResourceTarget(target: HpaMetricTarget | undefined, problems: Problems): void {
  checkTarget(target, problems);
  const [average, utilization] = [target?.averageValue, target?.averageUtilization];
  if (average === undefined && utilization === undefined) {
    problems.required('averageUtilization', 'must set either a target raw value or a target utilization');
  } else if (average !== undefined && utilization !== undefined) {
    problems.forbidden('averageValue', 'may not set both a target raw value and a target utilization');
  }
}

function checkOneTarget(target: HpaMetricTarget | undefined, problems: Problems, neither: string): void {
  checkTarget(target, problems);
  if (target?.value === undefined && target?.averageValue === undefined) problems.required('averageValue', neither);
  else if (target.value !== undefined && target.averageValue !== undefined) {
    problems.forbidden('value', 'may not set both a target value for metric and a per-pod target');
  }
}

function checkTarget(target: HpaMetricTarget | undefined, problems: Problems): void {
  const type = target?.type ?? '';
  if (!type) problems.required('type', 'must specify a metric target type');
  if (!['Utilization', 'Value', 'AverageValue'].includes(type)) {
    problems.invalid('type', type, 'must be either Utilization, Value, or AverageValue');
  }
  for (const field of ['value', 'averageValue'] as const) {
    const value = target?.[field];
    if (value !== undefined && !isPositive(value)) problems.invalid(field, value, 'must be positive');
  }
  const percent = target?.averageUtilization;
  if (percent !== undefined && percent < 1) {
    problems.invalid('averageUtilization', percent, 'must be greater than 0');
  }
}

function isPositive(value: string | number | undefined): boolean {
  return value !== undefined && (parseQuantity(value) ?? 0) > 0;
}

function checkRules(rules: HpaScalingRules | undefined, problems: Problems): void {
  if (!rules) return;
  const { stabilizationWindowSeconds: window = 0, selectPolicy, policies = [] } = rules;
  if (window < 0) problems.invalid('stabilizationWindowSeconds', window, 'must be greater than or equal to zero');
  if (window > LONGEST_WINDOW) {
    problems.invalid('stabilizationWindowSeconds', window, `must be less than or equal to ${LONGEST_WINDOW}`);
  }
  if (selectPolicy !== undefined && !SELECT_POLICIES.includes(selectPolicy)) {
    problems.notSupported('selectPolicy', selectPolicy, SELECT_POLICIES);
  }
  if (policies.length === 0) problems.required('policies', 'must specify at least one Policy');
  for (const [at, { type, value, periodSeconds }] of policies.entries()) {
    const under = problems.under(`policies[${at}]`);
    if (!POLICY_TYPES.includes(type)) under.notSupported('type', type, POLICY_TYPES);
    if (value <= 0) under.invalid('value', value, 'must be greater than zero');
    if (periodSeconds <= 0) under.invalid('periodSeconds', periodSeconds, 'must be greater than zero');
    if (periodSeconds > LONGEST_PERIOD) {
      under.invalid('periodSeconds', periodSeconds, `must be less than or equal to ${LONGEST_PERIOD}`);
    }
  }
}
