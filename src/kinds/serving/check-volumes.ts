// What Knative refuses in the volumes of a revision.

import { parseQuantity } from '#base/mod.ts';
import { FieldErrors, dns1123Label } from '#machinery/mod.ts';
import type { FeatureFlag, FeaturesConfig } from '../config/features.ts';
import type { DownwardFile, KeyToPath, Volume, VolumeProjection } from '../core/volume.ts';
import type { RevisionSpec } from './revision-spec.ts';

type Source = 'emptyDir' | 'persistentVolumeClaim' | 'hostPath' | 'csi' | 'ephemeral' | 'image';

function gates(features: FeaturesConfig): Readonly<Record<Source, FeatureFlag>> {
  return {
    emptyDir: features.kubernetesPodspecVolumesEmptydir,
    persistentVolumeClaim: features.kubernetesPodspecPersistentVolumeClaim,
    hostPath: features.kubernetesPodspecVolumesHostpath,
    csi: features.kubernetesPodspecVolumesCsi,
    ephemeral: features.kubernetesPodspecVolumesEphemeral,
    image: features.kubernetesPodspecVolumesImage,
  };
}

/** The words of a source in the message that it is switched off. */
const WORDS = {
  emptyDir: 'EmptyDir',
  hostPath: 'HostPath',
  csi: 'CSI',
  ephemeral: 'Ephemeral',
  image: 'Image',
} as const;
const ORDER = [
  'secret',
  'configMap',
  'projected',
  'emptyDir',
  'persistentVolumeClaim',
  'hostPath',
  'csi',
  'ephemeral',
  'image',
] as const;

/** Checks volumes; paths begin with the volume's index. */
export function checkVolumes(spec: RevisionSpec, features: FeaturesConfig): FieldErrors {
  const errors = new FieldErrors();
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const mounted = new Set(containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name)));
  const names = new Set<string>();
  for (const [index, volume] of (spec.volumes ?? []).entries()) {
    const inner = checkVolume(volume, features);
    const quoted = JSON.stringify(volume.name);
    if (names.has(volume.name)) inner.generic(`duplicate volume name ${quoted}`, 'name');
    if (!mounted.has(volume.name)) inner.generic(`volume with name ${quoted} not mounted`, 'name');
    names.add(volume.name);
    errors.merge(inner, `[${index}]`);
  }
  return errors;
}

function checkVolume(volume: Volume, features: FeaturesConfig): FieldErrors {
  const errors = new FieldErrors();
  const open = gates(features);
  checkClaim(errors, volume, features);
  for (const [source, word] of Object.entries(WORDS) as [keyof typeof WORDS, string][]) {
    if (volume[source] && open[source] !== 'enabled') {
      errors.generic(`${word} volume support is disabled, but found ${word} volume ${volume.name}`);
    }
  }
  const closed = (Object.keys(open) as Source[]).filter((source) => volume[source] && open[source] === 'disabled');
  if (closed.length > 0) errors.disallowed(...closed.sort());
  if (!volume.name) errors.missing('name');
  else if (dns1123Label(volume.name).length > 0) errors.invalid(volume.name, 'name');
  checkItems(errors, volume.secret?.items);
  checkItems(errors, volume.configMap?.items);
  for (const [index, source] of (volume.projected?.sources ?? []).entries()) {
    errors.merge(checkProjection(source), `projected[${index}]`);
  }
  errors.merge(checkEmptyDir(volume), 'emptyDir').merge(checkImage(volume), 'image');
  checkOneSource(errors, volume, open);
  return errors;
}

function checkClaim(errors: FieldErrors, { persistentVolumeClaim: claim }: Volume, features: FeaturesConfig): void {
  if (!claim) return;
  if (features.kubernetesPodspecPersistentVolumeClaim !== 'enabled') {
    const found = `but found persistent volume claim ${claim.claimName}`;
    errors.generic(`Persistent volume claim support is disabled, ${found}`);
  }
  if (!claim.readOnly && features.kubernetesPodspecPersistentVolumeWrite !== 'enabled') {
    const found = `but found persistent volume claim ${claim.claimName} that is not read-only`;
    errors.generic(`Persistent volume write support is disabled, ${found}`);
  }
}

function checkOneSource(errors: FieldErrors, volume: Volume, open: Readonly<Record<Source, FeatureFlag>>): void {
  const given = ORDER.filter((source) => volume[source] !== undefined);
  if (given.length > 1) errors.generic('expected exactly one, got both', ...given);
  if (given.length > 0) return;
  const possible = ORDER.filter((source) => !(source in open) || open[source as Source] === 'enabled');
  errors.generic('expected exactly one, got neither', ...possible);
}

function checkItems(errors: FieldErrors, items: readonly KeyToPath[] | undefined): void {
  for (const [index, { key, path }] of (items ?? []).entries()) {
    if (!key) errors.missing(`items[${index}].key`);
    if (!path) errors.missing(`items[${index}].path`);
  }
}

function checkEmptyDir({ emptyDir }: Volume): FieldErrors {
  const errors = new FieldErrors();
  const { medium = '', sizeLimit } = emptyDir ?? {};
  if (medium !== '' && medium !== 'Memory') errors.invalid(medium, 'medium');
  if (sizeLimit !== undefined && (parseQuantity(sizeLimit) ?? 0) < 0) errors.invalid(sizeLimit, 'sizeLimit');
  return errors;
}

const PULL_POLICIES = ['', 'Always', 'IfNotPresent', 'Never'];

function checkImage({ image }: Volume): FieldErrors {
  const errors = new FieldErrors();
  if (!image) return errors;
  if (!image.reference) errors.missing('reference');
  if (!PULL_POLICIES.includes(image.pullPolicy ?? '')) errors.invalid(image.pullPolicy, 'pullPolicy');
  return errors;
}

const PROJECTIONS = ['secret', 'configMap', 'serviceAccountToken', 'downwardAPI'] as const;

function checkProjection(source: VolumeProjection): FieldErrors {
  const errors = new FieldErrors();
  for (const field of ['secret', 'configMap'] as const) {
    const from = source[field];
    if (!from) continue;
    const inner = new FieldErrors();
    if (!from.name) inner.missing('name');
    checkItems(inner, from.items);
    errors.merge(inner, field);
  }
  if (source.serviceAccountToken && !source.serviceAccountToken.path) errors.missing('serviceAccountToken.path');
  for (const [index, file] of (source.downwardAPI?.items ?? []).entries()) {
    errors.merge(checkFile(file), `downwardAPI.items[${index}]`);
  }
  const given = PROJECTIONS.filter((kind) => source[kind] !== undefined);
  if (given.length === 0) errors.generic('expected exactly one, got neither', ...PROJECTIONS);
  if (given.length > 1) errors.generic('expected exactly one, got both', ...given);
  return errors;
}

function checkFile({ fieldRef, resourceFieldRef, path }: DownwardFile): FieldErrors {
  const errors = new FieldErrors();
  if (!fieldRef && !resourceFieldRef)
    errors.generic('expected exactly one, got neither', 'fieldRef', 'resourceFieldRef');
  if (fieldRef && resourceFieldRef) {
    errors.generic('Within a single item, cannot set both', 'resourceFieldRef', 'fieldRef');
  }
  if (!path) errors.missing('path');
  return errors;
}
