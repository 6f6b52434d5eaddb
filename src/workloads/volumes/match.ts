// Which volumes a claim may have. Pure.

import { parseQuantity } from '#base/mod.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '#kinds/mod.ts';
import { matchesLabelSelector } from '#machinery/mod.ts';

/** The smallest free volume that fits; one that waits for this very claim comes first. */
export function bestMatch(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
): PersistentVolume | undefined {
  const meant = volumes.find((volume) => isFor(volume, claim) && !volume.metadata.deletionTimestamp);
  if (meant) return meant;
  const fitting = volumes.filter((volume) => isFree(volume) && isSelected(volume, claim) && !mismatch(volume, claim));
  return fitting.sort((a, b) => sizeOf(a) - sizeOf(b))[0];
}

/** Why a volume does not fit a claim, in Kubernetes' words. */
export function mismatch(volume: PersistentVolume, { spec }: PersistentVolumeClaim): string | undefined {
  const { accessModes = [], storageClassName = '', volumeMode } = volume.spec;
  if (volume.metadata.deletionTimestamp) return 'the volume is being deleted';
  if (sizeOf(volume) < wantedSize(spec)) return 'requested PV is too small';
  if (storageClassName !== (spec.storageClassName ?? '')) return 'storageClassName does not match';
  if (volumeMode !== spec.volumeMode) return 'incompatible volumeMode';
  if (!(spec.accessModes ?? []).every((mode) => accessModes.includes(mode))) return 'incompatible accessMode';
  return undefined;
}

/** Whether a volume is held for this claim: bound to it, or set aside for whoever has its name. */
export function isFor({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  if (!claimRef || claimRef.name !== metadata.name || claimRef.namespace !== metadata.namespace) return false;
  return !claimRef.uid || claimRef.uid === metadata.uid;
}

function isFree({ metadata, spec }: PersistentVolume): boolean {
  return !spec.claimRef && !metadata.deletionTimestamp;
}

function isSelected({ metadata }: PersistentVolume, { spec }: PersistentVolumeClaim): boolean {
  return !spec.selector || matchesLabelSelector(spec.selector, metadata.labels);
}

/** Bytes that a volume has. */
export function sizeOf({ spec }: PersistentVolume): number {
  return parseQuantity(spec.capacity?.['storage'] ?? 0) ?? 0;
}

/** Bytes that a claim wants. */
export function wantedSize({ resources }: PersistentVolumeClaim['spec']): number {
  return parseQuantity(resources?.requests?.['storage'] ?? 0) ?? 0;
}
