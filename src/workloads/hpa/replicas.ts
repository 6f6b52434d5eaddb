// How many replicas a measure calls for: Kubernetes' formula, with Pods that have no reading taken at what least changes the scale. Pure.

import type { Grouped } from './group.ts';

/** A change of less than this share is none. */
const TOLERANCE = 0.1;

/** A measure over some Pods: by name, thousandths of the unit. */
export interface Gauge {
  /** How far these Pods are from the target, 1 being just right; undefined where they cannot be held against it. */
  ratio(values: ReadonlyMap<string, number>): number | undefined;
  /** What a Pod without a reading is taken for where the others are below the target. */
  full(pod: string): number;
}

/** The target is a share of what Pods request, in percent. */
export function utilizationGauge(requests: ReadonlyMap<string, number>, target: number): Gauge {
  return {
    ratio: (values) => {
      const percent = utilizationOf(values, requests);
      return percent === undefined ? undefined : percent / target;
    },
    full: (pod) => ((requests.get(pod) ?? 0) * Math.max(100, target)) / 100,
  };
}

/** Whole percent; undefined where nothing is requested. */
export function utilizationOf(
  values: ReadonlyMap<string, number>,
  requests: ReadonlyMap<string, number>,
): number | undefined {
  let [used, requested] = [0, 0];
  for (const [pod, value] of values) {
    used += value;
    requested += requests.get(pod) ?? 0;
  }
  return requested > 0 ? Math.floor((used * 100) / requested) : undefined;
}

/** The target is an average for each Pod, in thousandths. */
export function averageGauge(target: number): Gauge {
  return { ratio: (values) => averageOf(values) / target, full: () => target };
}

export function averageOf(values: ReadonlyMap<string, number>): number {
  const sum = [...values.values()].reduce((total, value) => total + value, 0);
  return values.size > 0 ? Math.floor(sum / values.size) : 0;
}

/** The wanted replicas, or undefined where the readings say nothing. `current`: as the scale stands. */
export function replicasByPods(
  { ready, unready, missing }: Grouped,
  gauge: Gauge,
  current: number,
): number | undefined {
  const ratio = gauge.ratio(ready);
  if (ratio === undefined) return undefined;
  const grows = ratio > 1;
  if (missing.length === 0 && !(grows && unready.length > 0))
    return isClose(ratio) ? current : Math.ceil(ratio * ready.size);

  const guessed = new Map(ready);
  if (ratio !== 1) for (const pod of missing) guessed.set(pod, grows ? 0 : gauge.full(pod));
  if (grows) for (const pod of unready) guessed.set(pod, 0);
  const careful = gauge.ratio(guessed);
  if (careful === undefined) return undefined;
  const turns = (ratio < 1 && careful > 1) || (grows && careful < 1);
  if (isClose(careful) || turns) return current;
  const replicas = Math.ceil(careful * guessed.size);
  const strays = (careful < 1 && replicas > current) || (careful > 1 && replicas < current);
  return strays ? current : replicas;
}

/** By one value for all Pods; from zero, one replica for each target's worth. */
export function replicasByValue(value: number, target: number, current: number, ready: number): number {
  const ratio = value / target;
  if (current === 0) return Math.ceil(ratio);
  return isClose(ratio) ? current : Math.ceil(ratio * ready);
}

/** By one value that Pods share: so much for each. */
export function replicasByShare(value: number, targetEach: number, current: number): number {
  return isClose(value / (targetEach * current)) ? current : Math.ceil(value / targetEach);
}

function isClose(ratio: number): boolean {
  return Math.abs(1 - ratio) <= TOLERANCE + 1e-12;
}
