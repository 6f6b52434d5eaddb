// The order of a write: decode ▸ default ▸ admit ▸ check ▸ admission's last word ▸ store. Every change of an object, by
// whichever client and in whichever home, goes through here. Refusals are ApiErrors in the words of Kubernetes.

import type { JsonObject } from '#base/mod.ts';
import { isRecord } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { applyPatch, badRequest, invalid, Problems, withWarnings } from '#machinery/mod.ts';
import type { Change } from './changing.ts';
import { applyObject, changeObject } from './changing.ts';
import type { ListOptions, ObjectList, PatchType } from './client.ts';
import { createObject } from './creating.ts';
import { decodeApplied, decodeIncoming } from './decode.ts';
import { deleteObject } from './deleting.ts';
import type { DeskOptions } from './desk.ts';
import { Desk } from './desk.ts';
import { checkSubresource, withoutOwners } from './merge.ts';
import type { Page, PageRequest } from './paging.ts';
import { page } from './paging.ts';
import { checkPlace, checkVersionGiven, settleNamespace } from './place.ts';
import type {
  Deleted,
  DeleteRequest,
  Incoming,
  PatchBody,
  Place,
  UpdateOptions,
  WriteOptions,
  Written,
} from './requests.ts';
import type { Scheme } from './scheme.ts';
import { selectionOf } from './selection.ts';
import type { Store } from './store.ts';
import { asVersion } from './versions.ts';
import { select } from './watch.ts';

export type RegistryOptions = DeskOptions;

/** Deletions of a collection that are under way together. */
const COLLECTION_BATCH = 100;

export class Registry {
  readonly store: Store;
  readonly scheme: Scheme;
  readonly #desk: Desk;

  constructor(options: RegistryOptions) {
    this.store = options.store;
    this.scheme = options.scheme;
    this.#desk = new Desk(options);
  }

  /** What stands, in the version of the kind; undefined where there is nothing. */
  get<O extends KubeObject>(kind: Kind<O>, { namespace, name }: Place): O | undefined {
    const found = this.store.get(kind.resource, namespace, name);
    return found && shownAs(kind, found);
  }

  /** Throws 400 for a selector that cannot be read, or a field that cannot be selected by. */
  list<O extends KubeObject>(kind: Kind<O>, options: ListOptions = {}): ObjectList<O> {
    const objects = select(this.store, kind.resource, selectionOf(kind, options));
    return { items: objects.map((object) => shownAs(kind, object)), resourceVersion: this.store.listRevision };
  }

  /** A part of a list, or the list as it was. Throws as `list`, and 410 where that moment is too long ago. */
  page(kind: Kind, options: ListOptions, request: PageRequest): Page {
    const found = page(this.store, kind.resource, selectionOf(kind, options), request);
    return { ...found, items: found.items.map((object) => shownAs(kind, object)) };
  }

