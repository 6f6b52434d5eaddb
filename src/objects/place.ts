// A request says where it writes, and so may its body: the two must agree.

import type { Kind, KubeObject } from '#machinery/mod.ts';
import { badRequest, invalid } from '#machinery/mod.ts';
import type { Place } from './requests.ts';

/** The namespace of the request holds; a body that says another is refused. Changes the metadata. */
export function settleNamespace(kind: Kind, { metadata }: KubeObject, namespace: string): void {
  if (kind.scope === 'Cluster') delete metadata.namespace;
  else if (!namespace) throw badRequest('an empty namespace may not be set during creation');
  else if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  } else metadata.namespace = namespace;
}

/** Throws 400 where the body names another object than the request. */
export function checkPlace({ metadata }: KubeObject, { namespace, name }: Place): void {
  if (metadata.name && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest(
      `the namespace of the object (${metadata.namespace}) does not match the namespace on the URL (${namespace})`,
    );
  }
}

/** Kubernetes replaces a custom resource only by the version it names. */
export function checkVersionGiven(kind: Kind, { metadata }: KubeObject): void {
  if (!kind.custom || metadata.resourceVersion) return;
  const message = 'Invalid value: 0x0: must be specified for an update';
  throw invalid(kind, metadata.name, [{ path: 'metadata.resourceVersion', reason: 'FieldValueInvalid', message }]);
}
