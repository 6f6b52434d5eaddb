// A Pod's volumes as folders of this machine: places, and files of config maps, secrets and projections, kept current while it runs.

import { join, normalize } from 'node:path';
import type { Pod } from '#kinds/mod.ts';
import type { PodFacts, References } from './environment.ts';
import { fieldOf, MissingReference, resourceOf } from './environment.ts';
import { RENEWED_AT } from './token-cache.ts';
import type { Files } from './volume-files.ts';
import { writeVolume } from './volume-files.ts';
import { giveToGroup } from './volume-owner.ts';
import type { PlaceSources } from './volume-places.ts';
import { bringPlace } from './volume-places.ts';
import { VolumeProblem } from './volume-problem.ts';

type Volume = NonNullable<Pod['spec']['volumes']>[number];

export interface VolumeSources extends References, PlaceSources {
  /** A token for the Pod's ServiceAccount. */
  token(pod: Pod, audience: string | undefined, seconds: number): Promise<string>;
}

const DEFAULT_MODE = 0o644;
const TOKEN_SECONDS = 3600;

/**
 * Brings every volume of a Pod to what it should hold now; the folder of each by its name. Places that are `known` stay as
 * they are, for programs have begun to use them. Tokens that no program sees (`isSeen` says so of a mount) are not written.
 */
export async function bringVolumes(
  pod: Pod,
  folder: string,
  sources: VolumeSources,
  facts: PodFacts,
  { known = new Map(), isSeen = () => true }: VolumeOptions = {},
): Promise<Map<string, string>> {
  const out = new Map<string, string>();
  for (const volume of pod.spec.volumes ?? []) {
    const place = join(folder, volume.name);
    const there = isOfFiles(volume) ? undefined : known.get(volume.name);
    const targets = volume.projected ? targetsOf(pod, volume) : [];
    const isIdle = targets.length > 0 && !targets.some(isSeen);
    out.set(volume.name, there ?? (isIdle ? place : await bringVolume(pod, volume, place, sources, facts)));
  }
  return out;
}

export interface VolumeOptions {
  readonly known?: ReadonlyMap<string, string>;
  isSeen?(target: string): boolean;
}

/** Where containers have a volume. */
function targetsOf({ spec }: Pod, { name }: Volume): string[] {
  return [...(spec.initContainers ?? []), ...spec.containers].flatMap(({ volumeMounts = [] }) =>
    volumeMounts.filter((mount) => mount.name === name).map(({ mountPath }) => mountPath),
  );
}

async function bringVolume(
  pod: Pod,
  volume: Volume,
  folder: string,
  sources: VolumeSources,
  facts: PodFacts,
): Promise<string> {
  const { fsGroup, fsGroupChangePolicy } = pod.spec.securityContext ?? {};
  const place = await bringPlace(pod, volume, folder, sources);
  if (place) {
    if (fsGroup !== undefined && place.isOwned)
      await giveToGroup(place.path, fsGroup, fsGroupChangePolicy === 'OnRootMismatch');
    return place.path;
  }
  const files = await filesOf(pod, volume, sources, facts).catch((error: unknown) => {
    throw error instanceof MissingReference ? new VolumeProblem(error.message) : error;
  });
  if (!files)
    throw new VolumeProblem(`volume ${JSON.stringify(volume.name)} is of a kind that this node does not offer`);
  await writeVolume(folder, files, fsGroup);
  return folder;
}

/** Whether this node writes the volume's files, so that programs only read them. */
export function isOfFiles({ configMap, secret, projected, downwardAPI }: Volume): boolean {
  return (configMap ?? secret ?? projected ?? downwardAPI) !== undefined;
}

/** Whether programs may not write to a volume, whatever their mounts say. */
export function isReadOnly(volume: Volume): boolean {
  return isOfFiles(volume) || volume.image !== undefined || volume.persistentVolumeClaim?.readOnly === true;
}

/** Seconds after which the tokens in a Pod's volumes should be signed anew: at four fifths of the shortest life; undefined where it has none. */
export function renewalSeconds({ spec }: Pod): number | undefined {
  const lives = (spec.volumes ?? []).flatMap(({ projected }) =>
    (projected?.sources ?? []).flatMap(({ serviceAccountToken: token }) =>
      token ? [token.expirationSeconds ?? TOKEN_SECONDS] : [],
    ),
  );
  return lives.length > 0 ? Math.min(...lives) * RENEWED_AT : undefined;
}

