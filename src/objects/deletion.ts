// What a DELETE does to an object: gone at once, marked and held by finalizers or grace, or left as it is. Pure.

import { copy, rfc3339 } from '#base/mod.ts';
import type { Kind, KubeObject, ObjectMeta } from '#machinery/mod.ts';
import { conflict } from '#machinery/mod.ts';
import type { DeleteOptions } from './client.ts';
import { nameOf } from './refusals.ts';

/** The finalizers by which the garbage collector is asked to deal with dependents before the object goes. */
export const ORPHAN_FINALIZER = 'orphan';
export const FOREGROUND_FINALIZER = 'foregroundDeletion';

export type Deletion =
  | { readonly kind: 'remove' }
  | { readonly kind: 'mark'; readonly object: KubeObject }
  /** Already under way as asked. */
  | { readonly kind: 'keep' };

/** Throws 409 where a precondition of the options does not hold. */
export function planDeletion(kind: Kind, object: KubeObject, options: DeleteOptions, now: number): Deletion {
  checkPreconditions(kind, object.metadata, options);
  const finalizers = finalizersFor(object.metadata, options.propagation);
  const grace = graceOf(kind, object, options);
  const isHeld = finalizers.length > 0 || grace > 0 || holdsNamespace(object);
  if (!isHeld) return { kind: 'remove' };
  const marked = mark(object, finalizers, grace, now);
  return marked ? { kind: 'mark', object: marked } : { kind: 'keep' };
}

/** Whether an update of an object that is being deleted was the last thing that held it. */
export function isReleased({
  metadata: { deletionTimestamp, deletionGracePeriodSeconds, finalizers },
  ...rest
}: KubeObject): boolean {
  if (!deletionTimestamp || (finalizers?.length ?? 0) > 0) return false;
  return (deletionGracePeriodSeconds ?? 0) === 0 && !holdsNamespace(rest);
}

function checkPreconditions(kind: Kind, metadata: ObjectMeta, { uid, resourceVersion }: DeleteOptions): void {
  if (uid && uid !== metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`;
    throw conflict(nameOf(kind), metadata.name, why);
  }
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`;
    throw conflict(nameOf(kind), metadata.name, why);
  }
}

/** The object's finalizers with those of the garbage collector as the propagation asks; an absent one leaves them as they are. */
function finalizersFor({ finalizers = [] }: ObjectMeta, propagation: DeleteOptions['propagation']): readonly string[] {
  if (propagation === undefined) return finalizers;
  const others = finalizers.filter((finalizer) => finalizer !== ORPHAN_FINALIZER && finalizer !== FOREGROUND_FINALIZER);
  if (propagation === 'Orphan') return [...others, ORPHAN_FINALIZER];
  return propagation === 'Foreground' ? [...others, FOREGROUND_FINALIZER] : others;
}

function graceOf(kind: Kind, object: KubeObject, { gracePeriodSeconds }: DeleteOptions): number {
  const usual = kind.gracePeriodSeconds?.(object) ?? 0;
  if (usual === 0) return 0;
  // What is being deleted may only be hurried.
  const already = object.metadata.deletionTimestamp ? object.metadata.deletionGracePeriodSeconds : undefined;
  const asked = gracePeriodSeconds ?? already ?? usual;
  // Kubernetes takes a negative grace for the shortest that still lets a process end by itself.
  const wanted = asked < 0 ? 1 : asked;
  return already === undefined ? wanted : Math.min(wanted, already);
}

/** Undefined where nothing changes. */
function mark(object: KubeObject, finalizers: readonly string[], grace: number, now: number): KubeObject | undefined {
  const { metadata } = object;
  const isFirst = !metadata.deletionTimestamp;
  const isSooner = !isFirst && grace < (metadata.deletionGracePeriodSeconds ?? 0);
  const hasOthers = finalizers.join('\n') !== (metadata.finalizers ?? []).join('\n');
  if (!isFirst && !isSooner && !hasOthers) return undefined;
  const marked = copy(object);
  if (finalizers.length > 0) marked.metadata.finalizers = [...finalizers];
  else delete marked.metadata.finalizers;
  if (isFirst) {
    marked.metadata.deletionTimestamp = rfc3339(now + grace * 1000);
    // What controllers should do changes with this, so the generation does too.
    if (metadata.generation !== undefined) marked.metadata.generation = metadata.generation + 1;
  } else if (isSooner) {
    const began = Date.parse(metadata.deletionTimestamp ?? '') - (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
    marked.metadata.deletionTimestamp = rfc3339(began + grace * 1000);
  }
  if (isFirst || isSooner) marked.metadata.deletionGracePeriodSeconds = grace;
  return terminating(marked);
}

interface NamespaceParts {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec?: { readonly finalizers?: readonly string[] };
  status?: Record<string, unknown>;
}

function isNamespace(object: Omit<KubeObject, 'metadata'>): boolean {
  return object.apiVersion === 'v1' && object.kind === 'Namespace';
}

/** A Namespace is held by `spec.finalizers` too: until its contents are gone. */
function holdsNamespace(object: Omit<KubeObject, 'metadata'>): boolean {
  return isNamespace(object) && ((object as NamespaceParts).spec?.finalizers?.length ?? 0) > 0;
}

function terminating(object: KubeObject): KubeObject {
  if (!isNamespace(object)) return object;
  const namespace: KubeObject & NamespaceParts = object;
  namespace.status = { ...namespace.status, phase: 'Terminating' };
  return namespace;
}
