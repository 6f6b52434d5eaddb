// What Namespaces mean for a write: they must be there and not be going, and a few may never go.

import type { Kind, KubeObject } from '#machinery/mod.ts';
import { ApiError, forbidden, notFound } from '#machinery/mod.ts';
import { nameOf } from './refusals.ts';

export const NAMESPACES = 'namespaces';
/** What Kubernetes' own NamespaceLifecycle calls immortal. */
const IMMORTAL = new Set(['default', 'kube-system', 'kube-public']);

/** Why nothing can be created in a namespace; undefined where it can. */
export function creationRefusal(
  kind: Kind,
  name: string,
  namespace: string,
  found: KubeObject | undefined,
): ApiError | undefined {
  if (!found) return notFound({ group: '', plural: NAMESPACES }, namespace);
  if (!found.metadata.deletionTimestamp) return undefined;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const { status } = forbidden(nameOf(kind), name, why);
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  };
  return new ApiError(status.code, status.reason, status.message, { ...status.details, causes: [cause] });
}

/** Why an object may not be deleted, whoever asks. */
export function deletionRefusal(kind: Kind, name: string): ApiError | undefined {
  if (kind.resource !== NAMESPACES || !IMMORTAL.has(name)) return undefined;
  return forbidden(nameOf(kind), name, 'this namespace may not be deleted');
}
