// Volumes that are a place on this machine: scratch space, folders of the machine, storage of claims, content of images.

import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { dirname } from 'node:path';
import { parseQuantity } from '#base/mod.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '#kinds/mod.ts';
import { claimOf, LOCAL_DRIVER } from '#kinds/mod.ts';
import { isControlledBy } from '#machinery/mod.ts';
import type { LocalVolumes } from './local-volumes.ts';
import { VolumeProblem } from './volume-problem.ts';

type Volume = NonNullable<Pod['spec']['volumes']>[number];

/** Where volumes that are places come from. */
export interface PlaceSources {
  claim(name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  readonly local: Pick<LocalVolumes, 'pathOf' | 'make'>;
  /** The root folder of an image. */
  image(pod: Pod, reference: string): Promise<string>;
  /** A folder in memory, the same for the same Pod and name; undefined where this node has none to give. */
  memory(podUid: string, name: string, bytes: number | undefined): Promise<string | undefined>;
}

/** A place, and whether its content is to belong to the Pod's fsGroup. */
export interface Place {
  readonly path: string;
  readonly isOwned: boolean;
}

/** The place of a volume; undefined where it is of another kind. `folder` is its own, for scratch space. */
export async function bringPlace(
  pod: Pod,
  volume: Volume,
  folder: string,
  sources: PlaceSources,
): Promise<Place | undefined> {
  const { hostPath, emptyDir, csi, image } = volume;
  if (hostPath) return { path: await bringHostPath(hostPath.path, hostPath.type ?? ''), isOwned: false };
  if (emptyDir) return { path: await bringEmptyDir(pod, volume, folder, sources), isOwned: true };
  const claim = claimOf(pod, volume);
  if (claim !== undefined) return bringClaim(pod, volume, claim, sources);
  if (image) return { path: await bringImage(pod, image.reference ?? '', sources), isOwned: false };
  if (csi)
    throw new VolumeProblem(
      `kubernetes.io/csi: driver name ${csi.driver} not found in the list of registered CSI drivers; this node mounts no volumes of drivers beside ${LOCAL_DRIVER}, and that one by PersistentVolumeClaims`,
    );
  return undefined;
}

async function bringEmptyDir(
  { metadata }: Pod,
  { name, emptyDir }: Volume,
  folder: string,
  { memory }: PlaceSources,
): Promise<string> {
  const { medium = '', sizeLimit } = emptyDir ?? {};
  const bytes = sizeLimit === undefined ? undefined : parseQuantity(sizeLimit);
  const inMemory = medium === 'Memory' ? await memory(metadata.uid ?? '', name, bytes) : undefined;
  if (inMemory !== undefined) return inMemory;
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o777);
  return folder;
}

/** What a hostPath's type asks of what is there; types that make something are met below. */
const TYPES: Readonly<Record<string, { readonly what: string; readonly holds: (there: Stats) => boolean }>> = {
  Directory: { what: 'a directory', holds: (there) => there.isDirectory() },
  DirectoryOrCreate: { what: 'a directory', holds: (there) => there.isDirectory() },
  File: { what: 'a file', holds: (there) => there.isFile() },
  FileOrCreate: { what: 'a file', holds: (there) => there.isFile() },
  Socket: { what: 'a socket file', holds: (there) => there.isSocket() },
  CharDevice: { what: 'a character device', holds: (there) => there.isCharacterDevice() },
  BlockDevice: { what: 'a block device', holds: (there) => there.isBlockDevice() },
};

/** A path of this machine, made or checked as the volume's type says. */
async function bringHostPath(path: string, type: string): Promise<string> {
  const before = await stat(path).catch(() => undefined);
  if (!before && type === 'DirectoryOrCreate') await mkdir(path, { recursive: true, mode: 0o755 });
  if (!before && type === 'FileOrCreate') await makeFile(path);
  const there = before ?? (await stat(path).catch(() => undefined));
  const wanted = TYPES[type];
  if (wanted && !(there && wanted.holds(there)))
    throw new VolumeProblem(`hostPath type check failed: ${path} is not ${wanted.what}`);
  // A place that is not there would be made by mounting it, which no type asks for but the empty one.
  if (!there) await mkdir(path, { recursive: true, mode: 0o755 });
  return path;
}

async function makeFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, '', { mode: 0o644 });
}

async function bringClaim(pod: Pod, volume: Volume, name: string, sources: PlaceSources): Promise<Place> {
  const claim = sources.claim(name);
  const quoted = JSON.stringify(name);
  if (!claim) throw new VolumeProblem(`persistentvolumeclaim ${quoted} not found`);
  if (volume.ephemeral && !isControlledBy(claim, pod))
    throw new VolumeProblem(
      `PVC "${pod.metadata.namespace}/${name}" was not created for pod "${pod.metadata.namespace}/${pod.metadata.name}" (pod is not owner)`,
    );
  if (claim.status?.phase === 'Lost')
    throw new VolumeProblem(`persistentvolumeclaim ${quoted} has lost its volume ${claim.spec.volumeName ?? ''}`);
  if (claim.status?.phase !== 'Bound' || !claim.spec.volumeName)
    throw new VolumeProblem(`persistentvolumeclaim ${quoted} is not bound to a volume yet`);
  const found = sources.volume(claim.spec.volumeName);
  if (!found) throw new VolumeProblem(`persistentvolume ${JSON.stringify(claim.spec.volumeName)} not found`);
  return bringPersistent(found, sources);
}

async function bringPersistent({ metadata, spec }: PersistentVolume, { local }: PlaceSources): Promise<Place> {
  if (spec.volumeMode === 'Block')
    throw new VolumeProblem(
      `persistentvolume ${JSON.stringify(metadata.name)} is a block device; this node mounts folders`,
    );
  if (spec.csi?.driver === LOCAL_DRIVER) {
    // A data folder that was brought back from a backup without its volumes has empty ones.
    await local.make(spec.csi.volumeHandle);
    return { path: local.pathOf(spec.csi.volumeHandle), isOwned: true };
  }
  if (spec.local) return { path: await bringHostPath(spec.local.path, 'Directory'), isOwned: true };
  if (spec.hostPath) return { path: await bringHostPath(spec.hostPath.path, spec.hostPath.type ?? ''), isOwned: false };
  throw new VolumeProblem(
    `persistentvolume ${JSON.stringify(metadata.name)} is of a kind that this node does not mount: it has hostPath, local, and csi with driver ${LOCAL_DRIVER}`,
  );
}

async function bringImage(pod: Pod, reference: string, { image }: PlaceSources): Promise<string> {
  try {
    return await image(pod, reference);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new VolumeProblem(`Failed to pull image ${JSON.stringify(reference)}: ${why}`);
  }
}
