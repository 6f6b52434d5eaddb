// Documents of an OCI image (image-spec v1): manifest, index, config, and their media types.

import { isRecord } from '#base/mod.ts';

export const MEDIA = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const;

/** Everything that a registry may be asked for by. */
export const MANIFEST_TYPES: readonly string[] = [MEDIA.manifest, MEDIA.index, MEDIA.dockerManifest, MEDIA.dockerList];

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: string; readonly os: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly manifests: readonly Descriptor[];
}

/** The part of an image's config that says how it runs. Keys as the specification spells them. */
export interface RunConfig {
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, unknown>>;
  readonly Labels?: Readonly<Record<string, string>>;
}

export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly config?: RunConfig;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly string[] };
}

/** An image whose root is the machine's own says so by this annotation of its manifest; its layers lie on top. */
export const ROOT_ANNOTATION = 'dev.ebb.root';

export function isIndex(document: unknown): document is Index {
  return isRecord(document) && Array.isArray(document.manifests);
}

export function isManifest(document: unknown): document is Manifest {
  return isRecord(document) && isRecord(document.config) && Array.isArray(document.layers);
}

/** The most bytes a manifest or index may have (distribution-spec, "Pushing manifests"). */
export const MAX_MANIFEST_BYTES = 4 * 2 ** 20;

/** The media type a document says it is, or else is by its looks. */
export function mediaTypeOf(document: Manifest | Index): string {
  return document.mediaType ?? (isIndex(document) ? MEDIA.index : MEDIA.manifest);
}

/** The entry of an index for this machine. Throws where there is none, naming what there is. */
export function forPlatform(index: Index, architecture: string): Descriptor {
  const images = index.manifests.filter(({ platform }) => platform?.os !== 'unknown');
  const found =
    images.find(({ platform }) => platform?.os === 'linux' && platform.architecture === architecture) ??
    images.find(({ platform }) => !platform);
  if (found) return found;
  const there = images.map(({ platform }) => `${platform?.os}/${platform?.architecture}`).join(', ');
  throw new Error(`the image has no variant for linux/${architecture}; it has ${there || 'none'}`);
}

/** This machine's architecture as images name it. */
export function architectureOf(nodeArch: string): string {
  return nodeArch === 'x64' ? 'amd64' : nodeArch;
}
