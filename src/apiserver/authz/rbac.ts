// Role-based access control: who may do what, from the Roles and bindings there are at this moment.

import type { UserInfo } from '#machinery/mod.ts';
import type { Attributes, Authorizer, Decision, PolicyRule } from './attributes.ts';
import { allows } from './rules.ts';

/** Members of this group may do anything; no object can take that away. */
export const MASTERS = 'system:masters';

export interface Subject {
  readonly kind: string;
  readonly apiGroup?: string | undefined;
  readonly name: string;
  readonly namespace?: string | undefined;
}

export interface RoleRef {
  readonly apiGroup?: string | undefined;
  readonly kind: string;
  readonly name: string;
}

/** A RoleBinding or ClusterRoleBinding. */
export interface Binding {
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
  readonly roleRef: RoleRef;
  readonly subjects?: readonly Subject[] | undefined;
}

/** Where the roles and bindings are read. */
export interface RbacSource {
  clusterRoleBindings(): Iterable<Binding>;
  roleBindings(namespace: string): Iterable<Binding>;
  /** The rules of a Role (with a namespace) or a ClusterRole; undefined where there is none. */
  rules(kind: 'Role' | 'ClusterRole', namespace: string, name: string): readonly PolicyRule[] | undefined;
}

/** A rule that a user holds, and the binding it comes by. */
interface Grant {
  readonly rule: PolicyRule;
  readonly by: string;
}

type Found = { readonly grant: Grant } | { readonly error: string };

/** An authorizer over the RBAC objects of a source. */
export function rbacAuthorizer(source: RbacSource): Authorizer {
  return {
    authorize: (attributes) => (attributes.user.groups.includes(MASTERS) ? BY_GROUP : decide(source, attributes)),
    rulesFor: (user, namespace) => rulesFor(source, user, namespace),
  };
}

const BY_GROUP: Decision = { allowed: true, reason: `group ${MASTERS}` };

function decide(source: RbacSource, attributes: Attributes): Decision {
  const errors: string[] = [];
  for (const found of grantsOf(source, attributes.user, attributes.namespace)) {
    if ('error' in found) errors.push(found.error);
    else if (allows(found.grant.rule, attributes))
      return { allowed: true, reason: `RBAC: allowed by ${found.grant.by}` };
  }
  return { allowed: false, reason: errors.length > 0 ? `RBAC: ${together(errors)}` : '' };
}

function together(errors: readonly string[]): string {
  const unique = [...new Set(errors)];
  return unique.length === 1 ? (unique[0] ?? '') : `[${unique.join(', ')}]`;
}

function rulesFor(source: RbacSource, user: UserInfo, namespace: string): { rules: PolicyRule[]; errors: string[] } {
  const rules: PolicyRule[] = user.groups.includes(MASTERS) ? [...EVERYTHING] : [];
  const errors: string[] = [];
  for (const found of grantsOf(source, user, namespace)) {
    if ('error' in found) errors.push(found.error);
    else rules.push(found.grant.rule);
  }
  return { rules, errors };
}

const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/** Every rule that a user holds: those of the whole cluster, then those of the namespace. */
function* grantsOf(source: RbacSource, user: UserInfo, namespace: string): Generator<Found> {
  for (const binding of source.clusterRoleBindings()) yield* grantsBy(source, binding, 'ClusterRoleBinding', user, '');
  if (!namespace) return;
  for (const binding of source.roleBindings(namespace))
    yield* grantsBy(source, binding, 'RoleBinding', user, namespace);
}

function* grantsBy(
  source: RbacSource,
  binding: Binding,
  kind: string,
  user: UserInfo,
  namespace: string,
): Generator<Found> {
  const subject = (binding.subjects ?? []).find((candidate) => isSubject(candidate, user, namespace));
  if (!subject) return;
  const { roleRef } = binding;
  const rules =
    roleRef.kind === 'Role' || roleRef.kind === 'ClusterRole'
      ? source.rules(roleRef.kind, namespace, roleRef.name)
      : undefined;
  if (!rules) {
    yield {
      error: `${roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(roleRef.name)} not found`,
    };
    return;
  }
  const where = namespace ? `${binding.metadata.name}/${namespace}` : binding.metadata.name;
  const by = `${kind} ${JSON.stringify(where)} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to ${subject.kind} ${JSON.stringify(shown(subject))}`;
  for (const rule of rules) yield { grant: { rule, by } };
}

function shown({ kind, name, namespace }: Subject): string {
  return kind === 'ServiceAccount' ? `${name}/${namespace ?? ''}` : name;
}

function isSubject({ kind, name, namespace }: Subject, user: UserInfo, bindingNamespace: string): boolean {
  if (kind === 'User') return user.name === name;
  if (kind === 'Group') return user.groups.includes(name);
  const home = namespace || bindingNamespace;
  return kind === 'ServiceAccount' && home !== '' && user.name === serviceAccountUser(home, name);
}

/** The user name of a ServiceAccount. */
export function serviceAccountUser(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}
