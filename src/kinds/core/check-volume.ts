// What Kubernetes refuses in the volumes of a Pod.

import { parseQuantity } from '#base/mod.ts';
import type { Problems } from '#machinery/mod.ts';
import { dns1123Label } from '#machinery/mod.ts';
import type { KeyToPath, Volume } from './volume.ts';

/** Checks the volumes; answers with the names of those that are fine. */
export function checkVolumes(problems: Problems, volumes: readonly Volume[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [index, volume] of volumes.entries()) {
    const place = problems.under(`volumes[${index}]`);
    const before = problems.all.length;
    checkSource(place, volume);
    if (!volume.name) place.required('name');
    else for (const fault of dns1123Label(volume.name)) place.invalid('name', volume.name, fault);
    if (names.has(volume.name)) place.duplicate('name', volume.name);
    if (problems.all.length === before) names.add(volume.name);
  }
  return names;
}

const MODE_FAULT =
  'must be a number between 0 and 0777 (octal), both inclusive. For example, 0644 (octal) or 420 (decimal)';

function checkMode(problems: Problems, field: string, mode: number | undefined): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) problems.invalid(field, mode, MODE_FAULT);
}

function checkSource(problems: Problems, volume: Volume): void {
  const [first, ...extra] = Object.keys(volume).filter((key) => key !== 'name');
  if (first === undefined) problems.required('', 'must specify a volume type');
  for (const kind of extra) problems.forbidden(kind, 'may not specify more than 1 volume type');
  const { configMap, secret, emptyDir, hostPath, projected, persistentVolumeClaim, downwardAPI, csi } = volume;
  if (configMap && !configMap.name) problems.required('configMap.name');
  checkItems(problems.under('configMap'), configMap?.items);
  checkMode(problems, 'configMap.defaultMode', configMap?.defaultMode);
  if (secret && !secret.secretName) problems.required('secret.secretName');
  checkItems(problems.under('secret'), secret?.items);
  checkMode(problems, 'secret.defaultMode', secret?.defaultMode);
  if (emptyDir?.sizeLimit !== undefined && (parseQuantity(emptyDir.sizeLimit) ?? 0) < 0) {
    problems.forbidden('emptyDir.sizeLimit', 'SizeLimit field must be a valid resource quantity');
  }
  if (hostPath) checkHostPath(problems.under('hostPath'), hostPath.path);
  checkMode(problems, 'projected.defaultMode', projected?.defaultMode);
  checkMode(problems, 'downwardAPI.defaultMode', downwardAPI?.defaultMode);
  if (persistentVolumeClaim && !persistentVolumeClaim.claimName) problems.required('persistentVolumeClaim.claimName');
  if (csi && !csi.driver) problems.required('csi.driver');
  checkProjected(problems.under('projected'), volume);
}

function checkHostPath(problems: Problems, path: string): void {
  if (!path) problems.required('path');
  if (path.split('/').includes('..')) problems.invalid('path', path, "must not contain '..'");
}

function checkItems(problems: Problems, items: readonly KeyToPath[] | undefined): void {
  for (const [index, { key, path, mode }] of (items ?? []).entries()) {
    const place = problems.under(`items[${index}]`);
    if (!key) place.required('key');
    if (!path) place.required('path');
    checkPath(place, path);
    checkMode(place, 'mode', mode);
  }
}

/** A path inside a volume: relative, and never upwards. */
function checkPath(problems: Problems, path: string): void {
  if (path.startsWith('/')) problems.invalid('path', path, 'must be a relative path');
  if (path.split('/').includes('..')) problems.invalid('path', path, "must not contain '..'");
  else if (path.startsWith('..')) problems.invalid('path', path, "must not start with '..'");
}

const PROJECTIONS = [
  'secret',
  'configMap',
  'downwardAPI',
  'serviceAccountToken',
  'clusterTrustBundle',
  'podCertificate',
] as const;

function checkProjected(problems: Problems, { projected }: Volume): void {
  for (const [index, source] of (projected?.sources ?? []).entries()) {
    const place = problems.under(`sources[${index}]`);
    const [first, ...extra] = PROJECTIONS.filter((kind) => source[kind] !== undefined);
    if (first === undefined) place.required('', 'must specify a projection type');
    for (const kind of extra) place.forbidden(kind, 'may not specify more than 1 volume type');
    if (source.secret && !source.secret.name) place.required('secret.name');
    if (source.configMap && !source.configMap.name) place.required('configMap.name');
    checkItems(place.under('secret'), source.secret?.items);
    checkItems(place.under('configMap'), source.configMap?.items);
    const token = source.serviceAccountToken;
    if (token && !token.path) place.required('serviceAccountToken.path');
    if (token?.expirationSeconds !== undefined && token.expirationSeconds < 600) {
      const why = 'may not specify a duration less than 10 minutes';
      place.invalid('serviceAccountToken.expirationSeconds', token.expirationSeconds, why);
    }
  }
}