  /** Throws 409 AlreadyExists, 404 for a missing Namespace, 403 for one that is going, and what validation and admission refuse. */
  async create<O extends KubeObject>(
    kind: Kind<O>,
    namespace: string,
    incoming: Incoming,
    options: WriteOptions,
  ): Promise<Written<O>> {
    const { object, warnings } = decodeIncoming(kind, incoming, options.fieldValidation);
    settleNamespace(kind, object, namespace);
    if (object.metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
    return (await telling(warnings, () => createObject(this.#desk, kind, object, warnings, options))) as Written<O>;
  }

  /**
   * Replaces an object or its subresource; with a resourceVersion only if it is still that one (else 409). A custom
   * resource must name one (else 422).
   */
  async update<O extends KubeObject>(
    kind: Kind<O>,
    place: Place,
    incoming: Incoming,
    options: UpdateOptions,
  ): Promise<Written<O>> {
    checkSubresource(kind, options.subresource);
    const { object, warnings } = decodeIncoming(kind, incoming, options.fieldValidation);
    checkPlace(object, place);
    let unused: KubeObject | undefined = object;
    const change: Change = () => {
      // Whoever changes an object changes what it is given, so each further try is given one of its own.
      const given = unused ?? decodeIncoming(kind, incoming, options.fieldValidation).object;
      unused = undefined;
      checkVersionGiven(kind, given);
      return given;
    };
    const changing = () => changeObject(this.#desk, kind, place, change, options);
    const result = (await telling(warnings, changing)) as Written<O>;
    return { ...result, warnings: [...warnings, ...result.warnings] };
  }

  /**
   * Patches an object or its subresource (of a scale, only the replicas at the kind's own path are taken). An apply
   * creates what is not there; any other patch answers 404.
   */
  async patch<O extends KubeObject>(
    kind: Kind<O>,
    place: Place,
    type: PatchType,
    body: PatchBody,
    options: UpdateOptions,
  ): Promise<Written<O>> {
    checkSubresource(kind, options.subresource);
    if (type === 'apply') return (await this.#apply(kind, place, body as JsonObject, options)) as Written<O>;
    const change: Change = (before, warnings) => {
      // The owners of fields are most of what an object is made of, and hardly ever what a patch is about.
      const base = namesOwners(type, body) ? before : withoutOwners(before);
      const patched = applyPatch(type, base as unknown as JsonObject, body, kind);
      const decoded = decodeIncoming(kind, patched, options.fieldValidation);
      warnings.push(...decoded.warnings);
      checkPlace(decoded.object, place);
      return decoded.object;
    };
    return (await changeObject(this.#desk, kind, place, change, options)) as Written<O>;
  }

  /** Deletes an object, or marks it where finalizers or a grace hold it. Throws 404, 409 for preconditions, 400 and 403 as refused. */
  async delete<O extends KubeObject>(kind: Kind<O>, place: Place, request: DeleteRequest): Promise<Deleted<O>> {
    return (await deleteObject(this.#desk, kind, place, request)) as Deleted<O>;
  }

  /** Deletes what is selected; what others delete meanwhile counts as deleted. Gives the objects as they stood. */
  async deleteCollection<O extends KubeObject>(
    kind: Kind<O>,
    options: ListOptions,
    request: DeleteRequest,
  ): Promise<ObjectList<O>> {
    const found = this.list(kind, options);
    for (let start = 0; start < found.items.length; start += COLLECTION_BATCH) {
      const batch = found.items.slice(start, start + COLLECTION_BATCH);
      await Promise.all(batch.map((object) => this.#deleteIfThere(kind, object, request)));
    }
    return found;
  }

  async #apply(kind: Kind, place: Place, body: JsonObject, options: UpdateOptions): Promise<Written> {
    if (!options.fieldManager) {
      const problems = new Problems();
      problems.required('fieldManager', 'is required for apply patch');
      throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', problems.all);
    }
    const { object, warnings } = decodeApplied(kind, body, options.fieldValidation);
    checkPlace(object, place);
    if (object.metadata.managedFields?.length) throw badRequest('metadata.managedFields must be nil');
    settleNamespace(kind, object, place.namespace);
    object.metadata.name ||= place.name;
    const result = await telling(warnings, () => applyObject(this.#desk, kind, place, object, options));
    return { ...result, warnings: [...warnings, ...result.warnings] };
  }

  async #deleteIfThere(kind: Kind, { metadata }: KubeObject, request: DeleteRequest): Promise<void> {
    const { uid = '', namespace = '', name } = metadata;
    try {
      await this.delete(kind, { namespace, name }, { ...request, uid });
    } catch (thrown) {
      // Gone, or gone and made again: either way this one is deleted.
      if (this.store.get(kind.resource, namespace, name)?.metadata.uid === uid) throw thrown;
    }
  }
}

/** Does something; where it is refused, the refusal carries the warnings. */
async function telling<T>(warnings: readonly string[], act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (thrown) {
    throw withWarnings(thrown, warnings);
  }
}

/** Whether a patch may say anything of managedFields. */
function namesOwners(type: PatchType, body: PatchBody): boolean {
  if (type !== 'json') {
    const metadata: unknown = Reflect.get(body, 'metadata');
    if (metadata === undefined) return Object.keys(body).some((key) => key.startsWith('$'));
    return !isRecord(metadata) || Object.keys(metadata).some((key) => key === 'managedFields' || key.startsWith('$'));
  }
  const places = Array.isArray(body)
    ? body.flatMap(({ path, from }) => (from === undefined ? [path] : [path, from]))
    : [undefined];
  return !places.every((place) => typeof place === 'string' && OF_NO_OWNER.test(place));
}

const OF_NO_OWNER = /^\/(?:spec|status|data|metadata\/(?:labels|annotations|finalizers))(?:\/|$)/;

function shownAs<O extends KubeObject>(kind: Kind<O>, object: KubeObject): O {
  return asVersion(object, kind) as O;
}
