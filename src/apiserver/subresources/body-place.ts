// Bodies of subresources that are objects of another kind: where they say which object they are about, it must be this one.

import { isRecord } from '#base/mod.ts';
import { badRequest } from '#machinery/mod.ts';
import type { Target } from '../services.ts';

/** Throws 400 where the metadata of a body names another object than the URL does. */
export function checkPlace({ metadata }: { readonly metadata?: unknown }, { namespace, name }: Target): void {
  if (metadata === undefined || metadata === null) return;
  if (!isRecord(metadata)) throw badRequest('metadata must be an object');
  if (metadata['name'] && metadata['name'] !== name) {
    throw badRequest(
      `the name of the object (${JSON.stringify(metadata['name'])}) does not match the name on the URL (${name})`,
    );
  }
  if (metadata['namespace'] && metadata['namespace'] !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}
