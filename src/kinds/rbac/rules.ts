// Rules, subjects and references of role-based access.

import type { TypeOf } from '#machinery/mod.ts';
import { list, object, text } from '#machinery/mod.ts';

export const PolicyRuleSchema = object({
  verbs: list(text()).required(),
  apiGroups: list(text()),
  resources: list(text()),
  resourceNames: list(text()),
  nonResourceURLs: list(text()),
});
export type PolicyRule = TypeOf<typeof PolicyRuleSchema>;

export const SubjectSchema = object({
  kind: text().required(),
  apiGroup: text(),
  name: text().required(),
  namespace: text(),
});
export type Subject = TypeOf<typeof SubjectSchema>;

export const RoleRefSchema = object({ apiGroup: text(), kind: text().required(), name: text().required() });
export type RoleRef = TypeOf<typeof RoleRefSchema>;

export const RBAC_GROUP = 'rbac.authorization.k8s.io';
