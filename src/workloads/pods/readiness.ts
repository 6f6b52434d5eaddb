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

/** Ready for at least so many seconds. */
export function isAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  const since = readySince(pod);
  return since !== undefined && since + minReadySeconds * 1000 <= now;
}

/** Starts of its containers beyond the first, the most of any container. */
export function restartsOf({ status }: Pod): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
}
