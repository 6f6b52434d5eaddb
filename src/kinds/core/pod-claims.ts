// Which claims a Pod's volumes stand for.

import type { Pod } from './pod.ts';
import type { Volume } from './volume.ts';

/** The claim behind a volume: the one that it names, or the one that is made for this Pod alone. */
export function claimOf({ metadata }: Pod, { name, persistentVolumeClaim, ephemeral }: Volume): string | undefined {
  if (persistentVolumeClaim) return persistentVolumeClaim.claimName;
  return ephemeral ? `${metadata.name}-${name}` : undefined;
}

/** Every claim that a Pod needs. */
export function claimsOf(pod: Pod): string[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => claimOf(pod, volume) ?? []);
}
