// What ends a Pod from without, whatever its containers do: its time is over, or what it has on disk has outgrown its bound.

import type { Pod } from '#kinds/mod.ts';
import { gracePeriodMs } from './grace.ts';
import type { PodLife } from './pod-life.ts';
import { boundedStorage, outgrown } from './storage-bound.ts';
import type { StoragePlaces } from './storage-use.ts';
import { storageUse } from './storage-use.ts';

/** As often as kubelet looks for what is to be evicted. */
const STORAGE_LOOK_MS = 10_000;
/** After a look through a great many files the next one waits so many times as long as it took. */
const LOOK_REST = 5;

/** Why a Pod has failed, as its status tells it. */
export interface PodFailure {
  readonly reason: string;
  readonly message: string;
}

export interface LimitedPod {
  /** It has run to its end: no limit counts any more. */
  hasRunOut(): boolean;
  /** Where what it has on disk lies. */
  storage(): StoragePlaces;
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
  const { volumes, hasLimits } = boundedStorage(life.pod);
  if (volumes.length > 0 || hasLimits) limitStorage(life, pod);
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

/** How long until the next look, after one that took so long. */
export function nextLookMs(tookMs: number): number {
  return Math.max(STORAGE_LOOK_MS, LOOK_REST * tookMs);
}

/** Costs the Pod its life, as an eviction. */
function limitStorage(life: PodLife, pod: LimitedPod, waitMs = STORAGE_LOOK_MS): void {
  const { clock } = life.ports;
  life.after(waitMs, () => {
    const begunMs = clock.monotonic();
    const isOver = () => pod.hasRunOut() || life.isOver;
    void storageUse(life.pod, pod.storage(), isOver).then((use) => {
      if (isOver()) return;
      const message = outgrown(life.pod, use);
      if (message === undefined) return limitStorage(life, pod, nextLookMs(clock.monotonic() - begunMs));
      life.event('Warning', 'Evicted', message);
      pod.fail({ reason: 'Evicted', message }, 0);
    });
  });
}
