// Roles and bindings as the store has them at this moment.

import type { ClusterRole } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { resourceOf } from '#machinery/mod.ts';
import type { Store } from '#objects/mod.ts';
import type { Binding, RbacSource } from './rbac.ts';

export const RBAC_GROUP = 'rbac.authorization.k8s.io';
const resource = (plural: string): string => resourceOf(RBAC_GROUP, plural);

/** Reads straight from the store's memory, so a decision is as new as the last write. */
export function rbacFromStore(store: Pick<Store, 'get' | 'list'>): RbacSource {
  return {
    clusterRoleBindings: () => store.list(resource('clusterrolebindings')) as readonly unknown[] as readonly Binding[],
    roleBindings: (namespace) =>
      store.list(resource('rolebindings'), namespace) as readonly unknown[] as readonly Binding[],
    rules(kind, namespace, name) {
      const place = kind === 'Role' ? { plural: 'roles', namespace } : { plural: 'clusterroles', namespace: '' };
      const role: (KubeObject & Pick<ClusterRole, 'rules'>) | undefined = store.get(
        resource(place.plural),
        place.namespace,
        name,
      );
      return role && (role.rules ?? []);
    },
  };
}
