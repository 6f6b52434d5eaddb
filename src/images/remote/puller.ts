// Brings images here: from the store alone where the name says so, else from the image's registry.

import { arch } from 'node:process';
import type { Descriptor, Manifest } from '../manifest.ts';
import { architectureOf, forPlatform, isIndex } from '../manifest.ts';
import type { Reference } from '../reference.ts';
import { canonical, isBroughtByHand, referenceOf } from '../reference.ts';
import { ImageMissing } from '../store.ts';
import type { ImageStore } from '../store.ts';
import type { Keyed } from './credentials.ts';
import { credentialsFor } from './credentials.ts';
import type { AskOptions, FetchedManifest, RegistryClient } from './registry-client.ts';

/** Layers of one image that are fetched at once. */
const AT_ONCE = 3;

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

export interface PullOptions {
  readonly secrets?: readonly Keyed[];
  readonly signal?: AbortSignal;
}

export interface PullerOptions {
  readonly store: ImageStore;
  readonly client: RegistryClient;
  /** Whether the store keeps the images of this registry itself (the platform's own one), so that it need not be asked. */
  readonly isOwn?: (registry: string) => boolean;
}

interface RunningPull {
  readonly digest: Promise<string>;
  waiters: number;
  readonly abandon: () => void;
}

export class Puller {
  readonly #store: ImageStore;
  readonly #client: RegistryClient;
  readonly #isOwn: (registry: string) => boolean;
  readonly #pulls = new Map<string, RunningPull>();

  constructor({ store, client, isOwn = () => false }: PullerOptions) {
    this.#store = store;
    this.#client = client;
    this.#isOwn = isOwn;
  }

  /**
   * An image by its digest, `repository@sha256:…`. Throws ImageMissing where it would have to be in the store and is not,
   * RegistryError where its registry refuses, Error where the name is none.
   */
  async pin(image: string, options: PullOptions = {}): Promise<string> {
    const reference = referenceOf(image);
    const digest = reference.digest ?? (await this.#digest(reference, options));
    return canonical({ registry: reference.registry, repository: reference.repository, digest });
  }

  /** Makes sure of an image as the policy says, and gives its digest. Throws as `pin` does, and ImageMissing where the policy is Never. */
  async bring(image: string, policy: PullPolicy, options: PullOptions = {}): Promise<string> {
    const reference = referenceOf(image);
    const found = await this.#store.resolve(image);
    // What a digest names never changes, so what is here need not be asked for again.
    const isSettled = reference.digest !== undefined || policy !== 'Always' || this.#isLocal(reference);
    if (found !== undefined && isSettled) return found;
    if (policy === 'Never' || this.#isLocal(reference)) throw missing(image);
    return this.#pullOnce(reference, options);
  }

  async #digest(reference: Reference, options: PullOptions): Promise<string> {
    if (!this.#isLocal(reference)) return this.#client.digest(reference, askOptions(reference, options));
    const digest = await this.#store.resolve(canonical(reference));
    if (digest === undefined) throw missing(canonical(reference));
    return digest;
  }

  #isLocal({ registry }: Reference): boolean {
    return isBroughtByHand(registry) || this.#isOwn(registry);
  }

  /** Those who ask for an image while it is on its way wait for the same pull, which ends when nobody waits any more. */
  async #pullOnce(reference: Reference, { secrets = [], signal }: PullOptions): Promise<string> {
    signal?.throwIfAborted();
    const pull = this.#running(reference, secrets);
    const gone = Promise.withResolvers<never>();
    const leave = () => gone.reject(signal?.reason);
    signal?.addEventListener('abort', leave, { once: true });
    pull.waiters++;
    try {
      return await Promise.race([pull.digest, gone.promise]);
    } finally {
      signal?.removeEventListener('abort', leave);
      if (--pull.waiters === 0) pull.abandon();
    }
  }

  #running(reference: Reference, secrets: readonly Keyed[]): RunningPull {
    const key = `${canonical(reference)} ${JSON.stringify(secrets)}`;
    const running = this.#pulls.get(key);
    if (running) return running;
    const end = new AbortController();
    const forget = () => {
      if (this.#pulls.get(key) === pull) this.#pulls.delete(key);
    };
    const digest = this.#pull(reference, askOptions(reference, { secrets, signal: end.signal })).finally(forget);
    // Nobody may be left to hear of its failure.
    digest.catch(() => undefined);
    const abandon = () => {
      forget();
      end.abort(new Error('nobody waits for this image any more'));
    };
    const pull: RunningPull = { digest, waiters: 0, abandon };
    this.#pulls.set(key, pull);
    return pull;
  }

  async #pull(reference: Reference, options: AskOptions): Promise<string> {
    const top = await this.#client.manifest(reference, options);
    const image = await this.#imageOf(top, reference, options);
    await this.#store.demandRightToRoot(image.document, image.digest);
    const parts = [image.document.config, ...image.document.layers];
    await each(parts, AT_ONCE, (part) => this.#fetch(reference, part, options));
    // Last, so that a manifest that is here is a whole image.
    for (const { bytes, digest } of new Set([image, top])) await this.#store.blobs.writeBytes(bytes, digest);
    await this.#store.tag(reference, top.digest);
    return top.digest;
  }

  async #imageOf(
    top: FetchedManifest,
    { registry, repository }: Reference,
    options: AskOptions,
  ): Promise<FetchedManifest & { document: Manifest }> {
    if (!isIndex(top.document)) return { ...top, document: top.document };
    const { digest } = forPlatform(top.document, architectureOf(arch));
    return this.#imageOf(
      await this.#client.manifest({ registry, repository, digest }, options),
      { registry, repository },
      options,
    );
  }

  async #fetch(reference: Reference, part: Descriptor, options: AskOptions): Promise<void> {
    if ((await this.#store.blobs.touch(part.digest)) !== undefined) return;
    await this.#store.blobs.write(await this.#client.blob(reference, part, options), part.digest);
  }
}

function askOptions(reference: Reference, { secrets = [], signal }: PullOptions): AskOptions {
  return { credentials: credentialsFor(reference, secrets), ...(signal ? { signal } : {}) };
}

function missing(image: string): ImageMissing {
  return new ImageMissing(
    `there is no image ${image} in the image store. Bring it in with 'ebb image add ${image} PATH'.`,
  );
}

/** Does the work for all of them, so many at a time. The first failure ends it, after those that run have settled. */
async function each<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const todo = items[Symbol.iterator]();
  let hasFailed = false;
  const worker = async () => {
    for (const item of todo) {
      if (hasFailed) return;
      try {
        await work(item);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
