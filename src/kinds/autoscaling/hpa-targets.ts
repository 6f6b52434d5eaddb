// The TARGETS column of a HorizontalPodAutoscaler: what is measured beside what is aimed at.

import type { HpaMetric, HpaMetricStatus, HpaMetricTarget, HpaMetricValue } from './horizontal-pod-autoscaler.ts';

/** More are counted, not shown. */
const SHOWN = 2;
const UNKNOWN = '<unknown>';

/** `cpu: 12%/80%, 3/10`, or `<none>`. */
export function targetsText(metrics: readonly HpaMetric[], statuses: readonly HpaMetricStatus[]): string {
  if (metrics.length === 0) return '<none>';
  const texts = metrics.slice(0, SHOWN).map((metric, at) => targetText(metric, statuses[at]));
  const more = metrics.length - texts.length;
  return texts.join(', ') + (more > 0 ? ` + ${more} more...` : '');
}

function targetText(metric: HpaMetric, status: HpaMetricStatus | undefined): string {
  switch (metric.type) {
    case 'Resource':
      return `${metric.resource?.name}: ${ofResource(metric.resource?.target, status?.resource?.current)}`;
    case 'ContainerResource':
      return `${metric.containerResource?.name}: ${ofResource(metric.containerResource?.target, status?.containerResource?.current)}`;
    case 'Pods':
      return `${status?.pods?.current.averageValue ?? UNKNOWN}/${metric.pods?.target.averageValue}`;
    case 'Object':
      return ofOne(metric.object?.target, status?.object?.current);
    case 'External':
      return ofOne(metric.external?.target, status?.external?.current);
    default:
      return '<unknown type>';
  }
}

function ofResource(target: HpaMetricTarget | undefined, current: HpaMetricValue | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${target.averageValue}`;
  const percent = (value: number | undefined) => (value === undefined ? undefined : `${value}%`);
  return `${percent(current?.averageUtilization) ?? UNKNOWN}/${percent(target?.averageUtilization) ?? '<auto>'}`;
}

function ofOne(target: HpaMetricTarget | undefined, current: HpaMetricValue | undefined): string {
  return target?.averageValue === undefined
    ? `${current?.value ?? UNKNOWN}/${target?.value}`
    : `${current?.averageValue ?? UNKNOWN}/${target.averageValue} (avg)`;
}
