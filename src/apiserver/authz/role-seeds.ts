// The words in which the roles of a fresh API are written.

import type { JsonObject } from '#base/mod.ts';
import type { PolicyRule } from './attributes.ts';

export const GROUP = 'rbac.authorization.k8s.io';
export const READ = ['get', 'list', 'watch'];
export const ALL = ['*'];

/** A role or binding as it is first made. */
export type RoleSeed = JsonObject & { readonly apiVersion: string; readonly kind: string };

export const on = (
  apiGroups: readonly string[],
  resources: readonly string[],
  verbs: readonly string[],
): PolicyRule => ({ apiGroups, resources, verbs });
export const paths = (...nonResourceURLs: readonly string[]): PolicyRule => ({ nonResourceURLs, verbs: ['get'] });

/** A label by which the rules of a role become those of a greater one. */
export const aggregatesTo = (role: string): Record<string, string> => ({ [`${GROUP}/aggregate-to-${role}`]: 'true' });

export function clusterRole(name: string, labels: Record<string, string>, rules: readonly PolicyRule[]): RoleSeed {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'ClusterRole',
    metadata: { name, labels },
    rules: rules as unknown as JsonObject[],
  };
}

/** A role whose rules are those of all roles with these labels. */
export function gathered(name: string, labels: Record<string, string>, matchLabels: Record<string, string>): RoleSeed {
  return { ...clusterRole(name, labels, []), aggregationRule: { clusterRoleSelectors: [{ matchLabels }] } };
}
