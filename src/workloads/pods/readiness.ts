// What controllers ask of a Pod: is it still active, ready, and for long enough.

import type { Pod } from '#kinds/mod.ts';

type Condition = { type: string; status: string; lastTransitionTime?: string | undefined };

function condition(pod: Pod, type: string): Condition | undefined {
  return pod.status?.conditions?.find((one) => one.type === type);
}

/** Neither over nor on its way out. */
export function isActive({ metadata, status }: Pod): boolean {
  return !metadata.deletionTimestamp && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

/** Its processes are over for good. */
export function isOver({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

export function isPodReady(pod: Pod): boolean {
  return condition(pod, 'Ready')?.status === 'True';
}

/** When the Pod became ready, in milliseconds; undefined while it is not. */
export function readySince(pod: Pod): number | undefined {
  const ready = condition(pod, 'Ready');
  return ready?.status === 'True' ? Date.parse(ready.lastTransitionTime ?? '') || 0 : undefined;
}

/** How many milliseconds ago a stamp was; 0 for what is none. */
export type ElapsedSince = (stamp: string) => number;

/** Milliseconds until a ready Pod has been so for long enough, 0 where it has; undefined while it is not ready. */
export function untilAvailable(pod: Pod, minReadySeconds: number, elapsedSince: ElapsedSince): number | undefined {
  const ready = condition(pod, 'Ready');
  if (ready?.status !== 'True') return undefined;
  return minReadySeconds === 0 ? 0 : Math.max(0, minReadySeconds * 1000 - elapsedSince(ready.lastTransitionTime ?? ''));
}

/** Starts of its containers beyond the first, the most of any container. */
export function restartsOf({ status }: Pod): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
}
