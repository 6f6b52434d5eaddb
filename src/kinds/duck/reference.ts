// A reference to another object (duck/v1 KReference), and what Knative refuses in one.

import type { TypeOf } from '#machinery/mod.ts';
import { FieldErrors, object, text } from '#machinery/mod.ts';

export const KReferenceSchema = object({
  address: text().doc('The name of one of the addresses of the object.'),
  apiVersion: text(),
  group: text().doc('The group alone, in place of apiVersion, where config-features has kreference-group on.'),
  kind: text(),
  name: text(),
  namespace: text(),
});
/** duck/v1 KReference. */
export type KReference = TypeOf<typeof KReferenceSchema>;

/** The circumstances in which a reference stands. */
export interface ReferenceRules {
  /** Whether `group` may stand in place of `apiVersion`. */
  readonly isGroupAllowed?: boolean | undefined;
  /** The namespace that it must not lead out of. */
  readonly within?: string | undefined;
}

/** Checks a reference; paths are relative to it. */
export function checkReference(reference: KReference, { isGroupAllowed, within }: ReferenceRules = {}): FieldErrors {
  const errors = new FieldErrors();
  const { apiVersion, group, kind, name, namespace } = reference;
  if (!name) errors.missing('name');
  errors.merge(isGroupAllowed ? checkGroup(reference) : new FieldErrors());
  if (!isGroupAllowed && group) errors.disallowed('group');
  if (!isGroupAllowed && !apiVersion) errors.missing('apiVersion');
  if (!kind) errors.missing('kind');
  if (namespace && within && namespace !== within) {
    const details = `parent namespace: ${JSON.stringify(within)} does not match ref: ${JSON.stringify(namespace)}`;
    errors.add({ message: 'mismatched namespaces', paths: ['namespace'], details });
  }
  return errors;
}

function checkGroup({ apiVersion, group }: KReference): FieldErrors {
  const errors = new FieldErrors();
  if (!apiVersion && !group) return errors.missing('apiVersion', 'group');
  if (!apiVersion || !group || apiVersion.startsWith(group)) return errors;
  return errors.add({
    message: 'both apiVersion and group are specified and they refer to different API groups',
    paths: ['apiVersion', 'group'],
    details: 'Only one of them must be specified',
  });
}
