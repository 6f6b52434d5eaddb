// The images of one machine: named, unpacked once for each digest, in a folder that several processes may use at once.

import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { arch } from 'node:process';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Readable } from 'node:stream';
import { unpackTar } from 'modern-tar/fs';
import type { Clock } from '#base/mod.ts';
import { messageOf, systemClock } from '#base/mod.ts';
import type { DiskRoom } from '#storage/mod.ts';
import { boundlessRoom } from '#storage/mod.ts';
import { applyLayer } from './apply-layer.ts';
import { Blobs, isDigest } from './blobs.ts';
import { fromDockerArchive, isGzip } from './docker-archive.ts';
import { executableLayer, folderLayer } from './layers.ts';
import type { Descriptor, ImageConfig, Manifest, RunConfig } from './manifest.ts';
import { MEDIA, ROOT_ANNOTATION, architectureOf, forPlatform, isIndex, isManifest } from './manifest.ts';
import type { Making } from './made-here.ts';
import { MadeHere, makingsByName, RootRefused, wantsMachineRoot } from './made-here.ts';
import type { Reference } from './reference.ts';
import { canonical, referenceOf } from './reference.ts';

/** Where an image may come from by hand. */
export type ImageSource =
  | { readonly layout: string }
  | { readonly tar: string }
  /** Its content lies at the config's WorkingDir (`/workspace` where none), over the machine's own root. */
  | { readonly folder: string }
  /** One static program, at `/ko-app/NAME`. */
  | { readonly executable: string }
  /** The machine's own root and nothing over it. */
  | { readonly host: true };

/** An image ready to run. */
export interface UnpackedImage {
  /** The root file system's folder, read-only for runners; the word `host` where it is the machine's own. */
  readonly rootfs: string;
  /** For `host` images: a folder whose content lies over the machine's root, such as `/workspace`. */
  readonly overlay?: string;
  readonly config: RunConfig;
}

export interface NamedImage {
  readonly name: string;
  readonly digest: string;
}

/** A part of the store that no name leads to. */
export interface Unneeded {
  readonly what: 'blob' | 'root' | 'unfinished';
  readonly path: string;
}

/** There is no such image here. */
export class ImageMissing extends Error {
  override readonly name = 'ImageMissing';
}

/** How old a blob is that nobody can be about to name any more. */
const YOUNG_MS = 3_600_000;

/** How much larger than its layers an image is at most once it is unpacked, for almost all images. */
const UNPACKED_FACTOR = 3;

const WORKSPACE = '/workspace';
/** The user that ko's images run as, and so that of bare executables. */
const NONROOT = '65532';

export class ImageStore {
  readonly blobs: Blobs;
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #made: MadeHere;
  readonly #unpacking = new Map<string, Promise<UnpackedImage>>();

  /** `folder` is made where it is not there. `room` is asked before anything is written. */
  constructor(folder: string, clock: Clock = systemClock, room: DiskRoom = boundlessRoom) {
    this.#folder = folder;
    this.#clock = clock;
    this.#made = new MadeHere(folder);
    this.blobs = new Blobs(folder, clock, room);
  }

  /**
   * Brings an image in under a name. `config` says what the source does not: entrypoint, environment, user. One that is made over
   * the machine's own root runs in this namespace only; in every one where none is named.
   */
  async add(
    name: string,
    source: ImageSource,
    config: RunConfig = {},
    namespace?: string,
  ): Promise<{ digest: string }> {
    const reference = referenceOf(name);
    const digest = await this.#bring(source, config, reference);
    if ('folder' in source || 'host' in source) {
      await this.noteOlder();
      await this.#made.note({ digest, ...(namespace === undefined ? {} : { namespace }) });
    }
    await this.tag(reference, digest);
    return { digest };
  }

