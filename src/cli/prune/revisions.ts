// Which Revisions nothing refers to. Pure.

import type { Configuration, Revision, Route } from '#kinds/mod.ts';
import { CONFIGURATION_LABEL, NO_GC_ANNOTATION } from '#kinds/mod.ts';

/** Those that get no traffic, have no tag, are not their Configuration's newest, and are not kept on purpose. */
export function unreferenced(
  revisions: readonly Revision[],
  configurations: readonly Configuration[],
  routes: readonly Route[],
): readonly Revision[] {
  const wanted = new Set<string>();
  const note = (namespace: string | undefined, name: string | undefined) =>
    wanted.add(`${namespace ?? ''}/${name ?? ''}`);
  for (const { metadata, status } of configurations) {
    note(metadata.namespace, status?.latestCreatedRevisionName);
    note(metadata.namespace, status?.latestReadyRevisionName);
  }
  for (const { metadata, spec, status } of routes)
    for (const { revisionName } of [...(spec.traffic ?? []), ...(status?.traffic ?? [])])
      note(metadata.namespace, revisionName);
  const known = new Set(configurations.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`));
  return revisions.filter(({ metadata: { name, namespace = '', labels = {}, annotations = {} } }) => {
    const isMade = known.has(`${namespace}/${labels[CONFIGURATION_LABEL] ?? ''}`);
    return isMade && annotations[NO_GC_ANNOTATION] !== 'true' && !wanted.has(`${namespace}/${name}`);
  });
}
