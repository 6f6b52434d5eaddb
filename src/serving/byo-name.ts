// A Revision's name chosen by the user: whether the Revision that bears it is the one that is meant.

import { equal } from '#base/mod.ts';
import type { Reader } from '#engine/mod.ts';
import type { Configuration } from '#kinds/mod.ts';
import { CONFIGURATION_GENERATION_LABEL, Revision } from '#kinds/mod.ts';
import { isControlledBy } from '#machinery/mod.ts';

/** The Revision that bears the name a Configuration's template asks for. */
export function namedRevision(reader: Reader, configuration: Configuration): Revision | undefined {
  const name = configuration.spec.template?.metadata?.name;
  return name ? reader.get(Revision, configuration.metadata.namespace ?? '', name) : undefined;
}

/**
 * Whether that Revision is this Configuration's own: stamped for this very generation, or of the same
 * spec, which is how one goes back to it.
 */
export function isMeant(revision: Revision, configuration: Configuration): boolean {
  if (!isControlledBy(revision, configuration)) return false;
  const generation = revision.metadata.labels?.[CONFIGURATION_GENERATION_LABEL];
  return (
    generation === String(configuration.metadata.generation) || equal(revision.spec, configuration.spec.template?.spec)
  );
}

/** Whether the name is borne by a Revision that is not meant. */
export function takenName(reader: Reader, configuration: Configuration): boolean {
  const revision = namedRevision(reader, configuration);
  return revision !== undefined && !isMeant(revision, configuration);
}
