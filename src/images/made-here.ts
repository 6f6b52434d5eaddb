// Which images were made on this machine, and for whom: they alone may run over the machine's own root (ADR 32).

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from './manifest.ts';
import { ROOT_ANNOTATION } from './manifest.ts';
import { isBroughtByHand, parseReference } from './reference.ts';

/** An image and the namespace it was made for; for every one where none is named. */
export interface Making {
  readonly digest: string;
  readonly namespace?: string;
}

/** Whether an image says that its root is the machine's own. */
export function wantsMachineRoot({ annotations }: Manifest): boolean {
  return annotations?.[ROOT_ANNOTATION] === 'host';
}

const NOT_MADE_HERE =
  `the image wants this machine's own root (annotation ${ROOT_ANNOTATION} of its manifest), which only images made on this machine get. ` +
  "Make it here ('ebb deploy FOLDER', or 'ebb image add NAME FOLDER'), or build it with a root file system of its own";

/** An image wants the machine's own root and may not have it. */
export class RootRefused extends Error {
  override readonly name = 'RootRefused';

  constructor(message = NOT_MADE_HERE) {
    super(message);
  }
}

/** Why an image gets no root of the machine in a namespace, with the next step; undefined where it gets it. Pure. */
export function rootRefusal(
  makings: readonly Omit<Making, 'digest'>[],
  namespace: string | undefined,
): string | undefined {
  if (makings.some((making) => making.namespace === undefined || making.namespace === namespace)) return undefined;
  if (makings.length === 0) return NOT_MADE_HERE;
  const made = makings.flatMap((making) => making.namespace ?? []).sort();
  return (
    `the image runs over this machine's own root and was made for namespace ${made.join(', ')}, not for ${namespace ?? 'every one'}. ` +
    `Who owns the platform can make it here: ebb deploy FOLDER -n ${namespace ?? 'NAMESPACE'}`
  );
}

/**
 * What an older version made, which noted nothing of it, as far as names tell. Names under registries that are no places are given by hand
 * only, but for those by digest, which whoever runs an image gives: such a one counts where the owner has deployed that name into
 * that namespace. Pure.
 */
export function makingsByName(images: readonly { readonly name: string; readonly digest: string }[]): Making[] {
  const byHand = images.flatMap(({ name, digest: image }) => {
    const parsed = parseReference(name);
    return 'problem' in parsed || !isBroughtByHand(parsed.registry) ? [] : [{ ...parsed, image }];
  });
  const deployed = new Set(byHand.filter(({ tag }) => tag !== undefined).map(deploymentOf));
  return byHand.flatMap((reference) => {
    const deployment = deploymentOf(reference);
    if (reference.tag === undefined && (deployment === undefined || !deployed.has(deployment))) return [];
    const [namespace] = deployment?.split('/') ?? [];
    return [{ digest: reference.image, ...(namespace === undefined ? {} : { namespace }) }];
  });
}

/** `NAMESPACE/NAME` of what `ebb deploy` names. */
function deploymentOf({ registry, repository }: { readonly registry: string; readonly repository: string }) {
  return registry === 'dev.local' && repository.split('/').length === 2 ? repository : undefined;
}

/** The notes of an image store: an empty file for each making, in a folder that only the owner of the data folder writes to. */
export class MadeHere {
  readonly #parent: string;
  readonly #folder: string;

  constructor(storeFolder: string) {
    this.#parent = storeFolder;
    this.#folder = join(storeFolder, 'made');
  }

  /** Whether anything was ever noted here; an older version never did. */
  get hasBegun(): boolean {
    return existsSync(this.#folder);
  }

  /** Begins with these, all or none of them. */
  async begin(makings: readonly Making[]): Promise<void> {
    await mkdir(this.#parent, { recursive: true });
    const temporary = await mkdtemp(`${this.#folder}-`);
    try {
      for (const making of makings) await writeFile(join(temporary, fileOf(making)), '');
      await rename(temporary, this.#folder);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      // Another process may have been quicker.
      if (!this.hasBegun) throw error;
    }
  }

  async note(making: Making): Promise<void> {
    await writeFile(join(this.#folder, fileOf(making)), '');
  }

  /** Why this image gets no root of the machine there; undefined where it gets it. */
  async refusal(digest: string, namespace: string | undefined): Promise<string | undefined> {
    const may = [{ digest }, ...(namespace === undefined ? [] : [{ digest, namespace }])];
    if (may.some((making) => existsSync(join(this.#folder, fileOf(making))))) return undefined;
    return rootRefusal(await this.makings(digest), namespace);
  }

  async makings(digest: string): Promise<Omit<Making, 'digest'>[]> {
    return (await this.#files())
      .map((file) => file.split('.', 2))
      .filter(([hex]) => hex === digest.slice(7))
      .map(([, namespace]) => (namespace === undefined ? {} : { namespace: decodeURIComponent(namespace) }));
  }

  /** Forgets those whose manifest is gone. */
  async forget(isGone: (digest: string) => boolean): Promise<void> {
    for (const file of await this.#files()) {
      if (isGone(`sha256:${file.split('.', 1)[0]}`)) await rm(join(this.#folder, file), { force: true });
    }
  }

  #files(): Promise<string[]> {
    return readdir(this.#folder).catch(() => []);
  }
}

function fileOf({ digest, namespace }: Making): string {
  return namespace === undefined ? digest.slice(7) : `${digest.slice(7)}.${encodeURIComponent(namespace)}`;
}
