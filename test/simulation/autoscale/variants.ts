// What is compared: Knative's defaults as they are, and one thing changed at a time.

import type { AutoscalerSpec } from '#autoscaler/mod.ts';
import { autoscalerConfig, PodAutoscaler } from '#kinds/mod.ts';
import { autoscalerSpecOf } from '../../../src/serving/podautoscaler/annotations.ts';
import type { Settings } from './revision.ts';

export interface Variant {
  readonly name: string;
  readonly settings: Settings;
}

const CONFIG = autoscalerConfig.parse({});
/** Of a revision that says nothing and that a route points to. */
const DEFAULTS: AutoscalerSpec = autoscalerSpecOf(
  {
    apiVersion: PodAutoscaler.apiVersion,
    kind: PodAutoscaler.kind,
    metadata: { name: 'app' },
    spec: { protocolType: 'http1', reachability: 'Reachable', scaleTargetRef: {} },
  },
  CONFIG,
);

export interface ColdStarts {
  /** Of Ebb. */
  readonly ownMs: number;
  /** Of Knative on Kubernetes. */
  readonly knativeMs: number;
}

export function variants({ ownMs, knativeMs }: ColdStarts): Variant[] {
  const own: Settings = { spec: DEFAULTS, graceMs: CONFIG.scaleToZeroGracePeriod, retentionMs: 0, coldStartMs: ownMs };
  const spec = (change: Partial<AutoscalerSpec>): Settings => ({ ...own, spec: { ...DEFAULTS, ...change } });
  return [
    { name: 'Knative: defaults', settings: { ...own, coldStartMs: knativeMs } },
    {
      name: 'Knative: pod retention 10 min',
      settings: { ...own, coldStartMs: knativeMs, retentionMs: 600_000 },
    },
    { name: 'Ebb: defaults', settings: own },
    { name: 'Ebb: window 6 s', settings: spec({ stableWindowMs: 6000 }) },
    {
      name: 'Ebb: window 6 s, grace 5 s, TBC 0',
      settings: { ...spec({ stableWindowMs: 6000, targetBurstCapacity: 0 }), graceMs: 5000 },
    },
    { name: 'Ebb: window 5 min', settings: spec({ stableWindowMs: 300_000 }) },
    { name: 'Ebb: TBC 0', settings: spec({ targetBurstCapacity: 0 }) },
    { name: 'Ebb: TBC -1', settings: spec({ targetBurstCapacity: -1 }) },
    { name: 'Ebb: pod retention 10 min', settings: { ...own, retentionMs: 600_000 } },
    { name: 'Ebb: min-scale 1', settings: spec({ minScale: 1 }) },
  ];
}
