// Annotations over the platform's settings: which spelling counts, and what follows from each.

import { describe, expect, it } from 'vitest';
import type { AutoscalerSpec } from '#autoscaler/mod.ts';
import type { AutoscalerConfig, PodAutoscaler } from '#kinds/mod.ts';
import { autoscalerConfig, PodAutoscaler as Kind, PROGRESS_DEADLINE_ANNOTATION } from '#kinds/mod.ts';
import { autoscalerSpecOf, classOf, initialScaleOf, progressDeadlineMsOf, retentionMsOf } from './annotations.ts';

const KEY = 'autoscaling.knative.dev/';
const usual = autoscalerConfig.parse({});

type Settings = Readonly<Record<string, string>>;

function annotated(settings: Settings): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [KEY + key, value]));
}

function specOf(settings: Settings, spec: Partial<PodAutoscaler['spec']> = {}, config: AutoscalerConfig = usual) {
  const pa: PodAutoscaler = {
    apiVersion: Kind.apiVersion,
    kind: Kind.kind,
    metadata: { name: 'a', annotations: annotated(settings) },
    spec: { protocolType: 'http1', scaleTargetRef: {}, ...spec },
  };
  return autoscalerSpecOf(pa, config);
}

describe('autoscalerSpecOf', () => {
  it('goes by the platform where nothing is annotated', () =>
    expect(specOf({})).toEqual({
      metric: 'concurrency',
      aggregation: 'linear',
      stableWindowMs: 60_000,
      panicWindowPercentage: 10,
      panicThresholdPercentage: 200,
      defaultTarget: 100,
      utilization: 0.7,
      targetBurstCapacity: 211,
      containerConcurrency: 0,
      initialScale: 1,
      minScale: 0,
      maxScale: 0,
      activationScale: 1,
      scaleDownDelayMs: 0,
      maxScaleUpRate: 1000,
      maxScaleDownRate: 2,
      reachability: 'unknown',
    } satisfies AutoscalerSpec));

  it.each<[Settings, Partial<AutoscalerSpec>]>([
    [{ metric: 'rps' }, { metric: 'rps', defaultTarget: 200, utilization: 0.7 }],
    [{ metric: 'rps', 'target-utilization-percentage': '50' }, { utilization: 0.5 }],
    [{ 'metric-aggregation-algorithm': 'weighted-exponential' }, { aggregation: 'weighted-exponential' }],
    [{ metricAggregationAlgorithm: 'weightedExponential' }, { aggregation: 'weighted-exponential' }],
    [{ 'metric-aggregation-algorithm': 'linear' }, { aggregation: 'linear' }],
    [{ target: '0.5' }, { target: 0.5 }],
    [{ 'target-utilization-percentage': '85.5' }, { utilization: 0.855 }],
    [{ targetUtilizationPercentage: '80' }, { utilization: 0.8 }],
    [{ 'min-scale': '2', minScale: '5' }, { minScale: 2 }],
    [{ minScale: '5' }, { minScale: 5 }],
    [{ 'max-scale': '7', maxScale: '9' }, { maxScale: 7 }],
    [{ maxScale: '9' }, { maxScale: 9 }],
    [{ 'initial-scale': '3' }, { initialScale: 3 }],
    [{ initialScale: '4' }, { initialScale: 4 }],
    [{ 'initial-scale': '0' }, { initialScale: 1 }],
    [{ 'activation-scale': '3' }, { activationScale: 3 }],
    [{ 'scale-down-delay': '90s' }, { scaleDownDelayMs: 90_000 }],
    [{ scaleDownDelay: '1m' }, { scaleDownDelayMs: 60_000 }],
    [{ window: '30s' }, { stableWindowMs: 30_000 }],
    [{ 'panic-window-percentage': '20' }, { panicWindowPercentage: 20 }],
    [{ panicWindowPercentage: '15' }, { panicWindowPercentage: 15 }],
    [{ 'panic-threshold-percentage': '150' }, { panicThresholdPercentage: 150 }],
    [{ panicThresholdPercentage: '120' }, { panicThresholdPercentage: 120 }],
    [{ 'target-burst-capacity': '-1' }, { targetBurstCapacity: -1 }],
    [{ targetBurstCapacity: '0' }, { targetBurstCapacity: 0 }],
  ])('%j', (settings, wanted) => expect(specOf(settings)).toMatchObject(wanted));

  it.each<[Partial<PodAutoscaler['spec']>, Partial<AutoscalerSpec>]>([
    [{ containerConcurrency: 4 }, { containerConcurrency: 4 }],
    [{ reachability: 'Reachable' }, { reachability: 'reachable' }],
    [{ reachability: 'Unreachable' }, { reachability: 'unreachable' }],
    [{ reachability: '' }, { reachability: 'unknown' }],
  ])('spec %j', (spec, wanted) => expect(specOf({}, spec)).toMatchObject(wanted));

  it('takes the share of the platform for concurrency, and never for requests a second', () => {
    const config = autoscalerConfig.parse({ 'container-concurrency-target-percentage': '50' });
    expect(specOf({}, {}, config).utilization).toBe(0.5);
    expect(specOf({ metric: 'rps' }, {}, config).utilization).toBe(0.7);
  });
});

describe('other settings', () => {
  const zeroAllowed = autoscalerConfig.parse({ 'allow-zero-initial-scale': 'true', 'initial-scale': '2' });

  it.each<[Settings, AutoscalerConfig, number]>([
    [{}, usual, 1],
    [{ 'initial-scale': '0' }, usual, 1],
    [{ 'initial-scale': '0' }, zeroAllowed, 0],
    [{}, zeroAllowed, 2],
    [{ 'initial-scale': '6' }, zeroAllowed, 6],
  ])('initial scale of %j', (settings, config, scale) =>
    expect(initialScaleOf(annotated(settings), config)).toBe(scale),
  );

  it.each<[Settings, number]>([
    [{}, 0],
    [{ 'scale-to-zero-pod-retention-period': '1m5s' }, 65_000],
    [{ scaleToZeroPodRetentionPeriod: '30s' }, 30_000],
  ])('retention of %j', (settings, ms) => expect(retentionMsOf(annotated(settings), usual)).toBe(ms));

  it.each([
    [undefined, 600_000],
    ['30s', 30_000],
    ['-5s', 600_000],
    ['soon', 600_000],
  ])('progress deadline %s', (text, ms) => {
    const annotations: Record<string, string> = text === undefined ? {} : { [PROGRESS_DEADLINE_ANNOTATION]: text };
    expect(progressDeadlineMsOf(annotations, 600_000)).toBe(ms);
  });

  it('is of the class that is annotated, else of the platform’s', () => {
    expect(classOf(undefined, usual)).toBe('kpa.autoscaling.knative.dev');
    expect(classOf(annotated({ class: 'other.example.com' }), usual)).toBe('other.example.com');
  });
});