  /** Notes once what an older version made over the machine's own root, which kept no notes. Before anything is served. */
  async noteOlder(): Promise<void> {
    if (this.#made.hasBegun) return;
    const makings: Making[] = [];
    for (const making of makingsByName(await this.list())) {
      // A loss of power may have left a name to what is not there, or not whole.
      const document = await this.blobs.json(making.digest).catch(() => undefined);
      if (isManifest(document) && wantsMachineRoot(document)) makings.push(making);
    }
    await this.#made.begin(makings);
  }

  /** Throws, with the next step, where an image wants the machine's own root and was not made here at all. */
  async demandRightToRoot(manifest: Manifest, digest: string): Promise<void> {
    if (!wantsMachineRoot(manifest) || (await this.#made.makings(digest)).length > 0) return;
    throw new RootRefused();
  }

  /** The digest behind a name, as far as the image is here. */
  async resolve(name: string): Promise<string | undefined> {
    const reference = referenceOf(name);
    if (reference.digest) return this.blobs.has(reference.digest) ? reference.digest : undefined;
    return (await this.#named(basename(this.#nameFile(canonical(reference)))))?.digest;
  }

  /** Every name there is, in their order. */
  async list(): Promise<NamedImage[]> {
    const files = await readdir(join(this.#folder, 'names')).catch(() => []);
    const images = await Promise.all(files.filter((file) => file.endsWith('.json')).map((file) => this.#named(file)));
    return images.flatMap((image) => image ?? []).sort((a, b) => a.name.localeCompare(b.name));
  }

  /**
   * Forgets a name, and the blobs that no other name needs (the young ones later, for someone may be about to name them).
   * What was unpacked stays for those who run it, until `prune`. False where there is no such name.
   */
  async remove(name: string): Promise<boolean> {
    const file = this.#nameFile(canonical(referenceOf(name)));
    if (!existsSync(file)) return false;
    await rm(file, { force: true });
    const strangers = await this.#strangers(['blobs/sha256'], await this.#needed());
    for (const { path } of strangers) await rm(path, { recursive: true, force: true });
    return true;
  }

  /**
   * Removes whatever no name leads to: blobs, unpacked roots, and what a crash left half done. With `allRoots` (after a
   * loss of power, when files may be there without their content) every root. Only while nothing runs, or where every
   * image that runs has a name.
   */
  async prune({ allRoots = false }: { readonly allRoots?: boolean } = {}): Promise<void> {
    for (const { path } of await this.unneeded({ allRoots })) await rm(path, { recursive: true, force: true });
    await this.#made.forget((digest) => !this.blobs.has(digest));
  }

  /** What `prune` would remove, if `without` had been forgotten before. */
  async unneeded({
    allRoots = false,
    without = new Set(),
  }: {
    readonly allRoots?: boolean;
    readonly without?: ReadonlySet<string>;
  } = {}): Promise<Unneeded[]> {
    const needed = await this.#needed(without);
    const parts = await this.#strangers(['blobs/sha256', 'incoming'], needed);
    return [...parts, ...(await this.#strangers(['roots'], allRoots ? new Set() : needed))];
  }

  /** Gives a stored manifest a name. */
  async tag(reference: Reference, digest: string): Promise<void> {
    const name = canonical(
      reference.tag || !reference.digest
        ? { registry: reference.registry, repository: reference.repository, tag: reference.tag ?? 'latest' }
        : reference,
    );
    const file = this.#nameFile(name);
    await mkdir(join(this.#folder, 'names'), { recursive: true });
    const temporary = `${file}.${randomUUID()}`;
    await writeFile(temporary, JSON.stringify({ name, digest } satisfies NamedImage));
    await rename(temporary, file);
  }

  /** How an image runs. Throws ImageMissing where it is not here. */
  async config(digest: string): Promise<RunConfig> {
    const { manifest } = await this.#manifest(digest);
    return (await this.#imageConfig(manifest)).config ?? {};
  }

  /**
   * Unpacks an image once, however often it is asked for. Throws ImageMissing where it is not here, and RootRefused where it wants the
   * machine's own root and was not made here for this namespace.
   */
  async unpack(digest: string, namespace?: string): Promise<UnpackedImage> {
    const { manifest, digest: image } = await this.#manifest(digest);
    const refusal = wantsMachineRoot(manifest) ? await this.#made.refusal(image, namespace) : undefined;
    if (refusal !== undefined) throw new RootRefused(refusal);
    const running =
      this.#unpacking.get(digest) ?? this.#unpack(manifest, image).finally(() => this.#unpacking.delete(digest));
    this.#unpacking.set(digest, running);
    return running;
  }

  async #unpack(manifest: Manifest, image: string): Promise<UnpackedImage> {
    const root = join(this.#folder, 'roots', image.slice(7));
    if (!existsSync(root)) await this.#lay(manifest, root);
    const config = (await this.#imageConfig(manifest)).config ?? {};
    return wantsMachineRoot(manifest) ? { rootfs: 'host', overlay: root, config } : { rootfs: root, config };
  }

  async #lay(manifest: Manifest, root: string): Promise<void> {
    this.blobs.room.demand(UNPACKED_FACTOR * manifest.layers.reduce((sum, { size }) => sum + size, 0));
    await mkdir(join(this.#folder, 'roots'), { recursive: true });
    const temporary = await mkdtemp(`${root}-`);
    try {
      for (const layer of manifest.layers) await applyLayer(this.blobs.path(layer.digest), layer.mediaType, temporary);
      // Whoever runs the image need not be its owner.
      await chmod(temporary, 0o755);
      await rename(temporary, root);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      // Another process may have been quicker.
      if (!existsSync(root)) throw error;
    }
  }

  /** The manifest for this machine behind a digest, which may be an index. */
  async #manifest(digest: string): Promise<{ manifest: Manifest; digest: string }> {
    if (!this.blobs.has(digest)) throw new ImageMissing(`there is no image ${digest} in the store`);
    const document = await this.blobs.json(digest);
    if (isIndex(document)) return this.#manifest(forPlatform(document, architectureOf(arch)).digest);
    if (!isManifest(document)) throw new Error(`${digest} is neither an image manifest nor an index`);
    return { manifest: document, digest };
  }

  async #imageConfig(manifest: Manifest): Promise<ImageConfig> {
    return (await this.blobs.json(manifest.config.digest)) as ImageConfig;
  }

  #bring(source: ImageSource, config: RunConfig, { repository }: Reference): Promise<string> {
    if ('layout' in source) return this.#fromLayout(source.layout);
    if ('tar' in source) return this.#fromTar(source.tar);
    if ('host' in source) return this.#build([], config, true);
    if ('folder' in source) return this.#fromFolder(source.folder, config);
    const target = `/ko-app/${basename(repository)}`;
    return this.#fromStream(
      executableLayer(source.executable, target),
      { Entrypoint: [target], User: NONROOT, ...config },
      false,
    );
  }

  async #fromFolder(folder: string, config: RunConfig): Promise<string> {
    const target = config.WorkingDir || WORKSPACE;
    return this.#fromStream(await folderLayer(folder, target), { WorkingDir: target, ...config }, true);
  }

  async #fromStream(layer: Readable, config: RunConfig, onHost: boolean): Promise<string> {
    const stored = await this.blobs.write(layer);
    return this.#build([{ mediaType: MEDIA.layer, ...stored }], config, onHost);
  }

  async #build(layers: readonly Descriptor[], config: RunConfig, onHost: boolean): Promise<string> {
    const image: ImageConfig = {
      architecture: architectureOf(arch),
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    };
    const configBlob = await this.blobs.writeJson(image);
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: MEDIA.manifest,
      config: { mediaType: MEDIA.config, ...configBlob },
      layers,
      ...(onHost ? { annotations: { [ROOT_ANNOTATION]: 'host' } } : {}),
    };
    return (await this.blobs.writeJson(manifest)).digest;
  }

  /** An OCI layout: every blob is checked as it is copied; the index's only image, or its index, is the image. */
  async #fromLayout(folder: string): Promise<string> {
    const index: unknown = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'));
    if (!isIndex(index) || index.manifests.length === 0)
      throw new Error(`${folder} is no OCI layout with an image: its index.json lists none`);
    for (const name of await readdir(join(folder, 'blobs', 'sha256'))) {
      await this.blobs.write(createReadStream(join(folder, 'blobs', 'sha256', name)), `sha256:${name}`);
    }
    const [only] = index.manifests;
    const digest = index.manifests.length === 1 && only ? only.digest : (await this.blobs.writeJson(index)).digest;
    return this.#whole(digest, folder);
  }

  /** A tar of an OCI layout or of Docker's older form, compressed or not. */
  async #fromTar(file: string): Promise<string> {
    await mkdir(this.blobs.incoming, { recursive: true });
    const folder = await mkdtemp(join(this.blobs.incoming, 'tar-'));
    try {
      const into = unpackTar(folder);
      if (await isGzip(file)) await pipeline(createReadStream(file), createGunzip(), into);
      else await pipeline(createReadStream(file), into);
      if (existsSync(join(folder, 'index.json'))) return await this.#fromLayout(folder);
      if (!existsSync(join(folder, 'manifest.json'))) {
        throw new Error('expected an image tar with index.json (OCI) or manifest.json (docker save)');
      }
      const manifest = await fromDockerArchive(folder, this.blobs);
      return (await this.blobs.writeJson(manifest)).digest;
    } catch (error) {
      throw new Error(`${file} cannot be brought in as an image: ${messageOf(error)}`, { cause: error });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** The digest, once everything that this machine needs of the image is sure to be here. */
  async #whole(digest: string, from: string): Promise<string> {
    const { manifest, digest: image } = await this.#manifest(digest);
    await this.demandRightToRoot(manifest, image);
    const missing = [manifest.config, ...manifest.layers].find((part) => !this.blobs.has(part.digest));
    if (missing) throw new Error(`${from} lacks a part of the image: ${missing.digest}`);
    return digest;
  }

  /** Digests that some name leads to, other than these. */
  async #needed(without: ReadonlySet<string> = new Set()): Promise<ReadonlySet<string>> {
    const needed = new Set<string>();
    for (const { name, digest } of await this.list()) if (!without.has(name)) await this.#mark(digest, needed);
    return needed;
  }

  /** What is in these folders and not needed. Blobs and unfinished things that are young stay. */
  async #strangers(folders: readonly string[], needed: ReadonlySet<string>): Promise<Unneeded[]> {
    const found: Unneeded[] = [];
    for (const folder of folders) {
      for (const name of await readdir(join(this.#folder, folder)).catch(() => [])) {
        const path = join(this.#folder, folder, name);
        const isWholeRoot = folder === 'roots' && isDigest(`sha256:${name}`);
        if (needed.has(`sha256:${name}`) || (!isWholeRoot && (await this.#isYoung(path)))) continue;
        found.push({ what: isWholeRoot ? 'root' : folder === 'blobs/sha256' ? 'blob' : 'unfinished', path });
      }
    }
    return found;
  }

  async #isYoung(path: string): Promise<boolean> {
    const stats = await stat(path).catch(() => undefined);
    return stats !== undefined && this.#clock.now() - stats.mtimeMs < YOUNG_MS;
  }

  async #mark(digest: string, needed: Set<string>): Promise<void> {
    if (needed.has(digest) || !this.blobs.has(digest)) return;
    needed.add(digest);
    const document = await this.blobs.json(digest);
    if (isIndex(document)) for (const inner of document.manifests) await this.#mark(inner.digest, needed);
    else if (isManifest(document)) for (const part of [document.config, ...document.layers]) needed.add(part.digest);
  }

  /** What a file of `names` says; undefined where it has just gone. */
  async #named(file: string): Promise<NamedImage | undefined> {
    try {
      return JSON.parse(await readFile(join(this.#folder, 'names', file), 'utf8')) as NamedImage;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** By its hash, for a name may be longer than a file's may. */
  #nameFile(name: string): string {
    return join(this.#folder, 'names', `${createHash('sha256').update(name).digest('hex')}.json`);
  }
}
