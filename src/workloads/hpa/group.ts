// The Pods of a scale target, sorted by what their readings are worth. Pure.

import type { Pod } from '#kinds/mod.ts';
import { standardCondition } from '#kinds/mod.ts';
import type { ElapsedSince } from '../pods/readiness.ts';

/** What one Pod was measured at, in thousandths of the unit. */
export interface Reading {
  readonly milli: number;
  readonly atMs: number;
  /** The time it was averaged over, up to `atMs`. */
  readonly windowMs: number;
}

export interface Grouped {
  /** Readings of Pods that count. */
  readonly ready: ReadonlyMap<string, number>;
  /** Pods that do not do their work yet. */
  readonly unready: readonly string[];
  /** Pods that should have a reading and have none. */
  readonly missing: readonly string[];
}

/** How long a starting Pod's use of the processor says nothing of its load. */
const CPU_INITIALIZATION_MS = 300_000;
/** A Pod that became unready within this time of its start was never ready. */
const INITIAL_READINESS_MS = 30_000;

/** `isCpu`: readings of Pods that are just starting are left out. */
export function groupPods(
  pods: readonly Pod[],
  readings: ReadonlyMap<string, Reading>,
  { elapsedSince, isCpu }: { elapsedSince: ElapsedSince; isCpu: boolean },
): Grouped {
  const ready = new Map<string, number>();
  const unready: string[] = [];
  const missing: string[] = [];
  for (const { metadata, status } of pods) {
    if (metadata.deletionTimestamp || status?.phase === 'Failed') continue;
    const reading = readings.get(metadata.name);
    if (status?.phase === 'Pending') unready.push(metadata.name);
    else if (!reading) missing.push(metadata.name);
    else if (isCpu && isStarting(status, reading, elapsedSince)) unready.push(metadata.name);
    else ready.set(metadata.name, reading.milli);
  }
  return { ready, unready, missing };
}

function isStarting(status: Pod['status'], reading: Reading, elapsedSince: ElapsedSince): boolean {
  const condition = standardCondition(status, 'Ready');
  if (!condition || !status?.startTime) return true;
  const startedMs = Date.parse(status.startTime);
  const turnedMs = Date.parse(condition.lastTransitionTime ?? '') || 0;
  const isUnready = condition.status === 'False';
  if (elapsedSince(status.startTime) < CPU_INITIALIZATION_MS)
    return isUnready || reading.atMs < turnedMs + reading.windowMs;
  return isUnready && startedMs + INITIAL_READINESS_MS > turnedMs;
}
