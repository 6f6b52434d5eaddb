// What the ServiceAccount of an ApiServerSource may not do that it must.

import type { ApiServerSource } from '#kinds/mod.ts';
import { splitApiVersion } from '#machinery/mod.ts';
import { guessedPlural } from './event.ts';

/** Whether a user may do something; the namespace is empty for all of them. */
export type MayDo = (question: {
  readonly user: string;
  readonly groups: readonly string[];
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
}) => boolean;

const VERBS = ['get', 'list', 'watch'];

/** Knative's sentence on what is missing; undefined where nothing is. */
export function missingPermissions(
  { metadata, spec }: ApiServerSource,
  namespaces: readonly string[],
  mayDo: MayDo,
): string | undefined {
  const { namespace: own = '' } = metadata;
  const user = `system:serviceaccount:${own}:${spec.serviceAccountName ?? 'default'}`;
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${own}`, 'system:authenticated'];
  const missing = (spec.resources ?? []).flatMap(({ apiVersion = '', kind = '' }) => {
    const { group } = splitApiVersion(apiVersion);
    const resource = guessedPlural(kind);
    return namespaces.flatMap((namespace) => {
      const verbs = VERBS.filter((verb) => !mayDo({ user, groups, verb, group, resource, namespace }));
      if (verbs.length === 0) return [];
      return [`${verbs.join(', ')} resource "${resource}" in API group "${group}" in Namespace "${namespace}"`];
    });
  });
  return missing.length > 0 ? `User ${user} cannot ${missing.join(', ')}` : undefined;
}
