// What a controller does with the objects it owns: claim a name, bring to a wanted state, remove the rest.

import { equal, isRecord } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { controllerOf, controllerRef, isReason } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';
import { reuse } from '#objects/mod.ts';
import type { View } from './view.ts';

/** Whose a wanted object is now. `taken`: it is there and somebody else's. */
export type Claim<O> =
  | { readonly outcome: 'created' | 'found' | 'updated'; readonly object: O }
  | { readonly outcome: 'taken'; readonly object: O };

export interface ApplyOptions {
  /** Whether labels and annotations that are not wanted go (`replace`, the usual) or stay (`merge`). */
  readonly metadata?: 'replace' | 'merge';
  /** Says whether nothing but metadata could differ; the usual is to compare every field. For what carries over fields of what is there. */
  readonly unchanged?: (there: KubeObject) => boolean;
}

/** Children remembered as settled; beyond that the oldest cost one write without effect. */
const MAX_SETTLED = 20_000;
const UPDATE_TRIES = 3;

/** The children of whatever owner; one for a process. */
export class Children {
  readonly #client: Client;
  readonly #view: View;
  /** What was asked for, and what the API made of it with its defaults: asking the same again changes nothing. */
  readonly #settled = new Map<string, { readonly asked: KubeObject; readonly became: KubeObject }>();

  constructor(client: Client, view: View) {
    this.#client = client;
    this.#view = view;
  }

  /** Creates the object as the owner's, or finds out whose it is. */
  async claim<O extends KubeObject>(kind: Kind<O>, owner: KubeObject, desired: O): Promise<Claim<O>> {
    const { namespace = '', name } = desired.metadata;
    const there = this.#view.get(kind, namespace, name);
    if (there) return claimOf(there, owner);
    const owned = { ...desired, metadata: { ...desired.metadata, ownerReferences: ownersOf(desired, owner) } };
    try {
      const created = await this.#client.create(kind, owned);
      this.#remember(kind, created, desired);
      return { outcome: 'created', object: created };
    } catch (thrown) {
      if (!isReason(thrown, 'AlreadyExists')) throw thrown;
      return this.#look(kind, owner, desired, thrown);
    }
  }

  /** Whose an object is that the cache has not shown yet. */
  async #look<O extends KubeObject>(
    kind: Kind<O>,
    owner: KubeObject,
    { metadata }: O,
    thrown: unknown,
  ): Promise<Claim<O>> {
    const hidden = await this.#client.get(kind, metadata.namespace ?? '', metadata.name);
    if (!hidden) throw thrown;
    this.#view.wrote(kind, hidden);
    return claimOf(hidden, owner);
  }

  /** Like `claim`, and updates what differs in labels, annotations or any field but status. */
  async apply<O extends KubeObject>(
    kind: Kind<O>,
    owner: KubeObject,
    desired: O,
    { metadata = 'replace', unchanged }: ApplyOptions = {},
  ): Promise<Claim<O>> {
    let claim = await this.claim(kind, owner, desired);
    for (let tries = 1; claim.outcome === 'found'; tries++) {
      const wanted = withMetadataOf(claim.object, desired, metadata);
      const same = unchanged?.(claim.object) ?? this.#same(kind, claim.object, desired, fieldsOf);
      if (same && (sameMetadata(claim.object, wanted) || this.#same(kind, claim.object, desired, faceOf))) return claim;
      try {
        const updated = await this.#client.update(kind, { ...wanted, ...fieldsOf(desired) });
        this.#remember(kind, updated, { ...desired, metadata: wanted.metadata });
        return { outcome: 'updated', object: updated };
      } catch (thrown) {
        // Somebody else, as a status writer, was faster: what is wanted stays the same, unless it was made of what was there.
        if (!isReason(thrown, 'Conflict') || unchanged || tries >= UPDATE_TRIES) throw thrown;
        claim = await this.#look(kind, owner, desired, thrown);
      }
    }
    return claim;
  }

  /** Deletes an object that is known; one that is gone already is fine. */
  async remove<O extends KubeObject>(kind: Kind<O>, object: O): Promise<void> {
    const { namespace = '', name, uid } = object.metadata;
    try {
      await this.#client.delete(kind, namespace, name, uid ? { uid } : {});
    } catch (thrown) {
      if (!isReason(thrown, 'NotFound')) throw thrown;
    }
    this.#settled.delete(`${kind.resource} ${uid}`);
  }

  /** Whether an object is as it is wanted, or as the API made it of the same wish before; `part` says in what. */
  #same(kind: Kind, there: KubeObject, desired: KubeObject, part: (of: KubeObject) => object): boolean {
    const [asked, is] = [part(desired), part(there)];
    if (equal(asked, is)) return true;
    const settled = this.#settled.get(`${kind.resource} ${there.metadata.uid}`);
    return settled !== undefined && equal(part(settled.asked), asked) && equal(part(settled.became), is);
  }

  #remember(kind: Kind, became: KubeObject, desired: KubeObject): void {
    const key = `${kind.resource} ${became.metadata.uid}`;
    const [asked, is] = [faceOf(desired), faceOf(became)];
    this.#settled.delete(key);
    if (equal(asked, is)) return;
    // What both have in common is kept once.
    this.#settled.set(key, { asked: reuse(is, asked), became: is });
    const [oldest] = this.#settled.keys();
    if (this.#settled.size > MAX_SETTLED && oldest !== undefined) this.#settled.delete(oldest);
  }
}

type Fields = Readonly<Record<string, unknown>>;

function claimOf<O extends KubeObject>(there: O, owner: KubeObject): Claim<O> {
  const ours = controllerOf(there)?.uid === owner.metadata.uid;
  return { outcome: ours ? 'found' : 'taken', object: there };
}

function ownersOf(desired: KubeObject, owner: KubeObject) {
  return desired.metadata.ownerReferences ?? [controllerRef(owner)];
}

/** Everything a writer may want: all but identity, metadata and status. */
function fieldsOf(object: KubeObject): Fields {
  const {
    apiVersion: _version,
    kind: _kind,
    metadata: _metadata,
    status: _status,
    ...fields
  } = object as KubeObject & {
    status?: unknown;
  };
  return fields;
}

/** The same with labels and annotations, to which defaults may add as well: an object that is nobody's. */
function faceOf(object: KubeObject): KubeObject {
  const { labels, annotations } = object.metadata;
  const metadata = { name: '', labels: { ...labels }, annotations: { ...annotations } };
  return { apiVersion: '', kind: '', metadata, ...fieldsOf(object) };
}

function withMetadataOf<O extends KubeObject>(there: O, desired: O, how: 'replace' | 'merge'): O {
  const kept = how === 'merge' ? there.metadata : { labels: {}, annotations: {} };
  const labels = { ...kept.labels, ...desired.metadata.labels };
  const annotations = { ...kept.annotations, ...desired.metadata.annotations };
  const { labels: _labels, annotations: _annotations, ...metadata } = there.metadata;
  return { ...there, metadata: { ...metadata, ...given('labels', labels), ...given('annotations', annotations) } };
}

function given(field: string, map: Record<string, string>): Record<string, unknown> {
  return Object.keys(map).length > 0 ? { [field]: map } : {};
}

function sameMetadata(a: KubeObject, b: KubeObject): boolean {
  return (
    equal(orEmpty(a.metadata.labels), orEmpty(b.metadata.labels)) &&
    equal(orEmpty(a.metadata.annotations), orEmpty(b.metadata.annotations))
  );
}

function orEmpty(map: unknown): Record<string, unknown> {
  return isRecord(map) ? map : {};
}
