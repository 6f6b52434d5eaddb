// A deletion on its way to the store.

import { deepFreeze } from '#base/mod.ts';
import type { Kind, KubeObject, WriteContext } from '#machinery/mod.ts';
import { FieldErrors, notFound } from '#machinery/mod.ts';
import type { AdmissionRequest } from './admission.ts';
import type { Deletion } from './deletion.ts';
import { planDeletion } from './deletion.ts';
import type { Desk } from './desk.ts';
import { contextOf, refuse } from './draft.ts';
import { deletionRefusal } from './namespaces.ts';
import { nameOf } from './refusals.ts';
import type { Deleted, DeleteRequest, Place } from './requests.ts';
import type { StoreOutcome } from './store.ts';
import { asVersion } from './versions.ts';

/** Removes an object, or marks it where something holds it. Throws 404 where there is nothing. */
export async function deleteObject(desk: Desk, kind: Kind, place: Place, request: DeleteRequest): Promise<Deleted> {
  const refusal = deletionRefusal(kind, place.name);
  if (refusal) throw refusal;
  return desk.untilDone(kind, place.name, () => tryDelete(desk, kind, place, request));
}

/** Undefined where others were faster. */
async function tryDelete(desk: Desk, kind: Kind, place: Place, request: DeleteRequest): Promise<Deleted | undefined> {
  const before = await desk.newest(kind, place);
  if (!before) throw notFound(nameOf(kind), place.name);
  const warnings: string[] = [];
  const { user, dryRun = false } = request;
  const parts = { operation: 'DELETE' as const, user, dryRun, now: desk.clock.now() };
  checkDelete(kind, before, contextOf(parts, desk.surroundings(kind)), warnings);
  const plan = planDeletion(kind, before, request, parts.now);
  const { namespace, name } = place;
  const admission: AdmissionRequest = {
    ...parts,
    kind,
    namespace,
    name,
    before,
    warn: (text) => void warnings.push(text),
  };
  const outcome = await desk.admitted(admission, () => storeDeletion(desk, kind, before, plan, dryRun));
  if (outcome.kind === 'notFound') throw notFound(nameOf(kind), name);
  if (outcome.kind !== 'written') return undefined;
  return { object: asVersion(outcome.object, kind), removed: plan.kind === 'remove', warnings };
}

function checkDelete(kind: Kind, object: KubeObject, context: WriteContext, warnings: string[]): void {
  if (!kind.checkDelete) return;
  const errors = new FieldErrors();
  kind.checkDelete(object, errors, context);
  refuse(kind, errors, warnings);
}

async function storeDeletion(
  desk: Desk,
  kind: Kind,
  before: KubeObject,
  plan: Deletion,
  dryRun: boolean,
): Promise<StoreOutcome> {
  const { namespace = '', name, resourceVersion = '' } = before.metadata;
  const object = plan.kind === 'mark' ? plan.object : before;
  if (dryRun) return { kind: 'written', object: deepFreeze(object) };
  if (plan.kind === 'keep') {
    await desk.store.settled(kind.resource, namespace, name);
    return { kind: 'written', object };
  }
  const write = { resource: kind.resource, namespace, name, expect: { resourceVersion } };
  return desk.store.write(plan.kind === 'mark' ? { ...write, object: desk.stored(kind, object) } : write);
}
