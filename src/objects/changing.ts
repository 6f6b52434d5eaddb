// A change of an object that is there, on its way to the store: by update, patch or apply.

import type { JsonObject } from '#base/mod.ts';
import { deepFreeze } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { conflict, notFound } from '#machinery/mod.ts';
import { createObject } from './creating.ts';
import { decodeIncoming } from './decode.ts';
import { isReleased } from './deletion.ts';
import type { Desk } from './desk.ts';
import { isLossy, written } from './desk.ts';
import type { Draft } from './draft.ts';
import { admissionRequest, check, prepare } from './draft.ts';
import { checkPreconditions, keepServerMetadata, merge, nextGeneration } from './merge.ts';
import { apply, own, ownedAlready } from './ownership.ts';
import { nameOf } from './refusals.ts';
import type { Place, UpdateOptions, Written } from './requests.ts';
import { reuse } from './reuse.ts';
import type { StoreOutcome } from './store.ts';

/** What an update makes of what stands: a fresh object. Called anew after each conflict. */
export type Change = (before: KubeObject, warnings: string[]) => KubeObject;

/** Throws 404 where there is nothing to change. */
export function changeObject(
  desk: Desk,
  kind: Kind,
  place: Place,
  change: Change,
  options: UpdateOptions,
): Promise<Written> {
  return desk.untilDone(kind, place.name, async () => {
    const before = await desk.newest(kind, place);
    if (!before) throw notFound(nameOf(kind), place.name);
    return tryChange(desk, kind, before, change, options, own);
  });
}

/** Applies what a manager wants: changes what stands, or creates it. */
export function applyObject(
  desk: Desk,
  kind: Kind,
  place: Place,
  wanted: KubeObject,
  options: UpdateOptions,
): Promise<Written> {
  return desk.untilDone(kind, place.name, async () => {
    const before = await desk.newest(kind, place);
    if (!before) return applyNew(desk, kind, place, wanted, options);
    const change = () => decodedApply(desk, kind, before, wanted, options);
    return tryChange(desk, kind, before, change, options, ownedAlready);
  });
}

/** Undefined where others were faster. */
async function tryChange(
  desk: Desk,
  kind: Kind,
  before: KubeObject,
  change: Change,
  options: UpdateOptions,
  manage: typeof own,
): Promise<Written | undefined> {
  const warnings: string[] = [];
  const incoming = change(before, warnings);
  checkPreconditions(kind, before, incoming);
  const { subresource } = options;
  const object = merge(kind, before, incoming, subresource);
  keepServerMetadata(before, object);
  const draft: Draft = { ...desk.draft(kind, 'UPDATE', object, options, warnings), before, subresource };
  await prepare(draft, desk.plugins, desk.surroundings(kind));
  setGeneration(draft, before);
  draft.object = reuse(before, draft.object);
  manage(draft, options);
  if (draft.object === before) return unchanged(desk, draft);
  check(draft, desk.surroundings(kind));
  const outcome = await desk.admitted(admissionRequest(draft), () => storeChanged(desk, draft, before));
  if (outcome.kind === 'notFound') throw notFound(nameOf(kind), before.metadata.name);
  return outcome.kind === 'written' ? written(outcome.object, draft, 'changed') : undefined;
}

function setGeneration({ kind, object }: Draft, before: KubeObject): void {
  const generation = nextGeneration(kind, before, object);
  if (generation !== undefined) object.metadata.generation = generation;
}

/** Nothing to write; but what it agrees with must be on disk before it may be said. */
async function unchanged({ store }: Desk, draft: Draft): Promise<Written | undefined> {
  const { kind, object } = draft;
  const { namespace = '', name, resourceVersion } = object.metadata;
  await store.settled(kind.resource, namespace, name);
  const found = store.get(kind.resource, namespace, name);
  return found?.metadata.resourceVersion === resourceVersion ? written(object, draft, 'unchanged') : undefined;
}

/** A change that takes away the last finalizer of an object that is being deleted removes it. */
async function storeChanged(desk: Desk, draft: Draft, before: KubeObject): Promise<StoreOutcome> {
  const { kind, object } = draft;
  if (draft.dryRun) return { kind: 'written', object: deepFreeze(object) };
  const { namespace = '', name, resourceVersion = '' } = before.metadata;
  const place = { resource: kind.resource, namespace, name, expect: { resourceVersion } };
  if (isReleased(object)) return released(object, await desk.store.write(place));
  return desk.store.write({ ...place, object: desk.stored(kind, object) }, { lossy: isLossy(draft) });
}

/** Whoever let go last is told what that made of the object, though it is there no more. */
function released(object: KubeObject, outcome: StoreOutcome): StoreOutcome {
  if (outcome.kind !== 'written') return outcome;
  const { resourceVersion } = outcome.object.metadata;
  return { ...outcome, object: deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion } }) };
}

/** Undefined where somebody created it meanwhile. */
async function applyNew(
  desk: Desk,
  kind: Kind,
  { namespace, name }: Place,
  wanted: KubeObject,
  options: UpdateOptions,
): Promise<Written | undefined> {
  if (options.subresource) throw notFound(nameOf(kind), name);
  const { uid } = wanted.metadata;
  if (uid) {
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
    throw conflict(nameOf(kind), name, why);
  }
  const fresh = decodedApply(desk, kind, undefined, wanted, options);
  delete fresh.metadata.resourceVersion;
  try {
    return await createObject(desk, kind, fresh, [], options, ownedAlready);
  } catch (thrown) {
    if (desk.store.get(kind.resource, namespace, name)) return undefined;
    throw thrown;
  }
}

function decodedApply(
  { clock }: Desk,
  kind: Kind,
  live: KubeObject | undefined,
  wanted: KubeObject,
  options: UpdateOptions,
): KubeObject {
  const result: JsonObject = apply(kind, live, wanted, clock.now(), options);
  return decodeIncoming(kind, result, 'Ignore').object;
}
