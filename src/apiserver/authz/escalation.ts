// Nobody may give away what they do not hold: the check on writes of roles and bindings.

import type { UserInfo } from '#machinery/mod.ts';
import { ApiError } from '#machinery/mod.ts';
import type { Authorizer, PolicyRule } from './attributes.ts';
import { asks } from './attributes.ts';
import type { RoleRef } from './rbac.ts';
import { compact, shownRule, uncovered } from './rules.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** A write of a role or a binding, as far as the check is concerned. */
interface Grant {
  readonly user: UserInfo;
  /** The plural of what is written: roles, clusterroles, rolebindings, clusterrolebindings. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly rules: readonly PolicyRule[];
}

/** Why a role with these rules may not be written by this user, or undefined where it may. */
export function roleRefusal(authorizer: Authorizer, grant: Grant): ApiError | undefined {
  const { user, resource, namespace, name } = grant;
  const mayEscalate = authorizer.authorize(asks(user, 'escalate', { group: GROUP, resource, namespace, name })).allowed;
  return mayEscalate ? undefined : refusalOfMissing(authorizer, grant);
}

/** Why a binding to this role may not be written by this user, or undefined where it may. */
export function bindingRefusal(authorizer: Authorizer, grant: Grant, role: RoleRef): ApiError | undefined {
  const { user, namespace } = grant;
  const resource = role.kind === 'Role' ? 'roles' : 'clusterroles';
  const mayBind = authorizer.authorize(
    asks(user, 'bind', { group: GROUP, resource, namespace, name: role.name }),
  ).allowed;
  return mayBind ? undefined : refusalOfMissing(authorizer, grant);
}

function refusalOfMissing(
  authorizer: Authorizer,
  { user, resource, namespace, name, rules }: Grant,
): ApiError | undefined {
  const held = authorizer.rulesFor(user, namespace);
  const missing = compact(uncovered(held.rules, rules));
  if (missing.length === 0) return undefined;
  const groups = user.groups.map((group) => JSON.stringify(group)).join(' ');
  const errors = held.errors.length > 0 ? `; resolution errors: [${held.errors.join(', ')}]` : '';
  const why = `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${missing.map(shownRule).join('\n')}${errors}`;
  const details = { name, group: GROUP, kind: resource };
  return new ApiError(403, 'Forbidden', `${resource}.${GROUP} ${JSON.stringify(name)} is forbidden: ${why}`, details);
}
