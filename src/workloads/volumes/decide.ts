// What becomes of a claim and of a volume: facts in, one step out, in the words of Kubernetes' own controllers. Pure.

import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '#kinds/mod.ts';
import { BOUND_ANNOTATION, LOCAL_DRIVER } from '#kinds/mod.ts';
import { bestMatch, isFor, mismatch, sizeOf, wantedSize } from './match.ts';

export const PROVISIONED_BY_ANNOTATION = 'pv.kubernetes.io/provisioned-by';
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

export interface ClaimFacts {
  readonly claim: PersistentVolumeClaim;
  readonly volumes: readonly PersistentVolume[];
  /** The class that the claim names, where it is there. */
  readonly storageClass: StorageClass | undefined;
  /** The class of claims that name none. */
  readonly defaultClass: string | undefined;
  /** Pods that want the claim and are not over. */
  readonly consumers: readonly Pod[];
}

export interface Told {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export type ClaimStep =
  | { readonly act: 'name-class'; readonly name: string }
  | { readonly act: 'wait'; readonly told?: Told }
  | { readonly act: 'lost'; readonly told: Told }
  | { readonly act: 'bind'; readonly volume: PersistentVolume }
  | { readonly act: 'grow'; readonly volume: PersistentVolume }
  | { readonly act: 'provision'; readonly storageClass: StorageClass; readonly node: string | undefined };

const waiting = (type: Told['type'], reason: string, message: string): ClaimStep => ({
  act: 'wait',
  told: { type, reason, message },
});

export function decideClaim(facts: ClaimFacts): ClaimStep {
  const { claim, volumes, defaultClass } = facts;
  const { volumeName, storageClassName } = claim.spec;
  if (volumeName) return decideNamed(facts, volumeName);
  if (storageClassName === undefined && defaultClass !== undefined) return { act: 'name-class', name: defaultClass };
  const wait = waitForConsumer(facts);
  if (wait) return wait;
  const volume = bestMatch(claim, volumes);
  return volume ? { act: 'bind', volume } : decideNew(facts);
}

/** A claim that names its volume, because it is bound or because the user wants that one. */
function decideNamed({ claim, volumes, storageClass }: ClaimFacts, name: string): ClaimStep {
  const volume = volumes.find(({ metadata }) => metadata.name === name);
  const wasBound = claim.metadata.annotations?.[BOUND_ANNOTATION] !== undefined;
  const lost = (reason: string, message: string): ClaimStep => ({
    act: 'lost',
    told: { type: 'Warning', reason, message },
  });
  if (!volume)
    return wasBound
      ? lost('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!')
      : { act: 'wait' };
  if (isFor(volume, claim)) return decideBound(claim, volume, storageClass);
  if (wasBound)
    return volume.spec.claimRef
      ? lost('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly')
      : { act: 'bind', volume };
  if (volume.spec.claimRef)
    return waiting('Warning', 'FailedBinding', `volume ${JSON.stringify(name)} already bound to a different claim.`);
  const why = mismatch(volume, claim);
  if (why)
    return waiting('Warning', 'VolumeMismatch', `Cannot bind to requested volume ${JSON.stringify(name)}: ${why}`);
  return { act: 'bind', volume };
}

function decideBound(
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
  storageClass: StorageClass | undefined,
): ClaimStep {
  const mayGrow = isOurs(volume) && storageClass?.allowVolumeExpansion === true;
  return mayGrow && wantedSize(claim.spec) > sizeOf(volume) ? { act: 'grow', volume } : { act: 'bind', volume };
}

function waitForConsumer({ storageClass, consumers }: ClaimFacts): ClaimStep | undefined {
  if (storageClass?.volumeBindingMode !== 'WaitForFirstConsumer') return undefined;
  const [first] = consumers;
  if (!first)
    return waiting('Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
  if (consumers.some(({ spec }) => spec.nodeName)) return undefined;
  return waiting('Normal', 'WaitForPodScheduled', `waiting for pod ${first.metadata.name} to be scheduled`);
}

/** No volume that is there fits: one has to be made, by us or by somebody else. */
function decideNew({ claim, storageClass, consumers }: ClaimFacts): ClaimStep {
  const { storageClassName, volumeMode, dataSource, dataSourceRef } = claim.spec;
  if (!storageClassName || storageClass?.provisioner === NO_PROVISIONER)
    return waiting(
      'Normal',
      'FailedBinding',
      'no persistent volumes available for this claim and no storage class is set',
    );
  if (!storageClass)
    return waiting(
      'Warning',
      'ProvisioningFailed',
      `storageclass.storage.k8s.io ${JSON.stringify(storageClassName)} not found`,
    );
  const { provisioner } = storageClass;
  if (provisioner !== LOCAL_DRIVER)
    return waiting(
      'Normal',
      'ExternalProvisioning',
      `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
    );
  const cannot = (what: string) =>
    waiting(
      'Warning',
      'ProvisioningFailed',
      `failed to provision volume with StorageClass ${JSON.stringify(storageClassName)}: ${what}`,
    );
  if (volumeMode === 'Block') return cannot('volumes here are folders; volumeMode Block cannot be had');
  if (dataSource ?? dataSourceRef) return cannot('a volume cannot be filled from a dataSource here');
  return { act: 'provision', storageClass, node: consumers.find(({ spec }) => spec.nodeName)?.spec.nodeName };
}

/** Whether a volume is a folder of ours. */
export function isOurs({ spec }: PersistentVolume): boolean {
  return spec.csi?.driver === LOCAL_DRIVER;
}

export interface VolumeStep {
  readonly phase: 'Pending' | 'Available' | 'Bound' | 'Released' | 'Failed';
  readonly message?: string;
  /** `remove` it, or make it free for another claim. */
  readonly act?: 'remove' | 'free';
}

/** `claim` is the one of the name that the volume refers to. */
export function decideVolume(volume: PersistentVolume, claim: PersistentVolumeClaim | undefined): VolumeStep {
  const { claimRef } = volume.spec;
  if (!claimRef?.uid) return { phase: 'Available' };
  if (claim?.metadata.uid !== claimRef.uid) return released(volume);
  if (claim.spec.volumeName === volume.metadata.name) return { phase: 'Bound' };
  if (!claim.spec.volumeName) return { phase: 'Available' };
  // The claim has found another one meanwhile.
  return volume.metadata.annotations?.[PROVISIONED_BY_ANNOTATION]
    ? released(volume)
    : { phase: 'Available', act: 'free' };
}

/** Its claim is gone. */
function released(volume: PersistentVolume): VolumeStep {
  const { persistentVolumeReclaimPolicy: policy } = volume.spec;
  if (policy === 'Delete' && isOurs(volume)) return { phase: 'Released', act: 'remove' };
  if (policy === 'Delete')
    return {
      phase: 'Failed',
      message: `error getting deleter volume plugin for volume ${JSON.stringify(volume.metadata.name)}: no deletable volume plugin matched`,
    };
  if (policy === 'Recycle') return { phase: 'Failed', message: 'No recycler plugin found for the volume!' };
  return { phase: 'Released' };
}
