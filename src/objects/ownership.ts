// Who owns which field: what a write leaves in managedFields, and what an apply makes of an object.

import type { JsonObject } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { applyConfiguration, trackUpdate } from '#machinery/mod.ts';
import type { Draft } from './draft.ts';
import type { UpdateOptions, WriteOptions } from './requests.ts';
import { reuse } from './reuse.ts';

/** Makes the writer the owner of what it changed: gives the draft another object where that changes anything. */
export function own(draft: Draft, { fieldManager }: WriteOptions): void {
  const { kind, before, object, subresource, now } = draft;
  const manager = fieldManager || 'unknown';
  const tracked = trackUpdate({ kind, before, after: object, manager, subresource, now });
  const { managedFields: there, ...metadata } = object.metadata;
  if (tracked.length === 0 ? there === undefined : tracked === there) return;
  const owned = { ...object, metadata: { ...metadata, ...(tracked.length > 0 ? { managedFields: tracked } : {}) } };
  draft.object = before ? reuse(before, owned) : owned;
}

/** An apply says itself who owns what. */
export const ownedAlready: typeof own = () => undefined;

/** The object after an apply, with its managedFields, not yet decoded. Throws 409 where it is at odds with other managers. */
export function apply(
  kind: Kind,
  live: KubeObject | undefined,
  wanted: KubeObject,
  now: number,
  { fieldManager = '', force = false, subresource }: UpdateOptions,
): JsonObject {
  const applied = wanted as unknown as JsonObject;
  return applyConfiguration({ kind, live, applied, manager: fieldManager, force, subresource, now });
}
