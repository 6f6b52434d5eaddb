// Gives each claim a volume: one that is there and fits, else one that is made for it. A claim that is deleted goes when no Pod uses it.

import { copy, equal } from '#base/mod.ts';
import type { ControllerDefinition, Reader, Turn } from '#engine/mod.ts';
import { defineController, index, watch } from '#engine/mod.ts';
import {
  BOUND_ANNOTATION,
  BOUND_BY_US_ANNOTATION,
  CLAIM_PROTECTION,
  claimsOf,
  DEFAULT_CLASS_ANNOTATION,
  LOCAL_DRIVER,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PROVISIONER_ANNOTATION,
  SELECTED_NODE_ANNOTATION,
  StorageClass,
} from '#kinds/mod.ts';
import { isReason, keyOf } from '#machinery/mod.ts';
import { isOver } from '../pods/readiness.ts';
import { heldFor, volumeFor } from './children.ts';
import type { ClaimStep } from './decide.ts';
import { decideClaim } from './decide.ts';
import { letGo } from './let-go.ts';

/** Pods by the claims that they use. */
const PODS_BY_CLAIM = 'uses claim';

/** Where volumes that are folders lie; a port, for this room knows no disk. */
export interface VolumeFolders {
  /** Makes the folder of a volume where it is not there. */
  make(handle: string): Promise<void>;
  /** Removes it with all that it holds. */
  remove(handle: string): Promise<void>;
}

export function claimController(folders: VolumeFolders): ControllerDefinition<PersistentVolumeClaim> {
  return defineController<PersistentVolumeClaim>({
    name: 'persistentvolume-controller',
    of: PersistentVolumeClaim,
    attendsDeletion: true,
    watches: [
      watch(PersistentVolume, concernedBy),
      watch(StorageClass, (_class, reader) => unbound(reader)),
      watch(Pod, claimKeys),
    ],
    indexes: [index(Pod, PODS_BY_CLAIM, claimKeys)],
    async reconcile(turn) {
      const claim = turn.object;
      const classes = turn.list(StorageClass);
      const step = decideClaim({
        claim,
        volumes: turn.list(PersistentVolume),
        storageClass: classes.find(({ metadata }) => metadata.name === claim.spec.storageClassName),
        defaultClass: newest(classes.filter(isDefault))?.metadata.name,
        consumers: users(turn),
      });
      await take(turn, step, folders);
    },
    async finalize(turn) {
      const { finalizers = [] } = turn.object.metadata;
      if (finalizers.includes(CLAIM_PROTECTION) && users(turn).length === 0)
        await letGo(turn, PersistentVolumeClaim, CLAIM_PROTECTION);
    },
  });
}

function claimKeys(pod: Pod): string[] {
  return claimsOf(pod).map((name) => `${pod.metadata.namespace}/${name}`);
}

/** Pods that use the claim and still run, or are about to. */
function users(turn: Turn<PersistentVolumeClaim>): Pod[] {
  return turn.byIndex(Pod, PODS_BY_CLAIM, turn.key).filter((pod) => !isOver(pod));
}

function concernedBy({ spec: { claimRef } }: PersistentVolume, reader: Reader): string[] {
  return claimRef ? [`${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`] : unbound(reader);
}

function unbound(reader: Reader): string[] {
  return reader
    .list(PersistentVolumeClaim)
    .filter(({ status }) => status?.phase !== 'Bound')
    .map(keyOf);
}

function isDefault({ metadata }: StorageClass): boolean {
  return metadata.annotations?.[DEFAULT_CLASS_ANNOTATION] === 'true';
}

function newest(classes: readonly StorageClass[]): StorageClass | undefined {
  const age = ({ metadata }: StorageClass) => metadata.creationTimestamp ?? '';
  return [...classes].sort((a, b) => age(b).localeCompare(age(a)) || a.metadata.name.localeCompare(b.metadata.name))[0];
}

async function take(turn: Turn<PersistentVolumeClaim>, step: ClaimStep, folders: VolumeFolders): Promise<void> {
  const { status } = turn;
  switch (step.act) {
    case 'wait':
      status.phase = 'Pending';
      if (step.told) turn.event(step.told.type, step.told.reason, step.told.message);
      return;
    case 'lost':
      if (status.phase !== 'Lost') turn.event(step.told.type, step.told.reason, step.told.message);
      status.phase = 'Lost';
      return;
    case 'name-class':
      return changeClaim(turn, (claim) => (claim.spec.storageClassName = step.name));
    case 'provision':
      return provision(turn, step, folders);
    case 'grow':
      return grow(turn, step.volume);
    case 'bind':
      return bind(turn, step.volume);
  }
}

/** The volume first holds the claim, then the claim names the volume; the turn after that tells that they are bound. */
async function bind(turn: Turn<PersistentVolumeClaim>, volume: PersistentVolume): Promise<void> {
  const claim = turn.object;
  const held = heldFor(volume, claim);
  if (!equal(held, volume)) await turn.client.update(PersistentVolume, held);
  const isNamed = claim.spec.volumeName === volume.metadata.name;
  if (!isNamed || claim.metadata.annotations?.[BOUND_ANNOTATION] === undefined)
    return changeClaim(turn, (draft) => {
      draft.spec.volumeName = volume.metadata.name;
      draft.metadata.annotations = {
        ...draft.metadata.annotations,
        [BOUND_ANNOTATION]: 'yes',
        ...(isNamed ? {} : { [BOUND_BY_US_ANNOTATION]: 'yes' }),
      };
    });
  const { accessModes, capacity } = volume.spec;
  Object.assign(turn.status, {
    phase: 'Bound',
    ...(accessModes ? { accessModes: [...accessModes] } : {}),
    ...(capacity ? { capacity: { ...capacity } } : {}),
  });
}

async function provision(
  turn: Turn<PersistentVolumeClaim>,
  { storageClass, node }: Extract<ClaimStep, { act: 'provision' }>,
  folders: VolumeFolders,
): Promise<void> {
  const claim = turn.object;
  const volume = volumeFor(claim, storageClass);
  const { name } = volume.metadata;
  if (claim.metadata.annotations?.[PROVISIONER_ANNOTATION] === undefined) {
    await changeClaim(turn, ({ metadata }) => {
      metadata.annotations = {
        ...metadata.annotations,
        [PROVISIONER_ANNOTATION]: LOCAL_DRIVER,
        ...(node ? { [SELECTED_NODE_ANNOTATION]: node } : {}),
      };
    });
    return turn.event('Normal', 'Provisioning', `External provisioner is provisioning volume for claim "${turn.key}"`);
  }
  await folders.make(name);
  await turn.client.create(PersistentVolume, volume).catch((thrown: unknown) => {
    if (!isReason(thrown, 'AlreadyExists')) throw thrown;
  });
  turn.event('Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`);
}

/** Folders have no bound of their own, so growing is to say so. */
async function grow(turn: Turn<PersistentVolumeClaim>, volume: PersistentVolume): Promise<void> {
  const larger = copy(volume);
  const storage = turn.object.spec.resources?.requests?.['storage'];
  if (storage !== undefined) larger.spec.capacity = { ...larger.spec.capacity, storage };
  await turn.client.update(PersistentVolume, larger);
  turn.event('Normal', 'VolumeResizeSuccessful', 'Resize volume succeeded');
}

async function changeClaim(
  turn: Turn<PersistentVolumeClaim>,
  change: (claim: PersistentVolumeClaim) => void,
): Promise<void> {
  const claim = copy(turn.object);
  change(claim);
  await turn.client.update(PersistentVolumeClaim, claim);
}
