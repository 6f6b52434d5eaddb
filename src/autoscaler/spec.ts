// The settings of one revision's autoscaling, and the numbers that follow from them alone.

import { SECOND_MS } from '#base/mod.ts';
import type { Aggregation } from './windows.ts';

/** Who can reach a revision: traffic of a route, nobody, or it is not known yet. */
export type Reachability = 'reachable' | 'unreachable' | 'unknown';

export interface AutoscalerSpec {
  readonly metric: 'concurrency' | 'rps';
  readonly aggregation: Aggregation;
  readonly stableWindowMs: number;
  /** Length of the panic window in percent of the stable one. */
  readonly panicWindowPercentage: number;
  /** Panic begins where the wanted scale is this much, in percent, of what is ready. */
  readonly panicThresholdPercentage: number;
  /** What one copy should hold, as annotated; absent: the concurrency limit, else `defaultTarget`. */
  readonly target?: number;
  /** 100 for concurrency and 200 for requests a second unless told. */
  readonly defaultTarget?: number;
  /** The share of the total that is aimed at, in (0, 1]. */
  readonly utilization: number;
  /** 0: keep none; -1: unlimited. */
  readonly targetBurstCapacity: number;
  readonly containerConcurrency: number;
  readonly initialScale: number;
  readonly minScale: number;
  /** 0 = unlimited. */
  readonly maxScale: number;
  /** The least scale above zero. */
  readonly activationScale: number;
  readonly scaleDownDelayMs: number;
  readonly maxScaleUpRate: number;
  readonly maxScaleDownRate: number;
  readonly reachability: Reachability;
}

const DEFAULT_TARGET = { concurrency: 100, rps: 200 } as const;
const MIN_TARGET = 0.01;

/** What one copy can hold in all (§4.3). */
export function totalOf({ metric, target, defaultTarget, containerConcurrency }: AutoscalerSpec): number {
  const usual = defaultTarget ?? DEFAULT_TARGET[metric];
  if (metric === 'rps') return target ?? usual;
  if (containerConcurrency > 0) return Math.min(target ?? containerConcurrency, containerConcurrency);
  return target ?? usual;
}

/** The least scale in force: what nobody reaches has none. */
export function minScaleOf({ minScale, reachability }: Pick<AutoscalerSpec, 'minScale' | 'reachability'>): number {
  return reachability === 'unreachable' ? 0 : minScale;
}

/** What one copy is aimed to hold. */
export function targetOf(spec: AutoscalerSpec): number {
  return Math.max(MIN_TARGET, totalOf(spec) * spec.utilization);
}

/** Whole seconds, for that is what averages are made of; at least one. */
export function panicWindowMs({ stableWindowMs, panicWindowPercentage }: AutoscalerSpec): number {
  const exactMs = (stableWindowMs * panicWindowPercentage) / 100;
  return Math.max(1, Math.round(exactMs / SECOND_MS)) * SECOND_MS;
}
