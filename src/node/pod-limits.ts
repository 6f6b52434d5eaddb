// What ends a Pod from without, whatever its containers do: its time is over, or its scratch space has outgrown its bound.

import type { Pod } from '#kinds/mod.ts';
import { gracePeriodMs } from './grace.ts';
import type { PodLife } from './pod-life.ts';
import { boundedVolumes, outgrown } from './scratch-bound.ts';

/** As often as kubelet looks for what is to be evicted. */
const SCRATCH_LOOK_MS = 10_000;

/** Why a Pod has failed, as its status tells it. */
export interface PodFailure {
  readonly reason: string;
  readonly message: string;
}

export interface LimitedPod {
  /** It has run to its end: no limit counts any more. */
  hasRunOut(): boolean;
  volumeFolders(): ReadonlyMap<string, string>;
  /** It has failed; its containers have so long to end. */
  fail(failure: PodFailure, graceMs: number): void;
}

/** What is left of its activeDeadlineSeconds, which count from its first start; undefined where it has all the time. */
export function timeLeftMs({ spec, status }: Pod, now: number): number | undefined {
  const { activeDeadlineSeconds: seconds } = spec;
  if (seconds === undefined) return undefined;
  const begun = Date.parse(status?.startTime ?? '') || now;
  return begun + seconds * 1000 - now;
}

/** Looks from now on for as long as the Pod lives. */
export function watchLimits(life: PodLife, pod: LimitedPod): void {
  limitTime(life, pod);
  if (boundedVolumes(life.pod).length > 0) limitScratch(life, pod);
}

function limitTime(life: PodLife, pod: LimitedPod): void {
  const leftMs = timeLeftMs(life.pod, life.ports.clock.now());
  if (leftMs === undefined) return;
  life.after(leftMs, () => {
    if (pod.hasRunOut() || life.isOver) return;
    const message = 'Pod was active on the node longer than the specified deadline';
    life.event('Normal', 'DeadlineExceeded', message);
    pod.fail({ reason: 'DeadlineExceeded', message }, gracePeriodMs(life.pod));
  });
}

/** Costs the Pod its life, as an eviction. */
function limitScratch(life: PodLife, pod: LimitedPod): void {
  life.after(SCRATCH_LOOK_MS, () => {
    void outgrown(life.pod, pod.volumeFolders()).then((message) => {
      if (pod.hasRunOut() || life.isOver) return;
      if (message === undefined) return limitScratch(life, pod);
      life.event('Warning', 'Evicted', message);
      pod.fail({ reason: 'Evicted', message }, 0);
    });
  });
}