async function filesOf(pod: Pod, volume: Volume, sources: VolumeSources, facts: PodFacts): Promise<Files | undefined> {
  const { configMap, secret, projected, downwardAPI } = volume;
  if (configMap) return fromConfigMap({ ...configMap, name: configMap.name ?? '' }, configMap.defaultMode, sources);
  if (secret) return fromSecret({ ...secret, name: secret.secretName ?? '' }, secret.defaultMode, sources);
  if (downwardAPI) return fromPod(pod, downwardAPI.items ?? [], downwardAPI.defaultMode, facts);
  if (!projected) return undefined;
  const files: Files = new Map();
  for (const source of projected.sources ?? []) {
    for (const [path, file] of await projection(pod, source, projected.defaultMode, sources, facts))
      files.set(path, file);
  }
  return files;
}

type Projection = NonNullable<NonNullable<Volume['projected']>['sources']>[number];

async function projection(
  pod: Pod,
  source: Projection,
  mode: number | undefined,
  sources: VolumeSources,
  facts: PodFacts,
): Promise<Files> {
  if (source.configMap) return fromConfigMap({ ...source.configMap, name: source.configMap.name ?? '' }, mode, sources);
  if (source.secret) return fromSecret({ ...source.secret, name: source.secret.name ?? '' }, mode, sources);
  if (source.downwardAPI) return fromPod(pod, source.downwardAPI.items ?? [], mode, facts);
  if (source.serviceAccountToken) {
    const { audience, expirationSeconds = TOKEN_SECONDS, path } = source.serviceAccountToken;
    return new Map([
      [
        inside(path),
        { content: Buffer.from(await sources.token(pod, audience, expirationSeconds)), mode: mode ?? DEFAULT_MODE },
      ],
    ]);
  }
  return new Map();
}

interface KeySelection {
  readonly name: string;
  readonly optional?: boolean | undefined;
  readonly items?:
    | readonly { readonly key: string; readonly path: string; readonly mode?: number | undefined }[]
    | undefined;
}

function fromConfigMap(selection: KeySelection, mode: number | undefined, { configMap }: References): Files {
  const found = configMap(selection.name);
  if (!found && !selection.optional) throw new VolumeProblem(`configmap ${JSON.stringify(selection.name)} not found`);
  const data = {
    ...mapped(found?.data, (text) => Buffer.from(text)),
    ...mapped(found?.binaryData, (text) => Buffer.from(text, 'base64')),
  };
  return selected(selection, data, mode);
}

function fromSecret(selection: KeySelection, mode: number | undefined, { secret }: References): Files {
  const found = secret(selection.name);
  if (!found && !selection.optional) throw new VolumeProblem(`secret ${JSON.stringify(selection.name)} not found`);
  return selected(
    selection,
    mapped(found?.data, (text) => Buffer.from(text, 'base64')),
    mode,
  );
}

function mapped(
  data: Readonly<Record<string, string>> | undefined,
  decode: (text: string) => Uint8Array,
): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(data ?? {}).map(([key, text]) => [key, decode(text)]));
}

function selected(
  { items, name, optional }: KeySelection,
  data: Readonly<Record<string, Uint8Array>>,
  mode = DEFAULT_MODE,
): Files {
  if (!items || items.length === 0)
    return new Map(Object.entries(data).map(([key, content]) => [key, { content, mode }]));
  const files: Files = new Map();
  for (const { key, path, mode: own } of items) {
    const content = data[key];
    if (content) files.set(inside(path), { content, mode: own ?? mode });
    else if (!optional) throw new VolumeProblem(`${JSON.stringify(name)} references non-existent key: ${key}`);
  }
  return files;
}

type DownwardItem = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number];

function fromPod(pod: Pod, items: readonly DownwardItem[], mode: number | undefined, facts: PodFacts): Files {
  return new Map(
    items.map(({ path, fieldRef, resourceFieldRef, mode: own }) => {
      const text = fieldRef
        ? fieldOf(pod, fieldRef.fieldPath, facts)
        : resourceFieldRef
          ? resourceOf(pod, undefined, resourceFieldRef, facts)
          : '';
      return [inside(path), { content: Buffer.from(text), mode: own ?? mode ?? DEFAULT_MODE }];
    }),
  );
}

/** A path of an item, in its plain form. Throws VolumeProblem where it leads out of the volume or into what this node keeps there. */
function inside(path: string): string {
  const plain = normalize(path);
  if (plain.startsWith('..') || plain.startsWith('/') || plain === '.')
    throw new VolumeProblem(`the path ${JSON.stringify(path)} leads out of the volume`);
  return plain;
}
