// What is known of a metric: usage of Pods as the node measures it, and other metrics by a port.

import { parseQuantity, parseDuration } from '#base/mod.ts';
import type { HpaMetric, LabelSelector, Pod, PodMetrics } from '#kinds/mod.ts';
import type { ResourceMetrics } from '#objects/mod.ts';
import type { Reading } from './group.ts';
import type { Measured } from './proposal.ts';

/** Metrics beyond the use of resources. What it cannot tell it throws, in words for the user. */
export interface CustomMetrics {
  /** A metric that each Pod has of itself. */
  ofPods?(metric: string, pods: readonly Pod[]): Promise<ReadonlyMap<string, Reading>>;
  /** A metric from outside, in thousandths; the sum of all series that the selector matches. */
  external?(namespace: string, metric: string, selector: LabelSelector | undefined): Promise<number>;
}

export interface MetricSources {
  readonly resources: ResourceMetrics;
  readonly custom?: CustomMetrics | undefined;
}

export async function measure(
  metric: HpaMetric,
  namespace: string,
  pods: readonly Pod[],
  sources: MetricSources,
): Promise<Measured> {
  switch (metric.type) {
    case 'Resource':
      return ofResource(sources.resources.pods(namespace), pods, metric.resource?.name ?? '', undefined);
    case 'ContainerResource': {
      const { name = '', container } = metric.containerResource ?? {};
      return ofResource(sources.resources.pods(namespace), pods, name, container);
    }
    case 'Pods':
      return ofPods(metric.pods?.metric.name ?? '', pods, sources.custom);
    case 'External':
      return ofExternal(metric, namespace, sources.custom);
    default:
      return { problem: 'unable to fetch metrics from custom metrics API: metrics of objects are not measured here' };
  }
}

/** Pods of which a container has no such value are left out. */
function ofResource(
  metrics: readonly PodMetrics[],
  pods: readonly Pod[],
  resource: string,
  container: string | undefined,
): Measured {
  const names = new Set(pods.map(({ metadata }) => metadata.name));
  const found = metrics.filter(({ metadata }) => names.has(metadata.name));
  if (found.length === 0) return { problem: 'no metrics returned from resource metrics API' };
  const byPod = new Map<string, Reading>();
  for (const { metadata, containers, timestamp, window } of found) {
    const counted = containers.filter(({ name }) => container === undefined || name === container);
    const values = counted.map(({ usage }) => parseQuantity(usage[resource] ?? ''));
    if (values.length === 0 || values.includes(undefined)) continue;
    const sum = values.reduce<number>((total, value) => total + (value ?? 0), 0);
    byPod.set(metadata.name, {
      milli: Math.ceil(sum * 1000),
      atMs: Date.parse(timestamp),
      windowMs: parseDuration(window) ?? 0,
    });
  }
  return { byPod };
}

async function ofPods(name: string, pods: readonly Pod[], custom: CustomMetrics | undefined): Promise<Measured> {
  if (!custom?.ofPods)
    return { problem: 'unable to fetch metrics from custom metrics API: there is no source of such metrics here' };
  return tried(async () => ({ byPod: (await custom.ofPods?.(name, pods)) ?? new Map<string, Reading>() }));
}

async function ofExternal(
  { external }: HpaMetric,
  namespace: string,
  custom: CustomMetrics | undefined,
): Promise<Measured> {
  if (!custom?.external || !external)
    return { problem: 'unable to fetch metrics from external metrics API: there is no source of such metrics here' };
  const { name, selector } = external.metric;
  return tried(async () => ({ milli: (await custom.external?.(namespace, name, selector)) ?? 0 }));
}

async function tried(take: () => Promise<Measured>): Promise<Measured> {
  try {
    return await take();
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
