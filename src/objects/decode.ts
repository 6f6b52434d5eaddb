// From what a client sent to an object of a kind: pruned, and filled in with the schema's defaults unless it is an apply.

import { isRecord } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { decodeObject } from '#machinery/mod.ts';
import type { Incoming, WriteOptions } from './requests.ts';

export interface DecodedIncoming {
  readonly object: KubeObject;
  readonly warnings: readonly string[];
}

/** Throws 400 for what is no object of the kind and, with Strict, for unknown fields. */
export function decodeIncoming(
  kind: Kind,
  incoming: Incoming,
  fieldValidation: WriteOptions['fieldValidation'],
): DecodedIncoming {
  const decoded = decodeObject(kind, incoming, { fieldValidation: fieldValidation ?? 'Warn' });
  decoded.object.metadata.name ??= '';
  return decoded;
}

/** What an apply says it wants: only what it names, for it comes to own that. */
export function decodeApplied(
  kind: Kind,
  incoming: Incoming,
  fieldValidation: WriteOptions['fieldValidation'],
): DecodedIncoming {
  const options = { fieldValidation: fieldValidation ?? 'Warn', keepsEmpty: true };
  const { object, warnings } = decodeObject(kind, incoming, options);
  const named = onlyNamed(object, {
    ...incoming,
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: incoming.metadata ?? {},
  });
  return { object: named as KubeObject, warnings };
}

function onlyNamed(decoded: unknown, incoming: unknown): unknown {
  if (Array.isArray(decoded) && Array.isArray(incoming) && decoded.length === incoming.length) {
    return decoded.map((item, i) => onlyNamed(item, incoming[i]));
  }
  if (!isRecord(decoded) || !isRecord(incoming)) return decoded;
  const kept = Object.entries(decoded).filter(([field]) => incoming[field] !== undefined);
  return Object.fromEntries(kept.map(([field, value]) => [field, onlyNamed(value, incoming[field])]));
}
