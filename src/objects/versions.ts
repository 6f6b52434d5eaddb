// One stored object as the several served versions of its resource show it. Most versions share one schema, so that only apiVersion
// differs; a kind whose schema is another says how objects become its own and back.

import { deepFreeze } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';

type Version = Pick<Kind, 'apiVersion' | 'conversion'>;

const shown = new WeakMap<KubeObject, Map<string, KubeObject>>();

/** A stored object in the version of a kind; the same result for the same frozen object. */
export function asVersion(object: KubeObject, { apiVersion, conversion }: Version): KubeObject {
  if (object.apiVersion === apiVersion) return object;
  const versions = shown.get(object) ?? new Map<string, KubeObject>();
  shown.set(object, versions);
  const made = versions.get(apiVersion);
  if (made) return made;
  const fresh = conversion
    ? deepFreeze({ ...conversion.fromStored(object), apiVersion })
    : Object.freeze({ ...object, apiVersion });
  versions.set(apiVersion, fresh);
  return fresh;
}

/** An object of a kind in the version in which its resource is stored. */
export function asStored(object: KubeObject, { conversion }: Version, stored: Version): KubeObject {
  if (object.apiVersion === stored.apiVersion) return object;
  return conversion ? { ...conversion.toStored(object), apiVersion: stored.apiVersion } : asVersion(object, stored);
}
