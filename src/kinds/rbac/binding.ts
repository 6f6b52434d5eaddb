// RoleBinding and ClusterRoleBinding: who may do it.

import { equal } from '#base/mod.ts';
import type { KubeObject, ObjectOf, Problems } from '#machinery/mod.ts';
import { age, computed, defineKind, list, wide } from '#machinery/mod.ts';
import type { RoleRef, Subject } from './rules.ts';
import { RBAC_GROUP, RoleRefSchema, SubjectSchema } from './rules.ts';

interface BindingParts {
  subjects?: Subject[] | undefined;
  roleRef: RoleRef;
}
type Parts = KubeObject & BindingParts;

const names = ({ subjects = [] }: Parts, kind: string): string =>
  subjects
    .filter((subject) => subject.kind === kind)
    .map(({ name, namespace }) => (namespace ? `${namespace}/${name}` : name))
    .join(', ');

const columns = {
  Role: computed(({ roleRef }: Parts) => `${roleRef.kind}/${roleRef.name}`),
  Age: age,
  Users: wide(computed((binding: Parts) => names(binding, 'User'))),
  Groups: wide(computed((binding: Parts) => names(binding, 'Group'))),
  ServiceAccounts: wide(computed((binding: Parts) => names(binding, 'ServiceAccount'))),
};

function fillGroups({ subjects = [], roleRef }: BindingParts): void {
  if (roleRef) roleRef.apiGroup ||= RBAC_GROUP;
  for (const subject of subjects) {
    if (subject.kind !== 'ServiceAccount') subject.apiGroup ||= RBAC_GROUP;
  }
}

function checkBinding(
  problems: Problems,
  binding: BindingParts,
  before: BindingParts | undefined,
  roleKinds: readonly string[],
): void {
  const { roleRef, subjects = [] } = binding;
  const ref = problems.under('roleRef');
  if (roleRef.apiGroup !== RBAC_GROUP) ref.notSupported('apiGroup', roleRef.apiGroup, [RBAC_GROUP]);
  if (!roleKinds.includes(roleRef.kind)) ref.notSupported('kind', roleRef.kind, roleKinds);
  if (!roleRef.name) ref.required('name');
  if (before && !equal(before.roleRef, roleRef)) problems.invalid('roleRef', roleRef, 'cannot change roleRef');
  for (const [index, subject] of subjects.entries())
    checkSubject(problems.under(`subjects[${index}]`), subject, roleKinds.includes('Role'));
}

/** `hasNamespace`: the binding has one, which a ServiceAccount without is then of. */
function checkSubject(
  problems: Problems,
  { kind, name, namespace, apiGroup = '' }: Subject,
  hasNamespace: boolean,
): void {
  if (!name) problems.required('name');
  if (kind === 'ServiceAccount') {
    if (!namespace && !hasNamespace) problems.required('namespace');
    if (apiGroup) problems.notSupported('apiGroup', apiGroup, ['']);
  } else if (kind === 'User' || kind === 'Group') {
    if (apiGroup !== RBAC_GROUP) problems.notSupported('apiGroup', apiGroup, [RBAC_GROUP]);
  } else {
    problems.notSupported('kind', kind, ['ServiceAccount', 'User', 'Group']);
  }
}

export const RoleBinding = defineKind({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  names: { plural: 'rolebindings' },
  scope: 'Namespaced',
  doc: 'RoleBinding references a role, but does not contain it.',
  fields: { subjects: list(SubjectSchema), roleRef: RoleRefSchema.required() },
  columns,
  defaults: (binding) => fillGroups(binding),
  validate: (binding, problems, _context, before) => checkBinding(problems, binding, before, ['Role', 'ClusterRole']),
});
export type RoleBinding = ObjectOf<typeof RoleBinding>;

export const ClusterRoleBinding = defineKind({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  names: { plural: 'clusterrolebindings' },
  scope: 'Cluster',
  doc: 'ClusterRoleBinding references a ClusterRole, but does not contain it.',
  fields: { subjects: list(SubjectSchema), roleRef: RoleRefSchema.required() },
  columns,
  defaults: (binding) => fillGroups(binding),
  validate: (binding, problems, _context, before) => checkBinding(problems, binding, before, ['ClusterRole']),
});
export type ClusterRoleBinding = ObjectOf<typeof ClusterRoleBinding>;
