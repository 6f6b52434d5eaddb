// Who owns which field: what a write leaves in managedFields, and what an apply makes of an object.

import type { JsonObject } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { applyConfiguration, trackUpdate } from '#machinery/mod.ts';
import type { Draft } from './draft.ts';
import type { UpdateOptions, WriteOptions } from './requests.ts';

/** Makes the writer the owner of what it changed. Changes the draft's metadata. */
export function own({ kind, before, object, subresource, now }: Draft, { fieldManager }: WriteOptions): void {
  const manager = fieldManager || 'unknown';
  const managedFields = trackUpdate({ kind, before, after: object, manager, subresource, now });
  if (managedFields.length > 0) object.metadata.managedFields = managedFields;
  else delete object.metadata.managedFields;
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
