// What a Pod's claims say against placing it, in kube-scheduler's words. Pure.

import type { PersistentVolumeClaim, Pod, StorageClass } from '#kinds/mod.ts';
import { claimsOf } from '#kinds/mod.ts';

export interface ClaimReader {
  claim(name: string): PersistentVolumeClaim | undefined;
  storageClass(name: string): StorageClass | undefined;
}

/** The first thing that keeps a Pod waiting for its claims; undefined where nothing does. */
export function claimProblem(pod: Pod, reader: ClaimReader): string | undefined {
  for (const name of claimsOf(pod)) {
    const problem = problemOf(pod, name, reader);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function problemOf(pod: Pod, name: string, { claim, storageClass }: ClaimReader): string | undefined {
  const found = claim(name);
  const quoted = JSON.stringify(name);
  const isEphemeral = !pod.spec.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === name);
  if (!found)
    return isEphemeral
      ? `waiting for ephemeral volume controller to create the persistentvolumeclaim ${quoted}`
      : `persistentvolumeclaim ${quoted} not found`;
  const { spec, status, metadata } = found;
  if (status?.phase === 'Lost')
    return `persistentvolumeclaim ${quoted} bound to non-existent persistentvolume ${JSON.stringify(spec.volumeName ?? '')}`;
  if (metadata.deletionTimestamp) return `persistentvolumeclaim ${quoted} is being deleted`;
  if (status?.phase === 'Bound') return undefined;
  const waits = storageClass(spec.storageClassName ?? '')?.volumeBindingMode === 'WaitForFirstConsumer';
  return waits ? undefined : 'pod has unbound immediate PersistentVolumeClaims';
}

/** Whether another Pod holds a claim that only one may use at a time. */
export function isTaken(pod: Pod, there: readonly Pod[], { claim }: ClaimReader): boolean {
  const single = claimsOf(pod).filter((name) => claim(name)?.spec.accessModes?.includes('ReadWriteOncePod'));
  if (single.length === 0) return false;
  const others = there.filter(({ metadata }) => metadata.namespace === pod.metadata.namespace);
  return others.some((other) => claimsOf(other).some((name) => single.includes(name)));
}
