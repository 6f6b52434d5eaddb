// Admission of roles and bindings: nobody gives away what they do not hold.

import { equal } from '#base/mod.ts';
import type { ClusterRoleBinding, Role, RoleBinding } from '#kinds/mod.ts';
import type { AdmissionPlugin, AdmissionRequest } from '#objects/mod.ts';
import type { ApiError, KubeObject } from '#machinery/mod.ts';
import { notFound } from '#machinery/mod.ts';
import type { Authorizer } from '../authz/attributes.ts';
import { bindingRefusal, roleRefusal } from '../authz/escalation.ts';
import type { RbacSource } from '../authz/rbac.ts';
import { RBAC_GROUP } from '../authz/store-source.ts';

/** Checks writes of roles and bindings; a write that leaves rules, subjects and role as they were passes. */
export function escalationCheck(authorizer: Authorizer, source: RbacSource): AdmissionPlugin {
  return {
    validate(request) {
      const refusal =
        request.kind.group === RBAC_GROUP && request.operation !== 'DELETE'
          ? refusalOf(authorizer, source, request)
          : undefined;
      if (refusal) throw refusal;
    },
  };
}

function refusalOf(authorizer: Authorizer, source: RbacSource, request: AdmissionRequest): ApiError | undefined {
  switch (request.kind.kind) {
    case 'Role':
    case 'ClusterRole':
      return refusalOfRole(authorizer, request);
    case 'RoleBinding':
    case 'ClusterRoleBinding':
      return refusalOfBinding(authorizer, source, request);
    default:
      return undefined;
  }
}

function refusalOfRole(
  authorizer: Authorizer,
  { object, before, user, kind, namespace, name }: AdmissionRequest,
): ApiError | undefined {
  const rules = rulesOf(object);
  if (before && equal(rulesOf(before), rules)) return undefined;
  return roleRefusal(authorizer, { user, resource: kind.names.plural, namespace, name, rules });
}

function rulesOf(role: (KubeObject & Pick<Role, 'rules'>) | undefined): NonNullable<Role['rules']> {
  return role?.rules ?? [];
}

function refusalOfBinding(
  authorizer: Authorizer,
  source: RbacSource,
  { object, before, user, kind, namespace, name }: AdmissionRequest,
): ApiError | undefined {
  const binding = object as RoleBinding | ClusterRoleBinding | undefined;
  if (!binding || (before && isSameGrant(before as RoleBinding, binding))) return undefined;
  const { roleRef } = binding;
  const rules =
    roleRef.kind === 'Role' || roleRef.kind === 'ClusterRole'
      ? source.rules(roleRef.kind, namespace, roleRef.name)
      : undefined;
  const refusal = bindingRefusal(
    authorizer,
    { user, resource: kind.names.plural, namespace, name, rules: rules ?? [] },
    roleRef,
  );
  if (refusal || rules) return refusal;
  return mayBindUnknown(authorizer, user)
    ? undefined
    : notFound({ group: RBAC_GROUP, plural: roleRef.kind === 'Role' ? 'roles' : 'clusterroles' }, roleRef.name);
}

/** A role that is not there yet may be bound by those who may do anything. */
function mayBindUnknown(authorizer: Authorizer, user: AdmissionRequest['user']): boolean {
  return authorizer.authorize({
    user,
    verb: '*',
    isResource: true,
    group: '*',
    version: '*',
    namespace: '',
    resource: '*',
    subresource: '',
    name: '',
    path: '',
  }).allowed;
}

function isSameGrant(before: RoleBinding, after: RoleBinding | ClusterRoleBinding): boolean {
  return equal(before.subjects ?? [], after.subjects ?? []) && equal(before.roleRef, after.roleRef);
}
