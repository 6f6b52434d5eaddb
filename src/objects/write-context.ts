// What defaults, validation and admission may know of the world during a write: other objects, config maps, the time.

import { EVENTING_NAMESPACE, SERVING_NAMESPACE } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import type { Scheme } from './scheme.ts';
import type { Store } from './store.ts';
import { asVersion } from './versions.ts';

const EVENTING_GROUPS = /^(eventing|messaging|flows|sources|sinks)\./;

/** Looks up the data of a config map of Knative's for kinds of this group: in the namespace of its own part first. */
export function configOf(store: Store, group: string): (name: string) => Readonly<Record<string, string>> {
  const namespaces = EVENTING_GROUPS.test(group)
    ? [EVENTING_NAMESPACE, SERVING_NAMESPACE]
    : [SERVING_NAMESPACE, EVENTING_NAMESPACE];
  return (name) => {
    for (const namespace of namespaces) {
      const found: (KubeObject & { data?: Record<string, string> }) | undefined = store.get(
        'configmaps',
        namespace,
        name,
      );
      if (found) return found.data ?? {};
    }
    return {};
  };
}

/** Looks up another object as it stands. */
export function lookupIn(
  store: Store,
  scheme: Scheme,
): (apiVersion: string, kind: string, namespace: string, name: string) => KubeObject | undefined {
  return (apiVersion, kindName, namespace, name) => {
    const kind = scheme.byKind(apiVersion, kindName);
    const found = kind && store.get(kind.resource, kind.scope === 'Cluster' ? '' : namespace, name);
    return found && asVersion(found, kind);
  };
}
