// Images for Pods and digests for Revisions: from this machine's store, the platform's own registry, and registries beyond it.

import type { Clock } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import { canonical, Puller, pullSecret, referenceOf, RegistryClient } from '#images/mod.ts';
import type { ImageStore, Keyed, PullPolicy, Reference } from '#images/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import { Secret, ServiceAccount } from '#kinds/mod.ts';
import type { Client } from '#objects/mod.ts';
import type { ImagePuller } from '#node/mod.ts';
import type { DigestResolver, PullContext } from '#serving/mod.ts';
import type { Logger } from '#telemetry/mod.ts';

/** Under which registry the store keeps what is pushed here, whatever the port is today. */
export const OWN_REGISTRY = 'localhost:5050';

/** The names under which the platform's registry is known on this machine, when it listens there. */
export function ownRegistries(hosts: readonly string[], port: number | string): ReadonlySet<string> {
  return new Set([OWN_REGISTRY, ...[...hosts, '127.0.0.1', 'localhost'].map((name) => `${name}:${port}`)]);
}

/** An image as the store names it: the platform's own registry has one name there. Throws where it is no image's name. */
export function storedAs(image: string, own: ReadonlySet<string>): Reference {
  const reference = referenceOf(image);
  return own.has(reference.registry) ? { ...reference, registry: OWN_REGISTRY } : reference;
}

export interface ImageSupplyOptions {
  readonly store: ImageStore;
  /** Reads pull secrets and ServiceAccounts. */
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where the platform's own registry is reached. */
  readonly hosts: readonly string[];
  readonly port: number;
}

/** How long a registry is waited for when the image is here anyway. */
const PATIENCE_MS = 5000;

/** Fills the ports of the node agent and of the Revision's controller. Throws in words as the registries refuse. */
export class ImageSupply implements ImagePuller, DigestResolver {
  readonly #options: ImageSupplyOptions;
  readonly #puller: Puller;
  readonly #own: ReadonlySet<string>;
  readonly #held = new Set<string>();

  constructor(options: ImageSupplyOptions) {
    const { store, clock, hosts, port } = options;
    this.#options = options;
    this.#own = ownRegistries(hosts, port);
    this.#puller = new Puller({
      store,
      client: new RegistryClient({ clock }),
      isOwn: (registry) => registry === OWN_REGISTRY,
    });
  }

  async bring(image: string, pod: Pod): Promise<Awaited<ReturnType<ImagePuller['bring']>>> {
    const { namespace = '' } = pod.metadata;
    const names = (pod.spec.imagePullSecrets ?? []).flatMap(({ name }) => name ?? []);
    const secrets = await this.#secrets(namespace, names);
    const policy = policyOf(image, pod);
    const reference = storedAs(image, this.#own);
    const name = canonical(reference);
    const digest = await this.#elseFromHere(name, policy === 'Always', (signal) =>
      this.#puller.bring(name, policy, { secrets, ...(signal ? { signal } : {}) }),
    );
    await this.#hold(reference, digest);
    const { store } = this.#options;
    return { digest, ...(await store.unpack(digest, namespace)) };
  }

  async resolve(image: string, context: PullContext): Promise<string> {
    const { client } = this.#options;
    const account = await client.get(ServiceAccount, context.namespace, context.serviceAccountName);
    const ofAccount = (account?.imagePullSecrets ?? []).flatMap(({ name }) => name ?? []);
    const secrets = await this.#secrets(context.namespace, [...context.imagePullSecrets, ...ofAccount]);
    const { registry, repository } = referenceOf(image);
    const reference = storedAs(image, this.#own);
    const pinned = await this.#elseFromHere(canonical(reference), true, async (signal) => {
      const found = await this.#puller.pin(canonical(reference), { secrets, ...(signal ? { signal } : {}) });
      return referenceOf(found).digest ?? '';
    });
    return canonical({ registry, repository, digest: pinned });
  }

  /** What was brought in by hand, or pulled before, serves as long as its registry cannot tell anything newer. */
  async #elseFromHere(name: string, asks: boolean, ask: (signal?: AbortSignal) => Promise<string>): Promise<string> {
    const { store, clock, log } = this.#options;
    const here = asks ? await store.resolve(name) : undefined;
    if (here === undefined) return ask();
    const late = new AbortController();
    const timer = clock.after(PATIENCE_MS, () => late.abort(new Error(`no answer within ${PATIENCE_MS / 1000} s`)));
    try {
      return await ask(late.signal);
    } catch (error) {
      log.warn('a registry does not tell; the image that is here is taken', { image: name, error: messageOf(error) });
      return here;
    } finally {
      timer.cancel();
    }
  }

  /** Secrets that are not there are passed over, as a kubelet does: the registry may let everyone in. */
  async #secrets(namespace: string, names: readonly string[]): Promise<Keyed[]> {
    const { client, log } = this.#options;
    const found = await Promise.all([...new Set(names)].map((name) => client.get(Secret, namespace, name)));
    return found.flatMap((secret) => {
      const text = secret?.data?.['.dockerconfigjson'] ?? secret?.data?.['.dockercfg'];
      if (!secret || !text) return [];
      try {
        return pullSecret(Buffer.from(text, 'base64').toString());
      } catch (error) {
        log.warn('a pull secret cannot be read', { secret: secret.metadata.name, namespace, error: messageOf(error) });
        return [];
      }
    });
  }

  /** Names by digest may have been removed; what runs next is named anew. */
  forgetHeld(): void {
    this.#held.clear();
  }

  /** Names what a Pod runs by its digest, so that it stays when its tag goes on to another. */
  async #hold({ registry, repository }: Reference, digest: string): Promise<void> {
    const reference = { registry, repository, digest };
    const name = canonical(reference);
    if (this.#held.has(name)) return;
    await this.#options.store.tag(reference, digest);
    this.#held.add(name);
  }
}

/** Of the container with this image; where two differ, the one that asks more often. */
function policyOf(image: string, { spec }: Pod): PullPolicy {
  const containers = [...(spec.initContainers ?? []), ...spec.containers].filter((one) => one.image === image);
  const policies = new Set(containers.map(({ imagePullPolicy }) => imagePullPolicy));
  if (policies.has('Always')) return 'Always';
  return policies.has('Never') && !policies.has('IfNotPresent') ? 'Never' : 'IfNotPresent';
}

/**
 * Forgets images that only a digest names and none of these objects speaks of any more, then removes what no name leads
 * to. Only while nothing runs. With `allRoots` what was unpacked is unpacked anew.
 */
export async function tidyImages(store: ImageStore, objects: Iterable<object>, allRoots: boolean): Promise<void> {
  const wanted = digestsIn(objects);
  for (const { name, digest } of await store.list())
    if (name.includes('@') && !wanted.has(digest)) await store.remove(name);
  await store.prune({ allRoots });
}

/** Every digest that these objects speak of. */
export function digestsIn(objects: Iterable<object>): ReadonlySet<string> {
  const digests = new Set<string>();
  for (const object of objects)
    for (const [digest] of JSON.stringify(object).matchAll(/sha256:[0-9a-f]{64}/g)) digests.add(digest);
  return digests;
}
