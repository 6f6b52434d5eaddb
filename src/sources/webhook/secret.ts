// The secret that calls are signed with.

import type { SecretKey } from '#kinds/mod.ts';
import { Secret } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';

/** Whoever has objects at hand. */
export interface ObjectReader {
  get<O extends KubeObject>(kind: Kind<O>, namespace: string, name: string): O | undefined;
}

/** The value that lies there; undefined where it is empty or none does. */
export function secretValue(
  reader: ObjectReader,
  namespace: string,
  from: SecretKey | undefined,
): Uint8Array | undefined {
  const { name, key } = from?.secretKeyRef ?? {};
  if (!name || !key) return undefined;
  const value = reader.get(Secret, namespace, name)?.data?.[key];
  return value ? Buffer.from(value, 'base64') : undefined;
}

/** Says where it should lie. */
export function secretMissing(
  reader: ObjectReader,
  namespace: string,
  { secretKeyRef: { name = '', key = '' } = {} }: SecretKey,
): string {
  if (!reader.get(Secret, namespace, name))
    return `there is no Secret ${JSON.stringify(name)} in namespace ${namespace}; its key ${JSON.stringify(key)} is expected`;
  return `Secret ${JSON.stringify(name)} has no key ${JSON.stringify(key)}`;
}
