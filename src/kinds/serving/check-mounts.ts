// What Knative refuses in the mounts of a container.

import { FieldErrors } from '#machinery/mod.ts';
import type { FeaturesConfig } from '../config/features.ts';
import type { VolumeMount } from '../core/container.ts';
import type { Volume } from '../core/volume.ts';
import { onlyFields } from './fields.ts';

const RESERVED_PATHS = ['/', '/dev', '/dev/log'];
const ALLOWED = ['name', 'readOnly', 'mountPath', 'subPath'];

/** Checks mounts against the volumes there are; paths begin with the mount's index. */
export function checkMounts(
  mounts: readonly VolumeMount[],
  volumes: ReadonlyMap<string, Volume>,
  features: FeaturesConfig,
): FieldErrors {
  const errors = new FieldErrors();
  const paths = new Set<string>();
  for (const [index, mount] of mounts.entries()) {
    const inner = checkMount(mount, volumes.get(mount.name), features);
    checkPath(inner, mount.mountPath ?? '', paths);
    errors.merge(inner, `[${index}]`);
  }
  return errors;
}

function checkPath(errors: FieldErrors, path: string, taken: Set<string>): void {
  const clean = cleanPath(path);
  if (path === '') errors.missing('mountPath');
  else if (RESERVED_PATHS.includes(clean))
    errors.generic(`mountPath ${JSON.stringify(clean)} is a reserved path`, 'mountPath');
  else if (!path.startsWith('/')) errors.invalid(path, 'mountPath');
  else if (taken.has(clean)) errors.invalid(`${JSON.stringify(path)} must be unique`, 'mountPath');
  taken.add(clean);
}

/** A path without `.`, `..` and doubled slashes. */
function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `${path.startsWith('/') ? '/' : ''}${parts.join('/')}` || '.';
}

function checkMount(mount: VolumeMount, volume: Volume | undefined, features: FeaturesConfig): FieldErrors {
  const errors = new FieldErrors();
  const mayPropagate = features.kubernetesPodspecVolumesMountPropagation;
  onlyFields(errors, mount, new Set(mayPropagate === 'disabled' ? ALLOWED : [...ALLOWED, 'mountPropagation']));
  if (!volume) errors.generic('volumeMount has no matching volume', 'name');
  const mayWrite = volume?.emptyDir ?? volume?.persistentVolumeClaim ?? volume?.ephemeral;
  if (!mayWrite && !mount.readOnly) {
    errors.generic('volume mount should be readOnly for this type of volume', 'readOnly');
  }
  const propagation = mount.mountPropagation;
  if (propagation !== undefined) {
    if (mayPropagate !== 'enabled') {
      const found = `but found volume mount ${mount.name} with mount propagation`;
      errors.generic(`Volume Mount Propagation support is disabled, ${found}`);
    }
    if (propagation !== 'None' && propagation !== 'HostToContainer') {
      errors.generic('mount propagation should be set to None or HostToContainer', 'mountPropagation');
    }
  }
  if (volume?.persistentVolumeClaim?.readOnly && !mount.readOnly) {
    errors.generic('volume is readOnly but volume mount is not', 'readOnly');
  }
  return errors;
}
