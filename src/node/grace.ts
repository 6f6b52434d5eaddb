// How long a Pod and its processes have to end. Pure.

import type { Container, Pod } from '#kinds/mod.ts';

const USUAL_GRACE_SECONDS = 30;
/** A process has at least this long between SIGTERM and SIGKILL, also where the last requests or a hook have used up the grace. */
export const LEAST_GRACE_MS = 2000;
/** How long containers have to end when the platform itself stops. */
export const HALT_GRACE_MS = 10_000;

/** By its own word. */
export function gracePeriodMs({ spec }: Pick<Pod, 'spec'>): number {
  return (spec.terminationGracePeriodSeconds ?? USUAL_GRACE_SECONDS) * 1000;
}

/** What whoever deletes it gives it, else its own. */
export function deletionGraceMs({ metadata, spec }: Pick<Pod, 'metadata' | 'spec'>): number {
  const { deletionGracePeriodSeconds: seconds } = metadata;
  return seconds === undefined ? gracePeriodMs({ spec }) : seconds * 1000;
}

/** Between the signals, once the last requests are through. Where no grace was given, there is none to leave. */
export function signalGraceMs(graceMs: number, leftMs: number): number {
  return graceMs === 0 ? 0 : Math.max(LEAST_GRACE_MS, leftMs);
}

/** From when a run is asked to end until SIGKILL: a preStop hook that uses up the grace leaves the process its least. */
export function killGraceMs({ lifecycle }: Container, graceMs: number): number {
  return lifecycle?.preStop && graceMs > 0 ? graceMs + LEAST_GRACE_MS : graceMs;
}
