// A ServiceAccount: who a Pod is to the API.

import type { KubeObject, ObjectOf } from '#machinery/mod.ts';
import { age, computed, defineKind, flag, list, listByKey } from '#machinery/mod.ts';
import { LocalObjectReferenceSchema, ObjectReferenceSchema } from './references.ts';

export const ServiceAccount = defineKind({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  names: { plural: 'serviceaccounts', short: ['sa'] },
  scope: 'Namespaced',
  doc: 'ServiceAccount binds together a name, an identity and secrets.',
  fields: {
    secrets: listByKey(ObjectReferenceSchema, 'name'),
    imagePullSecrets: list(LocalObjectReferenceSchema),
    automountServiceAccountToken: flag(),
  },
  columns: {
    Secrets: computed((account: KubeObject & { secrets?: unknown[] }) => account.secrets?.length ?? 0, 'integer'),
    Age: age,
  },
});
export type ServiceAccount = ObjectOf<typeof ServiceAccount>;
