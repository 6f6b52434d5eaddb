// Secrets that objects refer to by their names.

import { Secret } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { keyOf } from '#machinery/mod.ts';
import type { Index, Watch } from './controller.ts';
import { index, watch } from './controller.ts';

/** A look at each object whose Secrets change; `namesOf` tells which of its namespace it refers to, if any. */
export function watchSecrets<O extends KubeObject>(
  kind: Kind<O>,
  namesOf: (object: O) => readonly (string | undefined)[],
): { readonly watches: Watch[]; readonly indexes: Index[] } {
  const bySecret = `engine/${kind.names.plural}-by-secret`;
  return {
    watches: [
      watch(Secret, ({ metadata: { namespace = '', name } }, reader) =>
        reader.byIndex(kind, bySecret, `${namespace}/${name}`).map(keyOf),
      ),
    ],
    indexes: [
      index(kind, bySecret, (object) =>
        namesOf(object).flatMap((name) => (name ? [`${object.metadata.namespace ?? ''}/${name}`] : [])),
      ),
    ],
  };
}
