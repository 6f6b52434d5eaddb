// The Pods of a Revision: how they are found and counted.

import { index } from '#engine/mod.ts';
import { Pod, REVISION_LABEL } from '#kinds/mod.ts';

export const PODS_BY_REVISION = 'serving/pods-by-revision';

/** Pods by `namespace/revision`. */
export const podsByRevision = index(Pod, PODS_BY_REVISION, ({ metadata }) => {
  const revision = metadata.labels?.[REVISION_LABEL];
  return revision ? [`${metadata.namespace}/${revision}`] : [];
});

/** Whether a Pod takes requests: ready, and not on its way out. */
export function isServing(pod: Pod): boolean {
  return isPodReady(pod) && pod.metadata.deletionTimestamp === undefined;
}

export function isPodReady({ status }: Pod): boolean {
  return (status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');
}

export interface PodCounts {
  readonly ready: number;
  /** With those that are pending. */
  readonly notReady: number;
  readonly pending: number;
  readonly terminating: number;
}

export function countPods(pods: readonly Pod[]): PodCounts {
  const terminating = pods.filter(({ metadata }) => metadata.deletionTimestamp !== undefined).length;
  const ready = pods.filter(isServing).length;
  const pending = pods.filter(
    ({ metadata, status }) => !metadata.deletionTimestamp && status?.phase === 'Pending',
  ).length;
  return { ready, pending, terminating, notReady: pods.length - ready - terminating };
}
