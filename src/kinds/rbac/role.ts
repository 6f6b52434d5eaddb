// Role and ClusterRole: what may be done.

import type { KubeObject, ObjectOf, Problems } from '#machinery/mod.ts';
import { computed, defineKind, list, object } from '#machinery/mod.ts';
import { LabelSelectorSchema } from '../core/references.ts';
import type { PolicyRule } from './rules.ts';
import { PolicyRuleSchema } from './rules.ts';

/** Roles show when they were made, not how long ago. */
const createdAt = computed(({ metadata }: KubeObject) => metadata.creationTimestamp ?? null);

function checkRules(problems: Problems, rules: readonly PolicyRule[], namespaced: boolean): void {
  for (const [index, rule] of rules.entries()) checkRule(problems.under(`rules[${index}]`), rule, namespaced);
}

function checkRule(problems: Problems, rule: PolicyRule, namespaced: boolean): void {
  if (rule.verbs.length === 0) problems.required('verbs', 'verbs must contain at least one value');
  const urls = rule.nonResourceURLs ?? [];
  const hasResources = [rule.apiGroups, rule.resources, rule.resourceNames].some((part) => part && part.length > 0);
  if (urls.length > 0) {
    if (namespaced) problems.invalid('nonResourceURLs', urls, 'namespaced rules cannot apply to non-resource URLs');
    if (hasResources) {
      problems.invalid('nonResourceURLs', urls, 'rules cannot apply to both regular resources and non-resource URLs');
    }
    return;
  }
  if (!rule.apiGroups?.length) problems.required('apiGroups', 'resource rules must supply at least one api group');
  if (!rule.resources?.length) problems.required('resources', 'resource rules must supply at least one resource');
}

export const Role = defineKind({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  names: { plural: 'roles' },
  scope: 'Namespaced',
  doc: 'Role is a namespaced, logical grouping of PolicyRules that can be referenced as a unit by a RoleBinding.',
  fields: { rules: list(PolicyRuleSchema) },
  columns: { 'Created At': createdAt },
  validate: (role, problems) => checkRules(problems, role.rules ?? [], true),
});
export type Role = ObjectOf<typeof Role>;

export const ClusterRole = defineKind({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  names: { plural: 'clusterroles' },
  scope: 'Cluster',
  doc: 'ClusterRole is a cluster level, logical grouping of PolicyRules.',
  fields: {
    rules: list(PolicyRuleSchema),
    aggregationRule: object({ clusterRoleSelectors: list(LabelSelectorSchema) }),
  },
  columns: { 'Created At': createdAt },
  validate: (role, problems) => checkRules(problems, role.rules ?? [], false),
});
export type ClusterRole = ObjectOf<typeof ClusterRole>;
