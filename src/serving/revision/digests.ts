// Images by digest, looked up in the background: a Revision asks at each turn and is poked when the answer is there.

import type { Backoff, Clock } from '#base/mod.ts';
import { backoffMs, messageOf } from '#base/mod.ts';
import type { Container, Revision } from '#kinds/mod.ts';
import type { ObjectKey } from '#machinery/mod.ts';
import { keyOf } from '#machinery/mod.ts';

/** Whose credentials a registry is asked with. */
export interface PullContext {
  readonly namespace: string;
  readonly serviceAccountName: string;
  readonly imagePullSecrets: readonly string[];
}

/** Finds the digest behind an image's tag. */
export interface DigestResolver {
  /** The image as `repository@sha256:…`; throws where the registry does not tell. */
  resolve(image: string, context: PullContext): Promise<string>;
}

/** An image of a Revision, pinned; the digest is empty where the image is to be used as it is written. */
export interface PinnedImage {
  readonly name: string;
  readonly imageDigest: string;
}

export type Resolution =
  | { readonly state: 'resolving' }
  | { readonly state: 'resolved'; readonly containers: PinnedImage[]; readonly initContainers: PinnedImage[] }
  /** `again`: milliseconds until it is tried once more. */
  | { readonly state: 'failed'; readonly message: string; readonly again: number };

export interface DigestSettings {
  /** Registries whose tags are taken as they are. */
  readonly skip: ReadonlySet<string>;
  readonly timeoutMs: number;
}

const RETRY: Backoff = { firstMs: 1000, maxMs: 1_000_000, factor: 2 };
/** Registries asked at once. */
const MAX_AT_ONCE = 16;

interface Lookup {
  readonly uid: string;
  resolution: Resolution;
  failures: number;
  /** Monotonic; a failed lookup rests until then. */
  restsUntil: number;
  busy: boolean;
}

export class Digests {
  readonly #resolver: DigestResolver;
  readonly #clock: Clock;
  readonly #lookups = new Map<ObjectKey, Lookup>();
  readonly #listeners = new Set<(key: ObjectKey) => void>();
  readonly #waiting: (() => void)[] = [];
  #atOnce = 0;

  constructor(resolver: DigestResolver, clock: Clock) {
    this.#resolver = resolver;
    this.#clock = clock;
  }

  /** Calls with the key of a Revision for which there is news. Returns the stop. */
  onNews(listen: (key: ObjectKey) => void): () => void {
    this.#listeners.add(listen);
    return () => void this.#listeners.delete(listen);
  }

  /** What is known now. A failure stands until the next try has an answer. */
  of(revision: Revision, settings: DigestSettings): Resolution {
    const key = keyOf(revision);
    const { uid = '' } = revision.metadata;
    let lookup = this.#lookups.get(key);
    if (lookup?.uid !== uid) {
      lookup = { uid, resolution: { state: 'resolving' }, failures: 0, restsUntil: -Infinity, busy: false };
      this.#lookups.set(key, lookup);
    }
    const { state } = lookup.resolution;
    if (state === 'resolved' || lookup.busy) return lookup.resolution;
    const again = lookup.restsUntil - this.#clock.monotonic();
    if (lookup.resolution.state === 'failed' && again > 0) return { ...lookup.resolution, again };
    lookup.busy = true;
    void this.#look(key, lookup, revision, settings);
    return lookup.resolution;
  }

  forget(key: ObjectKey): void {
    this.#lookups.delete(key);
  }

  async #look(key: ObjectKey, lookup: Lookup, { spec, metadata }: Revision, settings: DigestSettings): Promise<void> {
    const context: PullContext = {
      namespace: metadata.namespace ?? '',
      serviceAccountName: spec.serviceAccountName || 'default',
      imagePullSecrets: (spec.imagePullSecrets ?? []).flatMap(({ name }) => name ?? []),
    };
    const pin = (containers: readonly Container[] = []) =>
      Promise.all(containers.map((container) => this.#pin(container, context, settings)));
    try {
      const [containers, initContainers] = await Promise.all([pin(spec.containers), pin(spec.initContainers)]);
      lookup.resolution = { state: 'resolved', containers, initContainers };
    } catch (thrown) {
      const again = backoffMs(RETRY, ++lookup.failures);
      lookup.restsUntil = this.#clock.monotonic() + again;
      lookup.resolution = { state: 'failed', message: messageOf(thrown), again };
    }
    lookup.busy = false;
    if (this.#lookups.get(key) === lookup) for (const listen of this.#listeners) listen(key);
  }

  async #pin(
    { name, image = '' }: Container,
    context: PullContext,
    { skip, timeoutMs }: DigestSettings,
  ): Promise<PinnedImage> {
    if (skip.has(registryOf(image))) return { name, imageDigest: '' };
    if (image.includes('@sha256:')) return { name, imageDigest: image };
    await this.#slot();
    try {
      return { name, imageDigest: await this.#inTime(this.#resolver.resolve(image, context), timeoutMs) };
    } catch (thrown) {
      const why = `failed to resolve image to digest: ${messageOf(thrown)}`;
      throw new Error(`Unable to fetch image ${JSON.stringify(image)}: ${why}`, { cause: thrown });
    } finally {
      this.#atOnce--;
      this.#waiting.shift()?.();
    }
  }

  async #slot(): Promise<void> {
    if (this.#atOnce >= MAX_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#atOnce++;
  }

  async #inTime<T>(answer: Promise<T>, ms: number): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = this.#clock.after(ms, () =>
      late.reject(new Error(`no answer from the registry within ${ms / 1000} s`)),
    );
    try {
      return await Promise.race([answer, late.promise]);
    } finally {
      timer.cancel();
    }
  }
}

const DEFAULT_REGISTRY = 'index.docker.io';

/** The host of an image's registry; docker.io's where none is written. */
export function registryOf(image: string): string {
  const first = image.split('/', 1)[0] ?? '';
  const isHost = image.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  return isHost ? first : DEFAULT_REGISTRY;
}
