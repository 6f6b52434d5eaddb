// Tells whether a volume is free, bound or left behind, and takes away what nobody is to have any more.

import { copy, messageOf, rfc3339 } from '#base/mod.ts';
import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController, watch } from '#engine/mod.ts';
import { BOUND_BY_US_ANNOTATION, PersistentVolume, PersistentVolumeClaim, VOLUME_PROTECTION } from '#kinds/mod.ts';
import type { VolumeFolders } from './claim-controller.ts';
import type { VolumeStep } from './decide.ts';
import { decideVolume, isOurs } from './decide.ts';
import { letGo } from './let-go.ts';

export function volumeController(folders: VolumeFolders): ControllerDefinition<PersistentVolume> {
  return defineController<PersistentVolume>({
    name: 'persistentvolume-controller',
    of: PersistentVolume,
    attendsDeletion: true,
    watches: [
      watch(PersistentVolumeClaim, ({ metadata, spec }, reader) => [
        ...(spec.volumeName ? [spec.volumeName] : []),
        ...reader
          .list(PersistentVolume)
          .filter(({ spec: { claimRef } }) => claimRef?.uid === metadata.uid)
          .map((volume) => volume.metadata.name),
      ]),
    ],
    async reconcile(turn) {
      const step = decideVolume(turn.object, claimBehind(turn));
      if (step.act === 'free') return free(turn);
      tell(turn, step);
      if (step.act === 'remove') await turn.remove(PersistentVolume, turn.object);
    },
    async finalize(turn) {
      const volume = turn.object;
      const { finalizers = [] } = volume.metadata;
      if (!finalizers.includes(VOLUME_PROTECTION) || decideVolume(volume, claimBehind(turn)).phase === 'Bound') return;
      if (volume.spec.persistentVolumeReclaimPolicy === 'Delete' && isOurs(volume)) await removeFolder(turn, folders);
      await letGo(turn, PersistentVolume, VOLUME_PROTECTION);
    },
  });
}

function claimBehind(turn: Turn<PersistentVolume>): PersistentVolumeClaim | undefined {
  const { claimRef } = turn.object.spec;
  return claimRef ? turn.get(PersistentVolumeClaim, claimRef.namespace ?? '', claimRef.name ?? '') : undefined;
}

function tell(turn: Turn<PersistentVolume>, { phase, message }: VolumeStep): void {
  const { status } = turn;
  if (status.phase === phase && status.message === message) return;
  if (phase === 'Failed') turn.event('Warning', 'VolumeFailedDelete', message ?? '');
  if (status.phase !== phase) status.lastPhaseTransitionTime = rfc3339(turn.now);
  status.phase = phase;
  if (message === undefined) delete status.message;
  else status.message = message;
}

async function free(turn: Turn<PersistentVolume>): Promise<void> {
  const volume = copy(turn.object);
  delete volume.spec.claimRef;
  if (volume.metadata.annotations) delete volume.metadata.annotations[BOUND_BY_US_ANNOTATION];
  await turn.client.update(PersistentVolume, volume);
}

async function removeFolder(turn: Turn<PersistentVolume>, folders: VolumeFolders): Promise<void> {
  try {
    await folders.remove(turn.object.spec.csi?.volumeHandle ?? '');
  } catch (thrown) {
    turn.event('Warning', 'VolumeFailedDelete', messageOf(thrown));
    throw thrown;
  }
}
